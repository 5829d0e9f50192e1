package poll

import (
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/briohq/brio/internal/group"
)

// readBuffer is the size in bytes of the read buffer of a threaded connection.
const readBuffer = 2048

// threaded is a connection with a goroutine of its own, and a second one while a
// write waits.
type threaded struct {
	nc      net.Conn
	raw     syscall.RawConn // nil where a write can't be kept from blocking
	handler Handler
	group   *group.Group

	mu     sync.Mutex // guards what follows
	paused chan struct{}
	closed bool
	err    error // of a write
	timer  *time.Timer
}

func newThreaded(nc net.Conn, h Handler, g *group.Group) *threaded {
	c := &threaded{nc: nc, handler: h, group: g}
	if sc, ok := nc.(syscall.Conn); ok {
		c.raw, _ = sc.SyscallConn()
	}
	return c
}

func (c *threaded) Start() { c.group.Go(c.read) }

func (c *threaded) read() {
	buf := make([]byte, readBuffer)
	for {
		n, err := c.nc.Read(buf)
		if n > 0 {
			c.handler.Data(buf[:n])
		}
		c.mu.Lock()
		closed, paused := c.closed, c.paused
		if c.err != nil {
			err = c.err
		}
		c.mu.Unlock()
		switch {
		case closed:
			return
		case err != nil:
			c.handler.End(err)
			return
		case paused != nil:
			<-paused
		}
	}
}

func (c *threaded) Write(b []byte) bool {
	rest, err := c.try(b)
	switch {
	case err != nil:
		c.fail(err)
		return false
	case len(rest) == 0:
		return true
	}
	c.group.Go(func() {
		if _, err := c.nc.Write(rest); err != nil {
			c.fail(err)
			return
		}
		c.handler.Writable()
	})
	return false
}

// try writes what the kernel takes at once, and returns the rest.
func (c *threaded) try(b []byte) ([]byte, error) {
	if c.raw == nil {
		return b, nil
	}
	var failed error
	err := c.raw.Write(func(fd uintptr) bool {
		var n int
		n, failed = attempt(fd, b)
		b = b[n:]
		return true
	})
	if err == nil {
		err = failed
	}
	return b, err
}

// fail makes the reader find out that a write has failed.
func (c *threaded) fail(err error) {
	c.mu.Lock()
	c.err = err
	c.unpause()
	c.mu.Unlock()
	c.shut()
}

func (c *threaded) Pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.paused == nil && !c.closed && c.err == nil {
		c.paused = make(chan struct{})
	}
}

func (c *threaded) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unpause()
}

// unpause is called with mu held.
func (c *threaded) unpause() {
	if c.paused != nil {
		close(c.paused)
		c.paused = nil
	}
}

func (c *threaded) CloseWrite() {
	if half, ok := c.nc.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

func (c *threaded) CloseAfter(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer == nil && !c.closed {
		c.timer = time.AfterFunc(d, c.Close)
	}
}

func (c *threaded) Close() {
	c.mu.Lock()
	c.closed = true
	c.unpause()
	if c.timer != nil {
		c.timer.Stop()
	}
	c.mu.Unlock()
	c.shut()
}

// shut closes the connection. TLS says goodbye, for which it waits up to 5 s if the
// peer reads nothing: that must not be the caller's time.
func (c *threaded) shut() {
	if _, ok := c.nc.(interface{ NetConn() net.Conn }); ok {
		c.group.Go(func() { _ = c.nc.Close() })
		return
	}
	_ = c.nc.Close()
}
