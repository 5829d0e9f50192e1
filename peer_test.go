package brio_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/google/go-cmp/cmp"
)

// peer is what a browser would be, reduced to the packets that it sends and
// gets, which it doesn't understand: a test sees what is on the wire.
type peer struct {
	t         fataler
	conn      net.Conn
	in        io.Reader
	id        string // of its socket
	namespace string // as it stands in each packet: nothing for the main one
	calls     int
	group     sync.WaitGroup
}

// connect does what io(namespace, { auth }) does in a browser.
func (w *site) connect(namespace, auth string) *peer {
	w.t.Helper()
	p := w.visit(namespace)
	var ok struct{ SID string }
	answer := p.auth(auth)
	if err := json.Unmarshal([]byte(answer), &ok); err != nil || ok.SID == "" {
		w.t.Fatal("not connected: ", answer)
	}
	p.id = ok.SID
	return p
}

// visit opens a connection, which is in no namespace yet.
func (w *site) visit(namespace string) *peer {
	w.t.Helper()
	conn, err := w.dial()
	if err != nil {
		w.t.Fatal("dial: ", err)
	}
	p := &peer{t: w.t, conn: conn, in: conn}
	w.mu.Lock()
	w.peers = append(w.peers, p)
	w.mu.Unlock()
	_ = conn.SetDeadline(time.Now().Add(2 * patience))
	dialer := ws.Dialer{NetDial: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}
	_, early, _, err := dialer.Dial(context.Background(), "ws://brio.test/socket.io/?EIO=4&transport=websocket")
	if err != nil {
		w.t.Fatal("open a WebSocket: ", err)
	}
	if early != nil {
		p.in = early
	}
	if namespace != "/" {
		p.namespace = namespace + ","
	}
	if open, _, err := p.message(); err != nil || open[0] != '0' {
		w.t.Fatal("no handshake: ", string(open), err)
	}
	return p
}

// auth asks to be let into the namespace and returns the payload of the answer.
func (p *peer) auth(auth string) string {
	p.t.Helper()
	p.write("0" + p.namespace + auth)
	return p.next()
}

// emit sends an event: its name and arguments, as JSON.
func (p *peer) emit(args string) {
	p.t.Helper()
	p.write("2" + p.namespace + "[" + args + "]")
}

// call sends an event and returns the arguments of its acknowledgement, which
// must be what comes next.
func (p *peer) call(args string) string {
	p.t.Helper()
	id := p.ask(args)
	packet := p.read()
	answer, ok := strings.CutPrefix(packet, "3"+p.namespace+id)
	if !ok {
		p.t.Fatal("no acknowledgement but ", packet)
	}
	return answer
}

// ask sends an event and returns the id under which it is to be acknowledged.
func (p *peer) ask(args string) string {
	p.t.Helper()
	id := strconv.Itoa(p.calls)
	p.calls++
	p.write("2" + p.namespace + id + "[" + args + "]")
	return id
}

// leave disconnects from the namespace.
func (p *peer) leave() {
	p.t.Helper()
	p.write("1" + p.namespace)
}

// asked returns what the next packet, an event, wants to know, and the id under
// which it is to be acknowledged.
func (p *peer) asked() (id, args string) {
	p.t.Helper()
	packet := p.read()
	rest, ok := strings.CutPrefix(packet, "2"+p.namespace)
	start := strings.Index(rest, "[")
	if !ok || start < 1 {
		p.t.Fatal("no call but ", packet)
	}
	return rest[:start], rest[start:]
}

// answer acknowledges.
func (p *peer) answer(id, args string) {
	p.t.Helper()
	p.write("3" + p.namespace + id + "[" + args + "]")
}

// answerOne waits for one call, meanwhile, and acknowledges it.
func (p *peer) answerOne(args string) {
	p.group.Go(func() {
		id, _ := p.asked()
		p.answer(id, args)
	})
}

// next returns the payload of the next packet.
func (p *peer) next() string {
	p.t.Helper()
	packet := p.read()
	start := strings.IndexAny(packet, "[{")
	if start < 0 {
		p.t.Fatal("a packet without payload: ", packet)
	}
	return packet[start:]
}

// expect fails the test if the next packets are others.
func (p *peer) expect(packets ...string) {
	p.t.Helper()
	for _, want := range packets {
		if got := p.read(); got != want {
			p.t.Fatal("packet: got ", got, ", want ", want)
		}
	}
}

// until returns the payloads of the events that come before the named one,
// which has no arguments.
func (p *peer) until(event string) []string {
	p.t.Helper()
	var before []string
	for {
		payload := p.next()
		if payload == `["`+event+`"]` {
			return before
		}
		before = append(before, payload)
	}
}

// write sends a packet.
func (p *peer) write(packet string) {
	p.t.Helper()
	if err := wsutil.WriteClientText(p.conn, []byte("4"+packet)); err != nil {
		p.t.Fatal("write: ", err)
	}
}

// writeBinary sends an attachment.
func (p *peer) writeBinary(b string) {
	p.t.Helper()
	if err := wsutil.WriteClientBinary(p.conn, []byte(b)); err != nil {
		p.t.Fatal("write: ", err)
	}
}

// read returns the next packet, or attachment.
func (p *peer) read() string {
	p.t.Helper()
	packet, err := p.tryRead()
	if err != nil {
		p.t.Fatal("read: ", err)
	}
	return packet
}

func (p *peer) tryRead() (string, error) {
	for {
		data, op, err := p.message()
		switch {
		case err != nil:
			return "", err
		case op == ws.OpBinary:
			return string(data), nil
		case len(data) > 0 && data[0] == '4':
			return string(data[1:]), nil
		case string(data) != "2":
			return "", fmt.Errorf("unexpected message %q", data)
		}
		if err := wsutil.WriteClientText(p.conn, []byte("3")); err != nil {
			return "", err
		}
	}
}

func (p *peer) message() ([]byte, ws.OpCode, error) {
	return wsutil.ReadServerData(struct {
		io.Reader
		io.Writer
	}{p.in, p.conn})
}

// rest returns the packets that come before the server closes the connection.
func (p *peer) rest() []string {
	p.t.Helper()
	var packets []string
	for {
		packet, err := p.tryRead()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			p.t.Fatal("the server does not close the connection")
		}
		if err != nil {
			return packets
		}
		packets = append(packets, packet)
	}
}

// close breaks the connection off, once what the peer does meanwhile is done.
func (p *peer) close() {
	p.group.Wait()
	_ = p.conn.Close()
}

// diff fails the test if got is not want.
func diff(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}
