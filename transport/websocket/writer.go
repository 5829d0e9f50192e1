package websocket

import (
	"sync"

	"github.com/gobwas/ws"

	"github.com/briohq/brio/transport"
)

// gather is how many bytes of small frames leave in one write.
const gather = 64 << 10

// writer is what is being written: a list of frames, gathered into as few system
// calls as they fit. Writers are pooled; none outlives its write.
type writer struct {
	list [][]byte // not begun yet
	buf  []byte   // where small frames are gathered
}

var writers = sync.Pool{New: func() any { return new(writer) }}

func (c *Conn) newWriter(frames []*transport.Frame) *writer {
	w := writers.Get().(*writer)
	for _, f := range frames {
		w.list = append(w.list, c.form(f))
	}
	return w
}

func (w *writer) free() {
	clear(w.list)
	w.list = w.list[:0]
	writers.Put(w)
}

// next returns what is to be written next, nil if that is nothing. It is good
// until the next call.
func (w *writer) next() []byte {
	n, size := 0, 0
	for n < len(w.list) && size+len(w.list[n]) <= gather {
		size += len(w.list[n])
		n++
	}
	var b []byte
	switch {
	case len(w.list) == 0:
		return nil
	case n <= 1:
		n, b = 1, w.list[0]
	default:
		w.buf = w.buf[:0]
		for _, b := range w.list[:n] {
			w.buf = append(w.buf, b...)
		}
		b = w.buf
	}
	left := copy(w.list, w.list[n:])
	clear(w.list[left:])
	w.list = w.list[:left]
	return b
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
	if c.busy != nil {
		c.backlog().pong = frame
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	c.send(frame)
}

// queue is what waits while something else is being written.
type queue struct {
	list [][]byte
	pong []byte // only the latest ping needs its answer
}

// backlog returns the queue. It is called with mu held.
func (c *Conn) backlog() *queue {
	if c.queue == nil {
		c.queue = new(queue)
	}
	return c.queue
}

// write writes w, which it takes over, and whatever is queued meanwhile. It
// reports whether all of it has left; if not, and ready is set, the receiver
// is told when it has.
func (c *Conn) write(w *writer, ready bool) bool {
	c.mu.Lock()
	switch {
	case c.silent:
		c.mu.Unlock()
		return false
	case c.busy != nil:
		q := c.backlog()
		q.list = append(q.list, w.list...)
		c.waits = c.waits || ready
		c.mu.Unlock()
		w.free()
		return false
	}
	c.busy, c.waits = w, ready
	c.mu.Unlock()
	return c.proceed(w, ready)
}

// proceed writes until nothing is left, and reports whether that is so; if not,
// written goes on. told says that who waits for Ready gets the answer instead.
func (c *Conn) proceed(w *writer, told bool) bool {
	for {
		for b := w.next(); b != nil; b = w.next() {
			if !c.line.Write(b) {
				return false
			}
		}
		if !c.refill(w, told) {
			return true
		}
	}
}

// written goes on once the line has taken what was too much at first.
func (c *Conn) written() {
	c.mu.Lock()
	w := c.busy
	c.mu.Unlock()
	if w != nil { // otherwise it was the farewell of Abort or Refuse
		c.proceed(w, false)
	}
}

// refill gives w what has been queued meanwhile. If that is nothing, the Conn
// is not busy any more, w is let go, and who waits for that is told.
func (c *Conn) refill(w *writer, told bool) bool {
	c.mu.Lock()
	if c.queue != nil {
		w.list = append(w.list, c.queue.list...)
		if c.queue.pong != nil {
			w.list = append(w.list, c.queue.pong)
		}
		c.queue = nil
	}
	if len(w.list) > 0 {
		c.mu.Unlock()
		return true
	}
	waits, over := c.waits && !told, c.state == ending
	c.busy, c.waits = nil, false
	c.mu.Unlock()

	w.free()
	if over {
		c.line.Close()
	}
	if waits {
		c.receiver.Ready(c)
	}
	return false
}
