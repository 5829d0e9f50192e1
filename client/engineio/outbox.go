package engineio

import "github.com/briohq/brio/transport"

// overhead is what a message counts beside its data, so that empty ones are
// bounded too.
const overhead = 32

// outbox is what waits to be sent.
type outbox struct {
	packets []transport.Packet
	spare   []transport.Packet // for the next ones
	waiting int                // bytes: of packets, and of those that are being written
	pong    bool               // a heartbeat is to be answered; one answer is enough for several
	control bool               // the pipe has something to say itself
}

func (o *outbox) empty() bool { return len(o.packets) == 0 && !o.pong && !o.control }

// add reports whether there is room for messages. There always is if nothing waits.
func (o *outbox) add(messages []Message, most int) bool {
	size := 0
	for _, m := range messages {
		size += len(m.Data) + overhead
	}
	if o.waiting > 0 && size > most-o.waiting {
		return false
	}
	o.waiting += size
	for _, m := range messages {
		o.packets = append(o.packets, transport.Packet{Type: transport.Message, Binary: m.Binary, Uncompressed: m.Uncompressed, Data: m.Data})
	}
	return true
}

// take returns everything that is to be written next, and what it counts.
func (o *outbox) take() (batch []transport.Packet, size int) {
	batch, size = o.packets, o.waiting
	if o.pong {
		batch = append(batch, transport.Packet{Type: transport.Pong})
	}
	o.packets, o.spare = o.spare, nil
	o.pong, o.control = false, false
	return batch, size
}

// written says that a batch has left.
func (o *outbox) written(batch []transport.Packet, size int) {
	o.waiting -= size
	clear(batch)
	if cap(batch) <= 64 {
		o.spare = batch[:0]
	}
	if o.packets == nil {
		o.packets, o.spare = o.spare, nil
	}
}

// clear forgets everything.
func (o *outbox) clear() { *o = outbox{} }

// Writable reports whether what is sent now can leave at once: nothing waits, and
// the connection is not changing its transport.
func (c *Conn) Writable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state == open && !c.broken && !c.writing && c.next == nil && c.outbox.empty()
}

// Send queues messages, in order and as one: nothing comes between them. It
// doesn't block, and takes the bytes over, which must not be changed any more.
// It fails with [ErrClosed], or with [ErrBacklog] and then takes none of them.
func (c *Conn) Send(messages ...Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != open || c.broken {
		return ErrClosed
	}
	if !c.outbox.add(messages, c.config.MaxBacklog) {
		return ErrBacklog
	}
	c.kick()
	return nil
}

func (c *Conn) sendPong() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outbox.pong = true
	c.kick()
}

// listen has a pipe say when it has something to send itself. It is called with mu
// held.
func (c *Conn) listen(pipe Pipe) {
	if w, ok := pipe.(*webSocket); ok {
		w.urge(func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.outbox.control = true
			c.kick()
		})
	}
}

// kick has what waits written, if nobody writes and something may be. It is called
// with mu held.
func (c *Conn) kick() {
	if c.writing || !c.mayWrite() {
		return
	}
	c.writing = true
	c.group.Go(c.write)
}

func (c *Conn) mayWrite() bool {
	return c.state != closed && !c.broken && c.next == nil && (c.state == closing || !c.outbox.empty())
}

// write writes until nothing waits, each time everything that has gathered. If the
// connection closes, it says goodbye then.
func (c *Conn) write() {
	c.mu.Lock()
	for c.mayWrite() {
		pipe, parting := c.pipe, c.outbox.empty()
		batch, size := c.outbox.take()
		c.mu.Unlock()
		var err error
		if parting {
			err = pipe.Goodbye()
		} else {
			err = pipe.Write(batch)
		}
		c.mu.Lock()
		c.outbox.written(batch, size)
		c.broken = c.broken || err != nil || parting // nothing follows a goodbye
		if parting && c.stop == nil {
			c.mu.Unlock()
			c.hearOut(pipe)
			c.mu.Lock()
		}
	}
	c.writing = false
	c.idle.Broadcast()
	c.mu.Unlock()
}

// hearOut reads what the server still says, on a connection that is not served, and
// ends it: a connection that is closed with something unread may take with it what
// was sent.
func (c *Conn) hearOut(pipe Pipe) {
	for {
		if _, err := pipe.Read(); err != nil {
			c.Abort()
			return
		}
	}
}
