//go:build !nopoll

package poll

import (
	"io"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// polled is a connection that a loop reads.
type polled struct {
	loop    *loop
	handler Handler
	fd      int32
	users   atomic.Int32  // of fd, and the bit closed: the last one closes it
	flags   atomic.Uint32 // full, paused and over

	rest  *[]byte // of a write; owned by who sets full, then by the loop
	err   atomic.Pointer[error]
	timer atomic.Pointer[time.Timer]
}

const closed = 1 << 30

// The flags of a polled connection.
const (
	full   = 1 << iota // rest waits for the kernel
	paused             // nothing is read
	over               // the handler has been told the end; set by the loop
)

func (c *polled) is(flag uint32) bool { return c.flags.Load()&flag != 0 }

// use keeps the file descriptor from being closed, and from becoming that of
// another connection, until it is released. It reports false if it is too late.
func (c *polled) use() bool {
	if c.users.Add(1)&closed != 0 {
		c.release()
		return false
	}
	return true
}

func (c *polled) release() {
	if c.users.Add(-1) == closed {
		c.shut()
	}
}

// shut closes the file descriptor, once.
func (c *polled) shut() {
	if c.users.CompareAndSwap(closed, closed|closed>>1) {
		c.loop.set(c.fd, nil)
		_ = unix.Close(int(c.fd)) // and so leaves the epoll instance
		c.loop.poller.release()
	}
}

func (c *polled) Start() {
	c.loop.set(c.fd, c)
	c.control(unix.EPOLL_CTL_ADD)
}

// control adds the connection to the epoll instance, or makes that look again.
func (c *polled) control(op int) {
	if c.use() {
		_ = unix.EpollCtl(c.loop.fd, op, int(c.fd), &unix.EpollEvent{ // it fails for none that is open
			Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET,
			Fd:     c.fd,
		})
		c.release()
	}
}

// read reads what there is, up to one buffer: if there is more, the loop is told
// again, after it has been others' turn. last says that the peer has ended: then
// the end is read too.
func (c *polled) read(last bool) {
	for !c.is(over | paused) {
		if !c.use() {
			return
		}
		n, errno := recv(int(c.fd), c.loop.buffer)
		c.release()
		switch {
		case errno == unix.EINTR:
		case errno == unix.EAGAIN:
			return
		case errno != 0:
			c.end(os.NewSyscallError("read", errno))
		case n == 0:
			c.end(io.EOF)
		default:
			c.handler.Data(c.loop.buffer[:n])
			if n == bufferSize {
				c.control(unix.EPOLL_CTL_MOD)
				return
			}
			if !last {
				return
			}
		}
	}
}

func (c *polled) end(err error) {
	c.flags.Or(over)
	if failed := c.err.Load(); failed != nil {
		err = *failed
	}
	c.handler.End(err)
}

func (c *polled) Write(b []byte) bool {
	rest, ok := c.try(b)
	if len(rest) == 0 || !ok {
		return ok
	}
	left := rest // allocated here, where it is rare
	c.rest = &left
	c.flags.Or(full)
	// What has become possible before that would go unnoticed, so the epoll
	// instance is made to look again.
	c.control(unix.EPOLL_CTL_MOD)
	return false
}

// resume goes on with what a Write has left.
func (c *polled) resume() {
	rest, ok := c.try(*c.rest)
	*c.rest = rest
	if len(rest) > 0 || !ok {
		return
	}
	c.rest = nil
	c.flags.And(^uint32(full))
	c.handler.Writable()
}

// try writes what the kernel takes at once, and returns the rest. It reports false
// if nothing can be written any more.
func (c *polled) try(b []byte) ([]byte, bool) {
	if !c.use() {
		return b, false
	}
	defer c.release()
	for len(b) > 0 {
		n, errno := send(int(c.fd), b)
		switch errno {
		case 0:
			b = b[n:]
		case unix.EINTR:
		case unix.EAGAIN:
			return b, true
		default:
			err := os.NewSyscallError("write", errno)
			c.err.CompareAndSwap(nil, &err)
			_ = unix.Shutdown(int(c.fd), unix.SHUT_RDWR) // so that the loop hears of it
			return b, false
		}
	}
	return nil, true
}

func (c *polled) Pause() { c.flags.Or(paused) }

func (c *polled) Resume() {
	if c.flags.And(^uint32(paused))&paused != 0 {
		c.control(unix.EPOLL_CTL_MOD)
	}
}

func (c *polled) CloseWrite() {
	if c.use() {
		_ = unix.Shutdown(int(c.fd), unix.SHUT_WR)
		c.release()
	}
}

func (c *polled) CloseAfter(d time.Duration) {
	t := time.AfterFunc(d, c.Close)
	if !c.timer.CompareAndSwap(nil, t) || c.users.Load()&closed != 0 {
		t.Stop() // there is an earlier one, or it is closed
	}
}

func (c *polled) Close() {
	for {
		n := c.users.Load()
		if n&closed != 0 {
			return
		}
		if c.users.CompareAndSwap(n, n|closed) {
			break
		}
	}
	if t := c.timer.Load(); t != nil {
		t.Stop()
	}
	if c.users.Load() == closed {
		c.shut()
	}
}
