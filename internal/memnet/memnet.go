// Package memnet is a network in memory for tests in testing/synctest bubbles:
// all waiting in it is the bubble's, so that time costs nothing and a test that
// is stuck is found out.
//
// It does what makes TCP hard: data takes time, comes in pieces, stops when the
// reader does, and is lost if an end closes with something unread. A connection
// of a [Listener] can have a file descriptor too, so that code which writes past
// package net can be tested.
package memnet

import (
	"net"
	"sync"
	"syscall"
	"time"
)

// Link says what a connection is like. The zero value has no latency.
type Link struct {
	// Latency is how long data takes, in each direction.
	Latency time.Duration
	// Buffer is how many bytes may be on their way in each direction before a
	// write has to wait. Default 64 KiB.
	Buffer int
	// Piece is how many bytes one Read returns at most. Default: no bound.
	Piece int
	// Kernel gives the listener's end a file descriptor, see
	// [Conn.SyscallConn].
	Kernel bool
}

// Listener is one address. Its methods may be called concurrently.
type Listener struct {
	accept chan *Conn
	closed chan struct{}

	mu   sync.Mutex // guards what follows
	done bool
	open int // accepted ends, or waiting to be, that have not been closed
}

// Listen returns a new listener.
func Listen() *Listener {
	return &Listener{accept: make(chan *Conn, 1000), closed: make(chan struct{})}
}

// Dial returns one end of a new connection. It doesn't wait for the other to be
// accepted.
func (l *Listener) Dial(link Link) (*Conn, error) {
	if link.Buffer <= 0 {
		link.Buffer = 64 << 10
	}
	there, back := newStream(link), newStream(link)
	near := &Conn{in: back, out: there}
	far := &Conn{in: there, out: back, kernel: link.Kernel, listener: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done {
		return nil, syscall.ECONNREFUSED
	}
	select {
	case l.accept <- far:
		l.open++
		return near, nil
	default:
		return nil, syscall.ECONNREFUSED
	}
}

// Open returns the number of connections whose end here has not been closed.
func (l *Listener) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open
}

// Accept waits for the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case <-l.closed:
		return nil, net.ErrClosed
	case c := <-l.accept:
		return c, nil
	}
}

// Close ends Accept. Connections stay.
func (l *Listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.done {
		l.done = true
		close(l.closed)
	}
	return nil
}

// Addr returns the name of the network.
func (l *Listener) Addr() net.Addr { return addr{} }

type addr struct{}

func (addr) Network() string { return "memory" }
func (addr) String() string  { return "memory" }

// Conn is one end of a connection. Its methods may be called concurrently.
type Conn struct {
	in, out  *stream
	kernel   bool
	listener *Listener // nil for the end that dialed
	once     sync.Once
}

// Read reads what has arrived.
func (c *Conn) Read(b []byte) (int, error) { return c.in.read(b) }

// Write waits until there is room for all of b.
func (c *Conn) Write(b []byte) (int, error) { return c.out.write(b) }

// CloseWrite ends the data of this end.
func (c *Conn) CloseWrite() error {
	c.out.end()
	return nil
}

// Close ends both directions. If something has not been read, or comes later,
// the other end loses what it has not read yet.
func (c *Conn) Close() error {
	c.close(false)
	return nil
}

// Reset closes the connection in such a way that the other end loses what it has
// not read yet.
func (c *Conn) Reset() { c.close(true) }

func (c *Conn) close(hard bool) {
	c.once.Do(func() {
		if c.listener != nil {
			c.listener.mu.Lock()
			c.listener.open--
			c.listener.mu.Unlock()
		}
		unread := c.in.leave(c.out)
		if hard || unread {
			c.out.reset()
		} else {
			c.out.end()
		}
	})
}

// SyscallConn returns what writes past package net, if the link has a kernel and
// the system is a Unix. The descriptor is good for one write, which may be cut
// short, and finds no room when the buffer is full.
func (c *Conn) SyscallConn() (syscall.RawConn, error) {
	if !c.kernel || !haveKernel {
		return nil, syscall.EINVAL
	}
	return kernel{c.out}, nil
}

// LocalAddr returns the name of the network.
func (c *Conn) LocalAddr() net.Addr { return addr{} }

// RemoteAddr returns the name of the network.
func (c *Conn) RemoteAddr() net.Addr { return addr{} }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	_ = c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

// SetReadDeadline bounds reading.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.readBy, t)
	return nil
}

// SetWriteDeadline bounds writing.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.out.setDeadline(&c.out.writeBy, t)
	return nil
}
