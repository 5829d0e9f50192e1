package engineio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/briohq/brio/internal/group"
	"github.com/briohq/brio/transport"
)

// Conn is one connection. Its methods may be called concurrently, but Serve once.
type Conn struct {
	config    Config
	address   *url.URL // http or https
	handshake handshake
	group     group.Group

	// Owned by Serve.
	due   time.Time     // until when the next ping has to come
	spent time.Duration // in callbacks, and not yet added to due

	mu      sync.Mutex // guards what follows
	idle    sync.Cond  // that writing has ended, or next or state changed
	state   state
	pipe    Pipe
	name    string   // of pipe's transport
	next    *upgrade // that takes over; nothing is written meanwhile
	outbox  outbox
	writing bool               // a goroutine runs write
	broken  bool               // a write has failed: Serve is about to find out
	stop    context.CancelFunc // ends what Serve has started; nil before Serve
	over    chan struct{}      // made by Close, closed when the state is closed
}

type state uint8

const (
	open    state = iota
	closing       // sends what waits, and the goodbye
	closed
)

// ID returns the connection's id.
func (c *Conn) ID() string { return c.handshake.ID }

// Transport returns the name of what carries the connection now.
func (c *Conn) Transport() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.name
}

// Serve hands each message to f, in order; its bytes are borrowed until f
// returns, and nothing more is read before: a server that sends faster than f
// takes is held up by the network's flow control. f may use all other methods.
// The time that f takes does not count as the server's silence, but while f runs
// no heartbeat is answered, so that the server gives up after its ping timeout.
//
// Serve returns when the connection has ended and nothing runs any more that it
// has started, with a *[CloseError].
func (c *Conn) Serve(f func(data []byte, binary bool)) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.mu.Lock()
	if c.state != open {
		c.mu.Unlock()
		_ = c.group.Wait(ctx)
		return &CloseError{Reason: ForcedClose}
	}
	c.stop = cancel
	pipe := c.pipe
	c.listen(pipe)
	c.mu.Unlock()
	if names := c.config.upgrades(c.handshake.Upgrades); len(names) > 0 {
		if _, polls := pipe.(*polling); polls {
			c.group.Go(func() { c.improve(ctx, names) })
		}
	}
	return c.end(c.read(pipe, f))
}

// read takes packets until there are no more, and returns why.
func (c *Conn) read(pipe Pipe, f func(data []byte, binary bool)) error {
	c.await(pipe, time.Now().Add(c.handshake.patience()))
	for {
		if old, polls := pipe.(*polling); polls && old.drained() {
			pipe = c.takeOver(old)
		}
		p, err := pipe.Read()
		if err != nil {
			return err
		}
		switch p.Type {
		case transport.Message:
			c.call(pipe, f, p)
		case transport.Ping:
			c.sendPong()
			c.await(pipe, time.Now().Add(c.handshake.patience()))
		case transport.Noop:
		case transport.Close:
			return io.EOF
		default:
			return fmt.Errorf("%w: a server sends no %v packet", transport.ErrParse, p.Type)
		}
	}
}

// await sets the time until which the next ping has to come (Engine.IO protocol
// v4, "Heartbeat").
func (c *Conn) await(pipe Pipe, due time.Time) {
	c.due, c.spent = due, 0
	pipe.SetReadDeadline(due)
}

// call hands a message to f, and gives the server the time that f took.
func (c *Conn) call(pipe Pipe, f func(data []byte, binary bool), p transport.Packet) {
	if c.leaves() {
		return
	}
	began := time.Now()
	f(p.Data, p.Binary)
	c.spent += time.Since(began)
	if c.spent > time.Millisecond { // a deadline for each message would cost more than many messages
		c.await(pipe, c.due.Add(c.spent))
	}
}

// leaves reports whether Close or Abort has been called.
func (c *Conn) leaves() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state != open
}

// end ends everything, waits for that, and returns what Serve is to return.
func (c *Conn) end(err error) error {
	c.mu.Lock()
	forced := c.state != open
	left := c.shut()
	c.mu.Unlock()
	hangUp(left)
	_ = c.group.Wait(context.Background())
	parted, told := errors.AsType[*closedError](err)
	switch {
	case forced:
		return &CloseError{Reason: ForcedClose}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &CloseError{Reason: PingTimeout, Err: fmt.Errorf("no heartbeat for %v", c.handshake.patience())}
	case errors.Is(err, transport.ErrParse):
		return &CloseError{Reason: ParseError, Err: err}
	case told:
		return &CloseError{Reason: TransportClose, Err: parted}
	case errors.Is(err, io.EOF):
		return &CloseError{Reason: TransportClose}
	}
	return &CloseError{Reason: TransportError, Err: err}
}

// shut makes the state closed and returns what is to be hung up without mu, which
// is held.
func (c *Conn) shut() []Pipe {
	c.state = closed
	left := []Pipe{c.pipe}
	if c.next != nil {
		left = append(left, c.next.pipe)
	}
	c.outbox.clear()
	if c.stop != nil {
		c.stop()
	}
	if c.over != nil {
		close(c.over)
		c.over = nil
	}
	c.idle.Broadcast()
	return left
}

func hangUp(pipes []Pipe) {
	for _, p := range pipes {
		_ = p.Close()
	}
}

// Close sends what waits, says goodbye and ends the connection, which may take
// Config.CloseTimeout. It does not wait for that: Serve does. Messages that still
// arrive are dropped.
func (c *Conn) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != open {
		return
	}
	c.state = closing
	over := make(chan struct{})
	c.over = over
	c.group.Go(func() { c.hurry(over) })
	c.idle.Broadcast()
	c.kick()
}

// hurry ends a connection whose closing takes too long.
func (c *Conn) hurry(over <-chan struct{}) {
	timer := time.NewTimer(c.config.CloseTimeout)
	defer timer.Stop()
	select {
	case <-over:
	case <-timer.C:
		c.Abort()
	}
}

// Abort ends the connection at once. The server finds out by itself.
func (c *Conn) Abort() {
	c.mu.Lock()
	left := c.shut()
	c.mu.Unlock()
	hangUp(left)
}
