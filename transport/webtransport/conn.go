package webtransport

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
	"unicode/utf8"

	wt "github.com/quic-go/webtransport-go"

	"github.com/briohq/brio/internal/group"
	"github.com/briohq/brio/transport"
)

// closeTimeout bounds how long a conn that closes waits until its peer has taken
// what was sent. With byeTimeout it makes 5 s.
const closeTimeout = 5*time.Second - byeTimeout

// readBuffer is the size of a connection's read buffer in bytes.
const readBuffer = 2048

// errStream ends the connection of a client that opens another stream, of
// either kind, than the one that carries its packets.
var errStream = errors.New("second stream from client")

// errFarewell is the peer's close packet, or its answer to our goodbye.
var errFarewell = errors.New("closed by the peer")

// goodbye is the last packet that a conn sends. There is none in the protocol
// that says so, and a stream that has ended takes what its reader has not read
// yet with it; but the answer to a ping says that all before it has been read.
var goodbye = transport.NewText(transport.Ping, "")

// conn is the WebTransport transport of one session: the one bidirectional
// stream that a client opens on its WebTransport session.
type conn struct {
	session *session
	stream  *wt.Stream
	group   *group.Group
	limit   int // bytes of a frame
	first   transport.Packet

	partial []byte // the beginning of a frame; owned by the reader

	mu       sync.Mutex // guards what follows
	receiver transport.Receiver
	state    state
	failure  error // of a write, which ended the connection

	queue   []*transport.Frame // accepted, and not begun
	size    int                // bytes accepted, and not written
	writing bool               // the drain runs
	waits   bool               // the receiver waits for Ready
	paused  chan struct{}      // closed by Resume; nil unless paused
}

var _ transport.Newcomer = (*conn)(nil)

// state is how far a conn has got with its end.
type state byte

const (
	open    state = iota
	closing       // what was sent is on its way; the peer's answer is awaited
	ended
)

// Name returns "webtransport".
func (c *conn) Name() string { return "webtransport" }

// First returns the first packet.
func (c *conn) First() transport.Packet { return c.first }

// greet reads the first packet, of no more than limit bytes.
func (c *conn) greet(limit int) error {
	buf := make([]byte, limit)
	for {
		n, err := c.stream.Read(buf)
		c.partial = append(c.partial, buf[:n]...)
		f, size, ferr := cut(c.partial, limit)
		switch {
		case ferr != nil:
			return ferr
		case size > 0:
			c.partial = c.partial[size:]
			c.first, err = f.packet()
			return err
		case err != nil:
			return fmt.Errorf("read the first packet: %w", err)
		}
	}
}

// Start makes the conn read, and push into r.
func (c *conn) Start(r transport.Receiver) {
	c.mu.Lock()
	c.receiver = r
	over := c.state == ended
	ready := c.waits && !c.writing && c.state == open
	c.waits = c.waits && !ready
	c.mu.Unlock()
	if over {
		return
	}
	c.group.Go(c.read)
	if ready {
		r.Ready(c)
	}
}

// Refuse ends a conn that has not been started.
func (c *conn) Refuse() { c.session.hangUp() }

// read is the reader: it takes frames off what arrives until the connection ends.
func (c *conn) read() {
	buf := make([]byte, readBuffer)
	err := c.feed(nil) // what came with the first packet
	for err == nil {
		var n int
		n, err = c.stream.Read(buf)
		if n > 0 {
			if ferr := c.feed(buf[:n]); ferr != nil {
				err = ferr
			}
		}
		if err == nil {
			err = c.alone()
		}
		c.wait()
	}
	c.finish(err)
}

// feed takes the bytes that have arrived next, pushes the packets that they
// complete, and keeps the beginning of the next frame. It doesn't keep b.
func (c *conn) feed(b []byte) error {
	if len(c.partial) > 0 {
		c.partial = append(c.partial, b...)
		b = c.partial
	}
	for {
		f, size, err := cut(b, c.limit)
		if err != nil {
			return err
		}
		if size == 0 {
			break
		}
		b = b[size:]
		if err := c.deliver(f); err != nil {
			return err
		}
	}
	if len(b) == 0 {
		c.partial = nil
		return nil
	}
	if len(b) != len(c.partial) { // otherwise it is that, and would be copied with each byte that comes
		c.partial = append(c.partial[:0], b...) // moves what is there already to the front
	}
	return nil
}

// packet reads the packet of a frame.
func (f frame) packet() (transport.Packet, error) {
	if !f.binary && !utf8.Valid(f.payload) {
		return transport.Packet{}, fmt.Errorf("%w: text is not UTF-8", transport.ErrParse)
	}
	return transport.Decode(f.payload, f.binary)
}

// deliver pushes the packet of one frame. While the conn closes it only looks
// for the answer to the goodbye.
func (c *conn) deliver(f frame) error {
	packet, err := f.packet()
	if err != nil {
		return err
	}
	c.mu.Lock()
	closes := c.state != open
	c.mu.Unlock()
	switch {
	case packet.Type == transport.Close, closes && packet.Type == transport.Pong:
		return errFarewell
	case !closes:
		c.receiver.Receive(c, packet)
	}
	return nil
}

// atOnce is for asking without waiting: a context that has ended.
var atOnce = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// alone makes sure that the client has opened no other stream. What it could
// send on one before that is noticed, is bounded by flow control.
func (c *conn) alone() error {
	_, err := c.session.AcceptStream(atOnce)
	_, uniErr := c.session.AcceptUniStream(atOnce)
	if err == nil || uniErr == nil {
		return errStream
	}
	return nil
}

// wait blocks the reader while the conn is paused, so that the peer feels it.
func (c *conn) wait() {
	c.mu.Lock()
	paused := c.paused
	c.mu.Unlock()
	if paused != nil {
		<-paused
	}
}

// finish is the reader's end: it tells the receiver, unless that has ended the
// conn itself, and closes the connection.
func (c *conn) finish(err error) {
	c.mu.Lock()
	first := c.state == open
	c.state = ended
	c.unpause()
	if c.failure != nil {
		err = c.failure
	}
	c.mu.Unlock()
	if first {
		c.receiver.Closed(c, c.session.cause(err))
	}
	c.session.hangUp()
}

// Close sends frames and waits, for 5 s at most, until the peer has read them.
// Then the connection ends.
func (c *conn) Close(frames []*transport.Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != open {
		return
	}
	c.state = closing
	c.unpause()
	_ = c.stream.SetDeadline(time.Now().Add(closeTimeout))
	c.enqueue(append(frames[:len(frames):len(frames)], goodbye))
}

// Release is Close, with nothing more to send.
func (c *conn) Release() { c.Close(nil) }

// Abort ends the connection, and tells the peer. What has not left is lost.
func (c *conn) Abort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == ended {
		return
	}
	c.state = ended
	c.unpause()
	c.group.Go(c.session.hangUp)
}

// Pause makes the reader stop after what it has read.
func (c *conn) Pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.paused == nil && c.state == open {
		c.paused = make(chan struct{})
	}
}

// Resume ends a Pause.
func (c *conn) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unpause()
}

func (c *conn) unpause() {
	if c.paused != nil {
		close(c.paused)
		c.paused = nil
	}
}
