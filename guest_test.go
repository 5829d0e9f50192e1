package brio_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"

	"github.com/gobwas/ws"

	"github.com/briohq/brio/internal/memnet"
)

// guest is a client that obeys the protocol and holds the server to it: what the
// server must not send is written down. What it does is up to a property.
type guest struct {
	conn *memnet.Conn
	out  chan ws.Frame
	done chan struct{} // closed by leave

	mu    sync.Mutex       // guards what follows
	stays map[string]*stay // the last in each namespace
	all   []*stay
	over  bool // it is not to be heeded any more
	ended bool // the connection has

	thrownOut bool     // the server has ended the connection
	mayBe     bool     // it has a reason for that
	wrong     []string // what the server did wrong
	acks      uint64   // the id of the next event that is to be acknowledged
}

// stay is the time in one namespace, from the CONNECT on.
type stay struct {
	namespace string
	state     place
	again     bool           // the guest has left it before, and what was on its way may still come
	sid       string         // of its socket
	said      int            // events
	asked     map[uint64]int // those that wait for their acknowledgement
	owes      []question     // that it has been asked
	told      []int          // by the server, to this socket
	shouted   []int          // by the server, to all
}

type place string

const (
	waits   place = "waits"
	inside  place = "inside"
	left    place = "left"    // by itself
	removed place = "removed" // by the server
	refused place = "refused"
)

type question struct {
	id string
	n  int
}

// newGuest connects to a server, whose handshake it waits for.
func newGuest(l *memnet.Listener, link memnet.Link) (*guest, error) {
	g := &guest{out: make(chan ws.Frame, 10_000), done: make(chan struct{}), stays: map[string]*stay{}}
	var err error
	if g.conn, err = l.Dial(link); err != nil {
		return nil, err
	}
	dialer := ws.Dialer{NetDial: func(context.Context, string, string) (net.Conn, error) { return g.conn, nil }}
	_, early, _, err := dialer.Dial(context.Background(), "ws://brio.test/socket.io/?EIO=4&transport=websocket")
	if err != nil {
		return nil, err
	}
	in := io.Reader(g.conn)
	if early != nil {
		in = early
	}
	go g.write()
	go g.read(bufio.NewReader(in))
	return g, nil
}

func (g *guest) write() {
	for {
		select {
		case f := <-g.out:
			if ws.WriteFrame(g.conn, f) != nil {
				return
			}
		case <-g.done:
			return
		}
	}
}

func (g *guest) read(in io.Reader) {
	for {
		f, err := ws.ReadFrame(in)
		if err != nil || f.Header.OpCode == ws.OpClose {
			break
		}
		g.take(string(f.Payload))
	}
	g.mu.Lock()
	g.thrownOut = !g.ended
	g.over, g.ended = true, true
	g.mu.Unlock()
	g.send(ws.NewCloseFrame(nil))
	_, _ = io.Copy(io.Discard, in)
}

func (g *guest) send(f ws.Frame) { g.out <- ws.MaskFrameInPlace(f) }

func (g *guest) say(packet string) { g.send(ws.NewTextFrame([]byte("4" + packet))) }

// ends breaks the connection off.
func (g *guest) ends(hard bool) {
	select {
	case <-g.done:
		return
	default:
	}
	close(g.done)
	g.mu.Lock()
	g.over, g.ended = true, true
	g.mu.Unlock()
	if hard {
		g.conn.Reset()
	} else {
		_ = g.conn.Close()
	}
}

// take takes one packet.
func (g *guest) take(packet string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if packet == "2" {
		g.send(ws.NewTextFrame([]byte("3")))
		return
	}
	if strings.HasPrefix(packet, "0") || len(packet) < 2 || g.over {
		return // the handshake, or too late
	}
	kind, rest := packet[1], packet[2:]
	namespace := "/"
	if strings.HasPrefix(rest, "/") {
		namespace, rest, _ = strings.Cut(rest, ",")
	}
	s := g.stays[namespace]
	if s == nil {
		g.blame("%s, in a namespace that was not asked for", packet)
		return
	}
	digits := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if digits < 0 {
		digits = len(rest)
	}
	g.event(s, packet, kind, rest[:digits], rest[digits:])
}

