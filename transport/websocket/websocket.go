// Package websocket is Engine.IO's WebSocket transport (RFC 6455; Engine.IO
// protocol v4 and v3, "WebSocket"): one WebSocket message is one packet.
//
// Frames are parsed from whatever bytes have arrived ([Conn.feed]), and written
// without blocking: who reads a connection, and who goes on with a write that
// could not be finished at once, is the matter of package poll.
package websocket

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"github.com/briohq/brio/internal/poll"
	"github.com/briohq/brio/transport"
)

// closeTimeout bounds a closing handshake: what has not left or been answered
// by then is given up.
const closeTimeout = 5 * time.Second

// linger is how long what a peer still sends is read and dropped that has broken
// the rules: closing with bytes unread resets the connection, and the peer would
// not see why.
const linger = time.Second

// Conn is the WebSocket transport of one session.
type Conn struct {
	line     poll.Conn
	receiver transport.Receiver
	limit    int // bytes of a message
	deflate  int // bytes from which on messages are compressed; 0 if that was not agreed on

	parser parser // owned by the line's reader

	mu    sync.Mutex // guards what follows, but for format
	busy  *writer    // what is being written, nil for nothing
	queue *queue     // accepted while busy, nil for nothing

	// What is small stands together, for there are many of them.
	format transport.Format // is never changed
	state  state
	// finishing is set once the line is about to be closed by its reader, or to
	// have that done, which must not be anticipated.
	finishing bool
	waits     bool // the receiver waits for Ready
	silent    bool // nothing is written any more
}

var _ transport.Conn = (*Conn)(nil)

// state is how far a Conn has got with its end.
type state byte

const (
	open    state = iota
	closing       // a close frame is on its way; the peer's is awaited
	ending        // the line is closed as soon as the queue has left
	ended
)

// reserved are the headers of a handshake's answer that are for us to set, and
// those that it must not have (RFC 6455, section 4.2.2; RFC 9110, section 8.6).
var reserved = []string{
	"Connection", "Upgrade", "Sec-Websocket-Accept", "Sec-Websocket-Extensions", "Sec-Websocket-Protocol",
	"Content-Length", "Transfer-Encoding",
}

// Accept answers the WebSocket handshake of r and returns the connection, which
// can be written to, and pushes into receiver from [Conn.Start] on. The answer
// has the headers that w has been given before, but for those of the protocol. A
// message of more than limit bytes ends it. Messages are compressed if deflate
// is not nil and the client offers it. The connection becomes one of the poller.
// If the handshake is refused, that has been answered too.
func Accept(w http.ResponseWriter, r *http.Request, receiver transport.Receiver, limit int, deflate *Deflate, p *poll.Poller) (*Conn, error) {
	for _, name := range reserved {
		w.Header().Del(name)
	}
	upgrader := ws.HTTPUpgrader{Header: w.Header(), Timeout: closeTimeout}
	var n negotiation
	if deflate != nil {
		upgrader.Negotiate = n.negotiate
	}
	nc, buffered, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		if nc != nil {
			_ = nc.Close()
		}
		return nil, err
	}
	c := newConn(nc, receiver, limit, p)
	if n.agreed {
		c.deflate = deflate.threshold()
	}
	if n := buffered.Reader.Buffered(); n > 0 {
		early, _ := buffered.Reader.Peek(n)
		c.parser.keep().partial = append([]byte(nil), early...)
	}
	return c, nil
}

func newConn(nc net.Conn, receiver transport.Receiver, limit int, p *poll.Poller) *Conn {
	c := &Conn{receiver: receiver, limit: limit}
	c.line = p.Take(nc, (*reader)(c))
	return c
}

// Speak sets the form in which packets come and go. It is called before
// anything is written, and before [Conn.Start]. Default: that of [transport.V4].
func (c *Conn) Speak(f transport.Format) { c.format = f }

// Start makes the Conn read.
func (c *Conn) Start() {
	if err := c.feed(nil); err != nil { // what came with the handshake
		c.finish(err)
	}
	c.line.Start()
}

// Refuse closes a connection that has not been started.
func (c *Conn) Refuse() {
	c.line.Write(closeFrame(ws.StatusNoStatusRcvd))
	c.line.Close()
}

// Name returns "websocket".
func (c *Conn) Name() string { return "websocket" }

// reader is the Conn as its line sees it.
type reader Conn

// Data feeds what has arrived to the parser until the connection ends.
func (r *reader) Data(b []byte) {
	if r.parser.ended {
		return
	}
	if err := (*Conn)(r).feed(b); err != nil {
		(*Conn)(r).finish(err)
	}
}

func (r *reader) End(err error) {
	if r.parser.ended {
		r.line.Close()
		return
	}
	(*Conn)(r).finish(err)
}

func (r *reader) Writable() { (*Conn)(r).written() }

// finish is the reader's end: it answers what ended it, tells the receiver
// unless that has ended the Conn itself, and closes the line.
func (c *Conn) finish(err error) {
	c.parser.ended = true
	c.mu.Lock()
	first := c.state == open
	c.finishing = true
	c.mu.Unlock()

	bye, orderly := errors.AsType[*farewell](err)
	fatal, protocol := errors.AsType[*violation](err)
	switch {
	case orderly:
		c.goodbye(ending, closeFrame(bye.code))
		err = nil
	case protocol:
		c.goodbye(closing, closeFrame(fatal.code))
	case errors.Is(err, io.EOF):
		err = nil
	}
	if first {
		c.receiver.Closed(c, err)
	}
	c.mu.Lock()
	left := c.busy == nil
	if orderly && left || !orderly && !protocol {
		c.state = ended
	}
	over := c.state == ended
	c.mu.Unlock()
	switch {
	case over:
		c.line.Close()
	case protocol:
		if left {
			c.line.CloseWrite()
		}
		c.line.Resume()
		c.line.CloseAfter(linger)
	}
}

// goodbye sends the close frame, unless one has been, and sets the state.
func (c *Conn) goodbye(s state, frame []byte) {
	c.mu.Lock()
	said := c.state != open
	if s > c.state {
		c.state = s
	}
	c.mu.Unlock()
	if !said {
		c.send(frame)
	}
	c.line.CloseAfter(closeTimeout)
}

// Close sends frames and a close frame. The connection ends when the peer has
// answered that, after 5 s at the latest.
func (c *Conn) Close(frames []*transport.Frame) {
	c.mu.Lock()
	if c.state != open {
		c.mu.Unlock()
		return
	}
	c.state = closing
	c.mu.Unlock()
	w := c.newWriter(c.format.Frames(frames))
	w.list = append(w.list, closeFrame(ws.StatusNoStatusRcvd))
	c.write(w, false)
	c.line.Resume()
	c.line.CloseAfter(closeTimeout)
}

// Release is Close, with nothing more to send.
func (c *Conn) Release() { c.Close(nil) }

// Abort sends a close frame if that is possible at once, and closes the
// connection. One that its peer has ended closes by itself.
func (c *Conn) Abort() {
	c.mu.Lock()
	if c.finishing {
		c.mu.Unlock()
		return
	}
	idle := c.busy == nil && c.state == open
	c.state, c.silent = ended, true
	c.mu.Unlock()
	if idle {
		c.line.Write(closeFrame(ws.StatusNoStatusRcvd))
	}
	c.line.Close()
}

// Pause makes the line read no more for now.
func (c *Conn) Pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == open {
		c.line.Pause()
	}
}

// Resume ends a Pause.
func (c *Conn) Resume() { c.line.Resume() }
