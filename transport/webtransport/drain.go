package webtransport

import (
	"bufio"
	"sync"

	"github.com/briohq/brio/transport"
)

const (
	// room is how many bytes a conn accepts without asking to be waited for:
	// what a kernel's buffer is to a WebSocket.
	room = 64 << 10
	// gather is how many bytes of small frames are written at once.
	gather = 16 << 10
)

// writers gather small frames.
var writers = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, gather) }}

// Write queues frames. A goroutine, which exists only while there are some,
// writes them.
func (c *conn) Write(frames []*transport.Frame) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != open {
		return false
	}
	c.enqueue(frames)
	c.waits = c.size > room
	return !c.waits
}

// enqueue is called with mu held.
func (c *conn) enqueue(frames []*transport.Frame) {
	c.queue = append(c.queue, frames...)
	c.size += size(frames)
	if !c.writing {
		c.writing = true
		c.group.Go(c.drain)
	}
}

func size(frames []*transport.Frame) int {
	n := 0
	for _, f := range frames {
		n += f.Size()
	}
	return n
}

// drain writes the queue until it is empty.
func (c *conn) drain() {
	for {
		c.mu.Lock()
		if c.state == ended || len(c.queue) == 0 {
			break
		}
		batch := c.queue
		c.queue = nil
		c.mu.Unlock()
		err := c.send(batch)
		c.mu.Lock()
		c.size -= size(batch)
		if err != nil && c.failure == nil {
			c.failure = err
		}
		c.mu.Unlock()
		if err != nil {
			c.session.hangUp() // the reader notices; writing stays set, so that nothing more is written
			return
		}
	}
	c.queue = nil
	c.writing = false
	ready := c.waits && c.receiver != nil && c.state == open
	c.waits = c.waits && !ready
	c.mu.Unlock()
	if ready {
		c.receiver.Ready(c)
	}
}

// send writes frames, small ones gathered.
func (c *conn) send(frames []*transport.Frame) error {
	w := writers.Get().(*bufio.Writer)
	w.Reset(c.stream)
	defer func() {
		w.Reset(nil)
		writers.Put(w)
	}()
	for _, f := range frames {
		first, rest := f.WebTransport()
		_ = w.WriteByte(first) // Flush knows of all errors
		_, _ = w.Write(rest)
	}
	return w.Flush()
}