func (g *guest) event(s *stay, packet string, kind byte, id, payload string) {
	switch {
	case (s.state == left || s.state == waits && s.again) && strings.ContainsRune("123", rune(kind)):
		// It was on its way.
	case kind == '0':
		var told struct{ SID string }
		if err := json.Unmarshal([]byte(payload), &told); err != nil || told.SID == "" || s.sid != "" || s.state != waits && s.state != left {
			g.blame("%s, which is %s", packet, s.state)
			return
		}
		s.sid = told.SID
		if s.state == waits {
			s.state = inside
		}
	case kind == '4' && s.sid == "" && (s.state == waits || s.state == left):
		s.state = refused
	case kind == '1' && s.state == inside:
		s.state = removed
	case kind == '2' && s.state == inside:
		g.told(s, packet, id, payload)
	case kind == '3' && s.state == inside:
		g.answered(s, packet, id, payload)
	default:
		g.blame("%s, which is %s", packet, s.state)
	}
}

// told takes an event: its name, the socket it is for, and a number.
func (g *guest) told(s *stay, packet, id, payload string) {
	var args []any
	if err := json.Unmarshal([]byte(payload), &args); err != nil || len(args) != 3 {
		g.blame("%s: %v", packet, err)
		return
	}
	n := int(args[2].(float64))
	if to := args[1]; to != "" && to != s.sid {
		g.blame("%s, for %s", packet, s.sid)
	}
	switch {
	case id != "":
		s.owes = append(s.owes, question{id, n})
	case args[0] == "tell":
		s.told = append(s.told, n)
	default:
		s.shouted = append(s.shouted, n)
	}
}

// answered takes an acknowledgement, whose argument is the number of its event;
// a handler that failed has another.
func (g *guest) answered(s *stay, packet, id, payload string) {
	number, _ := strconv.ParseUint(id, 10, 64)
	n, asked := s.asked[number]
	if !asked {
		g.blame("%s, for what was not asked, or has been answered", packet)
		return
	}
	delete(s.asked, number)
	if payload != fmt.Sprintf("[%d]", n) && !strings.HasPrefix(payload, `[{"error":`) {
		g.blame("%s, want %d", packet, n)
	}
}

func (g *guest) blame(format string, args ...any) {
	g.wrong = append(g.wrong, fmt.Sprintf(format, args...))
}

// state returns the state of the stay in a namespace, "" if there has been none.
func (g *guest) state(namespace string) place {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s := g.stays[namespace]; s != nil {
		return s.state
	}
	return ""
}

// mayEnter reports whether the guest may ask to be let in: it is not inside, and
// knows what has become of the last time, or could not tell the answers apart.
func (g *guest) mayEnter(namespace string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.stays[namespace]
	return s == nil || s.state == removed || s.state == refused || s.state == left && s.sid != ""
}

// mayBeThrownOut says that the server has, or may have, a reason to end the
// connection.
func (g *guest) mayBeThrownOut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mayBe = true
}

// ignore has the guest not heed the server any more.
func (g *guest) ignore() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over = true
}

func (g *guest) isOver() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.over
}

// hasEnded reports whether the guest has ended the connection, or the server has.
func (g *guest) hasEnded() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ended
}

func (g *guest) isInside(namespace string) bool  { return g.state(namespace) == inside }
func (g *guest) isWaiting(namespace string) bool { return g.state(namespace) == waits }

// enter asks to be let into a namespace.
func (g *guest) enter(namespace, auth string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.stays[namespace]
	s := &stay{namespace: namespace, state: waits, asked: map[uint64]int{}}
	s.again = before != nil && (before.state == left || before.again)
	g.stays[namespace] = s
	g.all = append(g.all, s)
	g.say("0" + prefix(namespace) + auth)
}

// emit sends an event with the next number, and what is to be done about it. If
// ack is set it is to be acknowledged.
func (g *guest) emit(namespace, event string, ack bool, args ...any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.stays[namespace]
	s.said++
	list, _ := json.Marshal(append([]any{event, s.said}, args...))
	id := ""
	if ack {
		id = fmt.Sprint(g.acks)
		s.asked[g.acks] = s.said
		g.acks++
	}
	g.say("2" + prefix(namespace) + id + string(list))
}

// answer answers the oldest question, as often as one likes.
func (g *guest) answer(namespace string, times int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.stays[namespace]
	if len(s.owes) == 0 {
		return
	}
	q := s.owes[0]
	s.owes = s.owes[1:]
	for range times {
		g.say(fmt.Sprintf("3%s%s[%d]", prefix(namespace), q.id, q.n))
	}
}

// leave leaves a namespace.
func (g *guest) leave(namespace string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stays[namespace].state = left
	g.say("1" + prefix(namespace))
}

func prefix(namespace string) string {
	if namespace == "/" {
		return ""
	}
	return namespace + ","
}
