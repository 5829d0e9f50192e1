package websocket

import (
	"net"
	"sync"
	"syscall"

	"github.com/gobwas/ws"

	"github.com/briohq/brio/transport"
)

// gather is how many bytes of small frames leave in one write.
const gather = 64 << 10

// writer is what one write call has to say: a list of frames, gathered into as
// few system calls as they fit. Writers are pooled; none outlives its write.
type writer struct {
	list [][]byte // not begun yet
	rest []byte   // begun: what is left of list's former first, or of buf
	buf  []byte   // where small frames are gathered

	// call is attempt, made once, so that a write allocates nothing.
	call func(fd uintptr) bool
	n    int
	err  error
}

var writers = sync.Pool{New: func() any {
	w := &writer{}
	w.call = w.attempt
	return w
}}

func (c *Conn) newWriter(frames []*transport.Frame) *writer {
	w := writers.Get().(*writer)
	for _, f := range frames {
		w.list = append(w.list, c.form(f))
	}
	return w
}

func (w *writer) free() {
	clear(w.list)
	w.list, w.rest, w.err = w.list[:0], nil, nil
	writers.Put(w)
}

// next makes rest what is to be written next, and reports whether there is
// anything.
func (w *writer) next() bool {
	if len(w.rest) > 0 {
		return true
	}
	n, size := 0, 0
	for n < len(w.list) && size+len(w.list[n]) <= gather {
		size += len(w.list[n])
		n++
	}
	switch {
	case len(w.list) == 0:
		return false
	case n <= 1:
		n, w.rest = 1, w.list[0]
	default:
		w.buf = w.buf[:0]
		for _, b := range w.list[:n] {
			w.buf = append(w.buf, b...)
		}
		w.rest = w.buf
	}
	left := copy(w.list, w.list[n:])
	clear(w.list[left:])
	w.list = w.list[:left]
	return true
}

// try writes what the kernel takes at once, and reports whether that was all.
func (w *writer) try(raw syscall.RawConn) (bool, error) {
	for raw != nil && w.next() {
		if err := raw.Write(w.call); err != nil {
			return false, err
		}
		if w.err != nil {
			return false, w.err
		}
		w.rest = w.rest[w.n:]
		if len(w.rest) > 0 {
			return false, nil
		}
	}
	return !w.next(), nil
}

// finish writes everything, waiting where it must.
func (w *writer) finish(nc net.Conn) error {
	for w.next() {
		n, err := nc.Write(w.rest)
		if err != nil {
			return err
		}
		w.rest = w.rest[n:]
	}
	return nil
}

// Write sends frames.
func (c *Conn) Write(frames []*transport.Frame) bool {
	return c.write(c.newWriter(c.format.Frames(frames)), true)
}

// send sends one frame of the WebSocket protocol itself.
func (c *Conn) send(frame []byte) {
	w := c.newWriter(nil)
	w.list = append(w.list, frame)
	c.write(w, false)
}

// answer sends a pong. While another write is under way the latest one waits,
// in the place of those before it (RFC 6455, section 5.5.3).
func (c *Conn) answer(payload []byte) {
	frame := compile(ws.NewPongFrame(payload))
	c.mu.Lock()
	if c.busy {
		c.pong = frame
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	c.send(frame)
}

// write writes w, which it takes over, and whatever is queued meanwhile. It
// reports whether all of it has left; if not, and ready is set, the receiver
// is told when it has.
func (c *Conn) write(w *writer, ready bool) bool {
	c.mu.Lock()
	if c.busy {
		c.queue = append(c.queue, w.list...)
		c.waits = c.waits || ready
		c.mu.Unlock()
		w.free()
		return false
	}
	c.busy = true
	c.mu.Unlock()
	for {
		all, err := w.try(c.raw)
		switch {
		case err != nil:
			c.broken(w, err)
			return false
		case !all:
			c.mu.Lock()
			c.waits = c.waits || ready
			c.mu.Unlock()
			c.group.Go(func() { c.drain(w) })
			return false
		}
		if !c.refill(w) {
			return true
		}
	}
}

// drain finishes what could not be written without waiting.
func (c *Conn) drain(w *writer) {
	for {
		if err := w.finish(c.nc); err != nil {
			c.broken(w, err)
			return
		}
		if !c.refill(w) {
			return
		}
	}
}

// refill gives w what has been queued meanwhile. If that is nothing, the Conn
// is not busy any more, w is let go, and who waits for that is told.
func (c *Conn) refill(w *writer) bool {
	c.mu.Lock()
	w.list = append(w.list, c.queue...)
	c.queue = nil
	if c.pong != nil {
		w.list = append(w.list, c.pong)
		c.pong = nil
	}
	if len(w.list) > 0 {
		c.mu.Unlock()
		return true
	}
	waits, over := c.waits, c.state == ending
	c.busy, c.waits = false, false
	c.mu.Unlock()

	w.free()
	if over {
		_ = c.nc.Close()
	}
	if waits {
		c.receiver.Ready(c)
	}
	return false
}

// broken ends the connection after a failed write. Its reader notices, and
// says so; the Conn stays busy, so that nothing more is written.
func (c *Conn) broken(w *writer, err error) {
	w.free()
	c.mu.Lock()
	c.failure = err
	c.mu.Unlock()
	_ = c.nc.Close()
}
