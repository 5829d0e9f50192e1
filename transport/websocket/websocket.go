// Package websocket is Engine.IO's WebSocket transport (RFC 6455; Engine.IO
// protocol v4 and v3, "WebSocket"): one WebSocket message is one packet.
//
// Frames are parsed from whatever bytes have arrived ([Conn.feed]), so that
// it does not matter who reads them; today that is one goroutine for each
// connection. Writing needs none while the kernel takes what is written: only
// what it does not take at once is finished by a goroutine, which ends with it.
package websocket

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/gobwas/ws"

	"github.com/briohq/brio/internal/group"
	"github.com/briohq/brio/transport"
)

// closeTimeout bounds a closing handshake: what has not left or been answered
// by then is given up.
const closeTimeout = 5 * time.Second

// readBuffer is the size of a connection's read buffer in bytes.
const readBuffer = 2048

// Conn is the WebSocket transport of one session.
type Conn struct {
	nc       net.Conn
	raw      syscall.RawConn // nil where a write can't be kept from blocking
	receiver transport.Receiver
	group    *group.Group
	limit    int // bytes of a message
	deflate  int // bytes from which on messages are compressed; 0 if that was not agreed on
	format   transport.Format

	parser parser // owned by the reader

	mu    sync.Mutex // guards what follows
	state state
	// finishing is set once the reader is about to close the connection, or
	// to have that done, which must not be anticipated.
	finishing bool
	failure   error // of a write, which ended the connection

	busy   bool          // somebody is writing
	waits  bool          // the receiver waits for Ready
	queue  [][]byte      // accepted while busy
	pong   []byte        // likewise; only the latest ping needs its answer
	paused chan struct{} // closed by Resume; nil unless paused
}

var _ transport.Conn = (*Conn)(nil)

// state is how far a Conn has got with its end.
type state byte

const (
	open    state = iota
	closing       // a close frame is on its way; the peer's is awaited
	ending        // the connection is closed as soon as the queue has left
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
// is not nil and the client offers it. Its goroutines are of g. If the handshake
// is refused, that has been answered too.
func Accept(w http.ResponseWriter, r *http.Request, receiver transport.Receiver, limit int, deflate *Deflate, g *group.Group) (*Conn, error) {
	for _, name := range reserved {
		w.Header().Del(name)
	}
	upgrader := ws.HTTPUpgrader{Header: w.Header()}
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
	c := &Conn{nc: nc, receiver: receiver, limit: limit, group: g}
	if n.agreed {
		c.deflate = deflate.threshold()
	}
	if n := buffered.Reader.Buffered(); n > 0 {
		early, _ := buffered.Reader.Peek(n)
		c.parser.partial = append(c.parser.partial, early...)
	}
	if sc, ok := nc.(syscall.Conn); ok {
		c.raw, _ = sc.SyscallConn()
	}
	return c, nil
}

// Speak sets the form in which packets come and go. It is called before
// anything is written, and before [Conn.Start]. Default: that of [transport.V4].
func (c *Conn) Speak(f transport.Format) { c.format = f }

// Start makes the Conn read.
func (c *Conn) Start() { c.group.Go(c.read) }

// Refuse closes a connection that has not been started.
func (c *Conn) Refuse() {
	_ = c.nc.SetDeadline(time.Now().Add(time.Second))
	_, _ = c.nc.Write(closeFrame(ws.StatusNoStatusRcvd))
	_ = c.nc.Close()
}

// Name returns "websocket".
func (c *Conn) Name() string { return "websocket" }

// read is the reader: it feeds what arrives to the parser until the connection
// ends.
func (c *Conn) read() {
	buf := make([]byte, readBuffer)
	err := c.feed(nil) // what came with the handshake
	for err == nil {
		var n int
		n, err = c.nc.Read(buf)
		if n > 0 {
			if ferr := c.feed(buf[:n]); ferr != nil {
				err = ferr
			}
		}
		c.wait()
	}
	c.finish(err)
}

// wait blocks the reader while the Conn is paused, so that the peer feels it.
func (c *Conn) wait() {
	c.mu.Lock()
	paused := c.paused
	c.mu.Unlock()
	if paused != nil {
		<-paused
	}
}

// finish is the reader's end: it answers what ended it, tells the receiver
// unless that has ended the Conn itself, and closes the connection.
func (c *Conn) finish(err error) {
	c.mu.Lock()
	first, failure := c.state == open, c.failure
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
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		err = failure
	}
	if first {
		c.receiver.Closed(c, err)
	}
	if protocol {
		// What the peer is still sending is read and dropped: closing with
		// bytes unread resets the connection, and the peer would not see why.
		c.closeWrite()
		_ = c.nc.SetReadDeadline(time.Now().Add(time.Second))
		_, _ = io.Copy(io.Discard, c.nc)
	}
	c.end(!orderly)
}

// closeWrite tells the peer that nothing more comes, if all has left.
func (c *Conn) closeWrite() {
	c.mu.Lock()
	left := !c.busy
	c.mu.Unlock()
	if half, ok := c.nc.(interface{ CloseWrite() error }); ok && left {
		_ = half.CloseWrite()
	}
}

// end closes the connection: now, or once the queue has left.
func (c *Conn) end(now bool) {
	c.mu.Lock()
	if now || !c.busy {
		c.state = ended
	}
	over := c.state == ended
	c.unpause()
	c.mu.Unlock()
	if over {
		_ = c.nc.Close()
	}
}

// goodbye queues the close frame, unless one has been, and sets the state.
func (c *Conn) goodbye(s state, frame []byte) {
	c.mu.Lock()
	said := c.state != open
	if s > c.state {
		c.state = s
	}
	c.mu.Unlock()
	_ = c.nc.SetDeadline(time.Now().Add(closeTimeout))
	if !said {
		c.send(frame)
	}
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
	c.unpause()
	c.mu.Unlock()
	_ = c.nc.SetDeadline(time.Now().Add(closeTimeout))
	w := c.newWriter(c.format.Frames(frames))
	w.list = append(w.list, closeFrame(ws.StatusNoStatusRcvd))
	c.write(w, false)
}

// Abort sends a close frame if that is possible at once, and closes the
// connection. One that its peer has ended closes by itself.
func (c *Conn) Abort() {
	c.mu.Lock()
	if c.finishing {
		c.mu.Unlock()
		return
	}
	idle := !c.busy && c.state == open && c.raw != nil
	c.busy = true // nothing is written after this
	c.state = ended
	c.unpause()
	c.mu.Unlock()
	if idle {
		w := c.newWriter(nil)
		w.list = append(w.list, closeFrame(ws.StatusNoStatusRcvd))
		_, _ = w.try(c.raw)
		w.free()
	}
	_ = c.nc.Close()
}

// Pause makes the reader stop after what it has read.
func (c *Conn) Pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.paused == nil && c.state == open {
		c.paused = make(chan struct{})
	}
}

// Resume ends a Pause.
func (c *Conn) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unpause()
}

func (c *Conn) unpause() {
	if c.paused != nil {
		close(c.paused)
		c.paused = nil
	}
}
