package engine

import (
	"errors"
	"sync"

	"github.com/briohq/brio/transport"
)

// What [Session.Send] refuses.
var (
	// ErrClosed is returned for a session that closes or has closed.
	ErrClosed = errors.New("session closed")
	// ErrBacklog is returned when too much waits to be sent already. The
	// session has been closed for [SlowClient], unless it was a case for [Drop].
	ErrBacklog = errors.New("too much waits to be sent to this client")
)

// Sending says how frames are to be sent. The flags may be combined.
type Sending uint8

const (
	// Later leaves the writing to the server's flusher: for frames that are
	// likely to be followed by more, such as those of a broadcast.
	Later Sending = 1 << iota
	// Volatile drops the frames if the client can't take them now: because
	// earlier ones could not be written yet, or no polling request is held. It
	// also drops them if there is no room, as Drop does, but without an error.
	Volatile
	// Drop drops the frames if there is no room for them, with [ErrBacklog], and
	// the session goes on. A quarter of Config.MaxBacklog is kept for what may not
	// be dropped: the layer above would have to close the session for it.
	Drop
)

// outbox is a list of frames that wait. Lists are pooled: an idle session has
// none.
type outbox struct {
	frames []*transport.Frame // nil where one has been replaced
	gaps   int                // how many of them are nil
	latest map[label]place    // what may be replaced; made when first needed
}

var outboxes = sync.Pool{New: func() any { return new(outbox) }}

// all returns the frames that wait.
func (o *outbox) all() []*transport.Frame {
	if o.gaps > 0 {
		o.close()
	}
	return o.frames
}

func (o *outbox) free() {
	if cap(o.frames) > 1024 {
		return // one burst must not keep its memory for ever
	}
	clear(o.frames)
	o.frames, o.gaps = o.frames[:0], 0
	if len(o.latest) > 0 {
		clear(o.latest)
	}
	outboxes.Put(o)
}

// Send queues frames, in order and as one: nothing comes between them. Unless
// how says otherwise it also writes them if nobody else is writing. It never
// blocks.
func (s *Session) Send(frames []*transport.Frame, how Sending) error {
	return s.SendThen(frames, how, nil)
}

// SendThen is Send, and calls then, unless it is nil, once the frames are queued
// and before any of them is written: what others send because of it comes after
// them, and the client can't know of them before it. It must not use the
// session. If Send fails it is not called.
func (s *Session) SendThen(frames []*transport.Frame, how Sending, then func()) error {
	return s.SendIf(frames, how, nil, then)
}

// Gate decides whether frames may be sent.
type Gate interface {
	// Open is called when it is the turn of the frames to be queued, so that
	// nothing else is queued between its answer and them. It must not use the
	// session.
	Open() bool
}

// SendIf is SendThen if the gate is open, or nil, and fails with [ErrClosed] if not.
func (s *Session) SendIf(frames []*transport.Frame, how Sending, gate Gate, then func()) error {
	return s.send(frames, how, gate, then, "")
}

func (s *Session) send(frames []*transport.Frame, how Sending, gate Gate, then func(), key string) error {
	size := len(key)
	for _, f := range frames {
		size += f.Size()
	}
	room := s.server.config.MaxBacklog
	if how&(Volatile|Drop) != 0 {
		room -= room / 4
	}
	s.mu.Lock()
	others := s.queued
	if key != "" {
		others -= s.replaceable(label{gate, key})
	}
	full := others > 0 && others+size > room
	switch {
	case s.state != open, gate != nil && !gate.Open():
		s.mu.Unlock()
		return ErrClosed
	case how&Volatile != 0 && (s.blocked || full):
		s.mu.Unlock()
		return nil
	case full && how&Drop != 0:
		s.mu.Unlock()
		return ErrBacklog
	case full:
		s.mu.Unlock()
		s.Abort(SlowClient)
		return ErrBacklog
	}
	if key != "" {
		s.replace(label{gate, key}, len(frames), size)
	}
	s.queue(frames, size)
	if then != nil {
		then()
	}
	write := s.ready
	if how&Later != 0 && write {
		write = false
		if !s.dirty {
			s.dirty = true
			s.shard().flusher.add(s)
		}
	}
	s.mu.Unlock()
	if write {
		s.flush()
	}
	return nil
}

// queue appends to the outbox. It is called with mu held.
func (s *Session) queue(frames []*transport.Frame, size int) {
	if s.out == nil {
		s.out = outboxes.Get().(*outbox)
	}
	s.out.frames = append(s.out.frames, frames...)
	s.queued += size
	if s.blocked {
		s.count(size)
	}
}

// flush writes what waits until nothing does, or the transport takes no more
// for now. Only one goroutine writes at a time, and takes along what others
// queue. A closing session ends here, with its last frames.
func (s *Session) flush() {
	s.mu.Lock()
	s.dirty = false
	if s.writing {
		s.mu.Unlock()
		return
	}
	for s.ready && s.state != closed && (s.out != nil || s.state == closing) {
		batch, conn, last := s.out, s.conn, s.state == closing
		if batch == nil {
			batch = outboxes.Get().(*outbox)
		}
		s.out = nil
		s.ready = false
		s.writing = true
		s.inflight = s.queued
		if last {
			up := s.upgrade
			s.state, s.upgrade = closed, nil
			s.mu.Unlock()
			s.tellSent(batch.all())
			conn.Close(batch.all())
			batch.free()
			s.endUpgrade(up)
			s.forget()
			return
		}
		s.mu.Unlock()
		s.tellSent(batch.all())
		more := conn.Write(batch.all())
		batch.free()
		s.mu.Lock()
		for s.left != nil {
			s.releaseLeft()
		}
		s.writing = false
		switch {
		case more && conn == s.conn:
			s.written()
		case conn == s.conn && !s.ready:
			s.block(true)
		}
	}
	s.mu.Unlock()
}

// tellSent tells of a write.
func (s *Session) tellSent(frames []*transport.Frame) {
	if f := s.server.config.OnSent; f != nil && len(frames) > 0 {
		bytes := 0
		for _, one := range frames {
			bytes += one.Length()
		}
		f(len(frames), bytes)
	}
}

// releaseLeft ends the transports that the session has left during a write. It
// is called with mu held, which it lets go of for that.
func (s *Session) releaseLeft() {
	left := s.left
	s.left = left.before
	s.mu.Unlock()
	left.conn.Release()
	s.mu.Lock()
}

// written notes that the transport has taken what it was given. It is called
// with mu held.
func (s *Session) written() {
	s.block(false)
	s.ready = true
	s.queued -= s.inflight
	s.inflight = 0
}
