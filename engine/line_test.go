package engine

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/gobwas/ws"

	"github.com/briohq/brio/internal/memnet"
)

// call is one HTTP request, on a connection of its own.
type call struct {
	conn   *memnet.Conn
	done   chan answer   // gets its answer
	finish chan struct{} // closed to send the second half of the body
}

// newCall begins a request. If half is set, it stops in the middle of the body.
func newCall(l *memnet.Listener, link memnet.Link, method, query, body string, half bool) *call {
	c := &call{done: make(chan answer, 1), finish: make(chan struct{})}
	var err error
	if c.conn, err = l.Dial(link); err != nil {
		c.done <- answer{err: err}
		return c
	}
	head := fmt.Sprintf("%s /?%s HTTP/1.1\r\nHost: brio.test\r\nConnection: close\r\n", method, query)
	if method == "POST" {
		head += fmt.Sprintf("Content-Type: text/plain;charset=UTF-8\r\nContent-Length: %d\r\n", len(body))
	}
	middle := len(body) / 2
	if !half {
		c.complete()
	}
	answered := make(chan struct{})
	go func() {
		_, _ = io.WriteString(c.conn, head+"\r\n"+body[:middle])
		select {
		case <-c.finish:
			_, _ = io.WriteString(c.conn, body[middle:])
		case <-answered:
		}
	}()
	go func() {
		defer close(answered)
		c.done <- readAnswer(c.conn)
		_ = c.conn.Close()
	}()
	return c
}

// complete sends what is left of the body.
func (c *call) complete() {
	select {
	case <-c.finish:
	default:
		close(c.finish)
	}
}

func readAnswer(conn net.Conn) answer {
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{status: response.StatusCode, header: response.Header, body: string(body), err: err}
}

// cut breaks the request off.
func (c *call) cut(hard bool) {
	if c == nil || c.conn == nil {
		return
	}
	c.complete()
	if hard {
		c.conn.Reset()
	} else {
		_ = c.conn.Close()
	}
}

// line is a WebSocket of a client. What is not taken from heard stays on the
// network.
type line struct {
	conn   *memnet.Conn
	opened chan struct{}      // closed when the handshake is through
	said   chan ws.Frame      // to be written
	heard  chan mailOrControl // closed when nothing more comes
	done   chan struct{}      // closed by cut
}

// mailOrControl is a message of Engine.IO, or in control another packet.
type mailOrControl struct {
	mail
	control string
}

func newLine(l *memnet.Listener, link memnet.Link, query string) *line {
	c := &line{
		opened: make(chan struct{}),
		said:   make(chan ws.Frame, 10_000),
		heard:  make(chan mailOrControl),
		done:   make(chan struct{}),
	}
	var err error
	if c.conn, err = l.Dial(link); err != nil {
		close(c.heard)
		return c
	}
	go c.run(query)
	return c
}

func (c *line) run(query string) {
	defer close(c.heard)
	dialer := ws.Dialer{NetDial: func(context.Context, string, string) (net.Conn, error) { return c.conn, nil }}
	_, early, _, err := dialer.Dial(context.Background(), "ws://brio.test/?"+query)
	if err != nil {
		return
	}
	in := io.Reader(c.conn)
	if early != nil {
		in = early
	}
	close(c.opened)
	go c.write()
	for {
		f, err := ws.ReadFrame(in)
		if err != nil {
			return
		}
		if f.Header.OpCode == ws.OpClose { // it is answered, and the server closes the connection
			c.say(ws.NewCloseFrame(nil))
			_, _ = io.Copy(io.Discard, in)
			return
		}
		select {
		case c.heard <- read(f):
		case <-c.done:
			return
		}
	}
}

func read(f ws.Frame) mailOrControl {
	text := string(f.Payload)
	if f.Header.OpCode == ws.OpBinary {
		return mailOrControl{mail: mail{text: text, binary: true}}
	}
	if message, ok := strings.CutPrefix(text, "4"); ok {
		return mailOrControl{mail: mail{text: message}}
	}
	return mailOrControl{control: text}
}

func (c *line) write() {
	for {
		select {
		case f := <-c.said:
			if ws.WriteFrame(c.conn, f) != nil {
				return
			}
		case <-c.done:
			return
		}
	}
}

// say queues a frame.
func (c *line) say(f ws.Frame) {
	select {
	case c.said <- ws.MaskFrameInPlace(f):
	default: // far more than a test says: the connection hangs
	}
}

// sayPacket queues a packet other than a message.
func (c *line) sayPacket(p string) { c.say(ws.NewTextFrame([]byte(p))) }

func (c *line) isOpen() bool {
	select {
	case <-c.opened:
		return true
	default:
		return false
	}
}

// cut breaks the connection off.
func (c *line) cut(hard bool) {
	if c == nil || c.conn == nil {
		return
	}
	select {
	case <-c.done:
	default:
		close(c.done)
	}
	if hard {
		c.conn.Reset()
	} else {
		_ = c.conn.Close()
	}
}
