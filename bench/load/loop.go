package load

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/briohq/brio/bench/internal/epoll"
)

// readBuffer is the bytes of the buffer that all connections read into, and so
// the bound of what one message may have.
const readBuffer = 1 << 20

// keptBuffer is how many bytes a connection keeps for its next write.
const keptBuffer = 4096

// maxWaiting is how many bytes may wait for a server to take them: far more than
// is sent to one that reads.
const maxWaiting = 64 << 20

var (
	errTooMuch    = errors.New("the server sent more at once than fits a buffer here")
	errNotReading = errors.New("the server does not read")
)

// A loop serves all connections, in one thread. What it reads goes to their
// handlers; what they send is written at the end of the turn, one write for each
// connection.
type loop struct {
	poller *epoll.Poller
	conns  []*conn // by file descriptor
	buf    []byte  // shared by all
	dirty  []*conn // that have something to write
	doomed []*conn // to be closed when the turn ends: their numbers may be in its events
	start  time.Time
	now    time.Duration // since start; of the last read
}

// A handler is what a connection is used for. The loop calls it.
type handler interface {
	opened()
	// feed takes what has arrived, and returns how much of it. The rest comes
	// again, with more behind. The bytes are borrowed.
	feed(b []byte) (used int, err error)
	// ended is called once, unless the connection was closed by this side.
	ended(err error)
}

// A conn is one TCP connection.
type conn struct {
	loop    *loop
	handler handler
	fd      int
	in      []byte // arrived, not used
	out     []byte // to be written
	opening bool
	blocked bool // the kernel takes no more for now
	dirty   bool
	closed  bool
}

func newLoop() (*loop, error) {
	poller, err := epoll.New()
	if err != nil {
		return nil, err
	}

	return &loop{poller: poller, buf: make([]byte, readBuffer), start: time.Now()}, nil
}

// close closes all connections.
func (l *loop) close() {
	for _, c := range l.conns {
		if c != nil {
			c.close()
		}
	}
	l.bury()
	l.poller.Close()
}

// dial begins a connection.
func (l *loop) dial(to netip.AddrPort, h handler) (*conn, error) {
	fd, err := epoll.Dial(to)
	if err != nil {
		return nil, err
	}
	if err := l.poller.Add(fd); err != nil {
		epoll.Close(fd)
		return nil, err
	}
	for fd >= len(l.conns) {
		l.conns = append(l.conns, make([]*conn, 256)...)
	}
	c := &conn{loop: l, handler: h, fd: fd, opening: true}
	l.conns[fd] = c

	return c, nil
}

// turn serves what has happened, or nothing if deadline passes before something
// does.
func (l *loop) turn(deadline time.Duration) error {
	l.flush() // what was sent between turns
	events, err := l.poller.Wait(l.start.Add(deadline))
	if err != nil {
		return err
	}
	l.now = time.Since(l.start)
	for _, e := range events {
		if c := l.conns[e.FD]; c != nil && !c.closed {
			c.serve(e)
		}
	}
	l.flush()
	l.bury()

	return nil
}

func (l *loop) flush() {
	for _, c := range l.dirty {
		c.dirty = false
		if !c.closed {
			c.write()
		}
	}
	l.dirty = l.dirty[:0]
}

func (l *loop) bury() {
	for _, c := range l.doomed {
		epoll.Close(c.fd)
		l.conns[c.fd] = nil
	}
	l.doomed = l.doomed[:0]
}

func (c *conn) serve(e epoll.Event) {
	if c.opening {
		if !e.Writable {
			return
		}
		if err := epoll.Connected(c.fd); err != nil {
			c.fail(fmt.Errorf("connect: %w", err))
			return
		}
		c.opening = false
		c.handler.opened()
	}
	if e.Writable && c.blocked {
		c.blocked = false
		c.write()
	}
	if e.Readable && !c.closed {
		c.read(e.Ended)
	}
}

// read reads all there is. A read that does not fill the buffer was the last one:
// what comes later is another event, unless the end has come with this one.
func (c *conn) read(toEnd bool) {
	buf := c.loop.buf
	for {
		kept := copy(buf, c.in)
		n, err := epoll.Read(c.fd, buf[kept:])
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = errors.New("the server closed the connection")
			}
			c.fail(err)
			return
		}
		if n == 0 {
			return
		}
		c.loop.now = time.Since(c.loop.start)
		used, err := c.handler.feed(buf[:kept+n])
		if c.closed {
			return
		}
		if err == nil && used == 0 && kept+n == len(buf) {
			err = errTooMuch
		}
		if err == nil && len(c.out) > maxWaiting {
			err = errNotReading
		}
		if err != nil {
			c.fail(err)
			return
		}
		c.keep(buf[used : kept+n])
		if kept+n < len(buf) && !toEnd {
			return
		}
	}
}

// keep stores what has not been used.
func (c *conn) keep(rest []byte) {
	if len(rest) == 0 && cap(c.in) > keptBuffer {
		c.in = nil
		return
	}
	c.in = append(c.in[:0], rest...)
}

// touch has the connection write at the end of the turn what has been appended
// to out.
func (c *conn) touch() {
	if !c.dirty && !c.blocked {
		c.dirty = true
		c.loop.dirty = append(c.loop.dirty, c)
	}
}

func (c *conn) write() {
	if c.opening {
		return
	}
	n, err := epoll.Write(c.fd, c.out)
	if err != nil {
		c.fail(err)
		return
	}
	if n < len(c.out) {
		c.blocked = true
		c.out = c.out[:copy(c.out, c.out[n:])]
		return
	}
	if c.out = c.out[:0]; cap(c.out) > keptBuffer {
		c.out = nil
	}
}

func (c *conn) fail(err error) {
	if !c.closed {
		c.close()
		c.handler.ended(err)
	}
}

// close ends the connection, without a word.
func (c *conn) close() {
	if !c.closed {
		c.closed = true
		c.loop.doomed = append(c.loop.doomed, c)
	}
}
