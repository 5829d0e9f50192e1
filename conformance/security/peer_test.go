package security

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
)

// peer is a client on a WebSocket that does only what it is told to: it answers no
// heartbeat by itself.
type peer struct {
	w    *site
	conn net.Conn
	in   io.Reader
	sid  string // of its session; "" if that is somebody else's
	id   string // of its socket
}

// visit opens a WebSocket, for the session of a sid or a new one, and is in no
// namespace.
func (w *site) visit(sid string, headers ...string) *peer {
	w.t.Helper()
	p, err := w.tryVisit(sid, headers...)
	if err != nil {
		w.t.Fatal("open a WebSocket: ", err)
	}
	if sid != "" {
		return p
	}
	var open struct{ SID string }
	if text := p.read(); text == "" || json.Unmarshal([]byte(text[1:]), &open) != nil {
		w.t.Fatal("no handshake but ", text)
	}
	p.sid = open.SID
	return p
}

func (w *site) tryVisit(sid string, headers ...string) (*peer, error) {
	conn := w.dial()
	p := &peer{w: w, conn: conn, in: conn}
	query := "EIO=4&transport=websocket"
	if sid != "" {
		query += "&sid=" + sid
	}
	h := ws.HandshakeHeaderHTTP{}
	for i := 0; i < len(headers); i += 2 {
		h[headers[i]] = []string{headers[i+1]}
	}
	var extensions []httphead.Option
	if h["Sec-WebSocket-Extensions"] != nil {
		extensions = append(extensions, httphead.NewOption(h["Sec-WebSocket-Extensions"][0], nil))
		delete(h, "Sec-WebSocket-Extensions")
	}
	dialer := ws.Dialer{Header: h, Extensions: extensions, NetDial: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}
	_, early, _, err := dialer.Dial(context.Background(), "ws://"+w.address+"/socket.io/?"+query)
	if early != nil {
		p.in = early
	}
	p.in = bufio.NewReader(p.in)
	_ = conn.SetDeadline(time.Now().Add(patience)) // the dialer has taken it away
	return p, err
}

// join opens a WebSocket and joins the main namespace.
func (w *site) join(auth ...string) *peer {
	w.t.Helper()
	p := w.visit("")
	p.send("40" + strings.Join(auth, ""))
	_, rest, ok := strings.Cut(p.read(), `40{"sid":"`)
	p.id, _, _ = strings.Cut(rest, `"`)
	if !ok {
		w.t.Fatal("not let in")
	}
	return p
}

// frame is one that a client may send.
func frame(final bool, op ws.OpCode, payload string) []byte {
	return compile(ws.NewFrame(op, final, []byte(payload)))
}

func compile(f ws.Frame) []byte {
	b, err := ws.CompileFrame(ws.MaskFrame(f))
	if err != nil {
		panic(err) // memory takes everything
	}
	return b
}

// write sends bytes. That the server has cut the connection is for the reader to say.
func (p *peer) write(b []byte) bool {
	_, err := p.conn.Write(b)
	return err == nil
}

// send sends messages.
func (p *peer) send(messages ...string) bool {
	var all []byte
	for _, text := range messages {
		all = append(all, frame(true, ws.OpText, text)...)
	}
	return p.write(all)
}

// event sends packets of the main namespace.
func (p *peer) event(packets ...string) bool {
	var all []byte
	for _, text := range packets {
		all = append(all, frame(true, ws.OpText, "4"+text)...)
	}
	return p.write(all)
}

// ends is that a connection was cut, with the code that the server gave, 0 for none.
type ends struct{ code ws.StatusCode }

func (e ends) Error() string { return "the connection has ended" }

// next returns the next message.
func (p *peer) next() (string, error) {
	h, err := ws.ReadHeader(p.in)
	if err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return "", err
		}
		return "", ends{}
	}
	payload := make([]byte, h.Length)
	if _, err := io.ReadFull(p.in, payload); err != nil {
		return "", ends{}
	}
	if h.OpCode == ws.OpClose {
		code, _ := ws.ParseCloseFrameData(payload)
		return "", ends{code}
	}
	return string(payload), nil
}

// read returns the next message that is no ping of the server.
func (p *peer) read() string {
	p.w.t.Helper()
	for {
		text, err := p.next()
		if err != nil {
			p.w.t.Error("read: ", err)
			return ""
		}
		if text != "2" {
			return text
		}
	}
}

// until reads up to a message that begins with prefix, and returns that.
func (p *peer) until(prefix string) string {
	p.w.t.Helper()
	for {
		text, err := p.next()
		if err != nil {
			p.w.t.Errorf("%v before %q", err, prefix)
			return ""
		}
		if strings.HasPrefix(text, prefix) {
			return text
		}
	}
}

// cut reads until the server ends the connection, and returns the code that it gave,
// 0 for none, and the last message before.
func (p *peer) cut() (code ws.StatusCode, last string) {
	p.w.t.Helper()
	for {
		text, err := p.next()
		if end, ok := errors.AsType[ends](err); ok {
			_ = p.conn.Close()
			return end.code, last
		}
		if err != nil {
			p.w.t.Error("the server does not cut the connection: ", err)
			return 0, last
		}
		if text != "2" {
			last = text
		}
	}
}

// answers has the peer answer heartbeats, and drop all else, until its connection
// ends.
func (p *peer) answers() (over <-chan struct{}) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			text, err := p.next()
			if err != nil {
				return
			}
			if text == "2" {
				p.send("3")
			}
		}
	}()
	return done
}
