package engine

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/briohq/brio/internal/wheel"
	"github.com/briohq/brio/transport"
)

// closeTimeout is how long a closing session waits until what was sent before
// has left, such as for the next polling request.
const closeTimeout = 30 * time.Second

// Receiver is what a [Session] pushes into: the layer above. One that is an
// [Opener] too hears of the beginning.
type Receiver interface {
	// Message takes one message. Its bytes are borrowed until it returns.
	// Messages come in order, one at a time. It must not block: see
	// [Session.Pause].
	Message(data []byte, binary bool)
	// Closed is called once, when the session closes; it may run beside a
	// Message that has begun. No Message begins after it.
	Closed(Reason)
}

// Opener is a [Receiver] that has something to do or to say before the client.
type Opener interface {
	// Opened is called once, when the session's handshake waits to be sent and
	// before any Message. The session may close meanwhile.
	Opened()
}

// Pulser is a [Receiver] that is to know of its client's heartbeats.
type Pulser interface {
	// Pulse is called with each, as Message is.
	Pulse()
}

func pulse(r Receiver) {
	if m, ok := r.(*metered); ok {
		r = m.Receiver
	}
	if p, ok := r.(Pulser); ok {
		p.Pulse()
	}
}

// Session is one client's connection, whatever transport carries it now. All
// methods may be called concurrently.
type Session struct {
	id     string
	server *Server
	heart  wheel.Entry

	// taking is held while a packet is taken, so that the old and the new
	// transport of an upgrade push one after the other. It guards nothing.
	taking sync.Mutex

	mu       sync.Mutex // guards what follows
	receiver Receiver
	conn     transport.Conn
	upgrade  *upgrade // under way, else nil

	// The heartbeat: a ping is due, or the answer to one, or the client's ping
	// in revision 3, at this time since the server's start.
	due     time.Duration
	sounded time.Duration // when the last ping was queued
	heard   time.Duration // when the last one was that has been answered, 0 if none has

	// The outbox.
	out      *outbox
	queued   int        // bytes in out and in flight
	inflight int        // bytes that the transport has not finished with
	left     *departure // transports left by an upgrade meanwhile

	// What is small stands together, for there are many sessions.
	home     uint16             // which of the server's shards is its own; set before it is known
	pauses   int32              // that have not been resumed
	revision transport.Revision // is never changed
	state    state
	pinged   bool // the answer to a ping is due
	ready    bool // the transport may be written to
	blocked  bool // the transport could not take everything
	dirty    bool // the flusher knows of this session
	writing  bool // somebody is writing
}

// departure is a transport that a session has left while something was written:
// to be released after that.
type departure struct {
	conn   transport.Conn
	before *departure
}

type state byte

const (
	open    state = iota
	closing       // nothing comes in; what waits still goes out
	closed
)

// shard returns what the session shares with others.
func (s *Session) shard() *shard { return s.server.shards[s.home] }

// ID returns the session's id: 20 characters, hard to guess, unless Config.NewID
// made it.
func (s *Session) ID() string { return s.id }

// Transport returns the name of the transport that carries the session now:
// polling, websocket or webtransport.
func (s *Session) Transport() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn.Name()
}

// Receive takes a packet from a transport.
func (s *Session) Receive(c transport.Conn, p transport.Packet) {
	if f := s.server.config.OnReceived; f != nil {
		f(p.Size())
	}
	s.taking.Lock()
	defer s.taking.Unlock()
	s.mu.Lock()
	up := s.upgrade
	if up != nil && up.conn == c {
		s.mu.Unlock()
		s.probe(up, p)
		return
	}
	current := s.state == open && c == s.conn
	receiver := s.receiver
	s.mu.Unlock()
	if !current {
		return
	}
	if m, ok := receiver.(*metered); ok && !m.take(len(p.Data)) {
		return
	}
	switch p.Type {
	case transport.Message:
		receiver.Message(p.Data, p.Binary)
	case transport.Ping, transport.Pong:
		s.heartbeat(p.Type)
		pulse(receiver)
	case transport.Close:
		// Of polling: a request may be on its way still, and gets its answer.
		if up != nil {
			s.abandon(up)
		}
		s.Close(TransportClose)
	default:
		s.fail(fmt.Errorf("%w: unexpected %v packet", transport.ErrParse, p.Type))
	}
}

// Ready hears from a transport that it can be written to.
func (s *Session) Ready(c transport.Conn) {
	s.mu.Lock()
	if up := s.upgrade; up != nil && up.conn == c {
		up.ready = true
		s.mu.Unlock()
		return
	}
	if c != s.conn {
		s.mu.Unlock()
		return
	}
	s.written()
	s.releasePoll()
	s.mu.Unlock()
	s.flush()
}

// Closed hears from a transport that it has ended.
func (s *Session) Closed(c transport.Conn, err error) {
	s.mu.Lock()
	up := s.upgrade
	candidate, current := up != nil && up.conn == c, s.conn == c
	s.mu.Unlock()
	switch {
	case candidate:
		s.abandon(up)
	case current:
		s.fail(err)
	}
}

// fail ends the session because of what the client, or the network, did.
func (s *Session) fail(err error) {
	reason := TransportError
	switch {
	case err == nil:
		reason = TransportClose
	case errors.Is(err, transport.ErrParse):
		reason = ParseError
	}
	s.server.config.Logger.Debug("session failed", "session", s.id, "reason", string(reason), "error", err)
	s.Abort(reason)
}

// Close ends the session for the given reason once what waits has been sent.
// The receiver is told at once.
func (s *Session) Close(reason Reason) {
	s.mu.Lock()
	if s.state != open {
		s.mu.Unlock()
		return
	}
	s.state = closing
	receiver := s.receiver
	s.pauses = 0
	s.conn.Resume()
	s.shard().wheel.Schedule(&s.heart, closeTimeout)
	s.mu.Unlock()
	receiver.Closed(reason)
	s.flush()
}

// Abort ends the session at once. What waits is lost.
func (s *Session) Abort(reason Reason) {
	s.mu.Lock()
	if s.state == closed {
		s.mu.Unlock()
		return
	}
	told := s.state == closing
	s.state = closed
	s.block(false)
	conn, up, receiver := s.conn, s.upgrade, s.receiver
	s.upgrade, s.out = nil, nil
	s.mu.Unlock()
	s.forget()
	s.endUpgrade(up)
	conn.Abort()
	if !told {
		receiver.Closed(reason)
	}
}

// forget takes the session out of its server's hands.
func (s *Session) forget() {
	s.shard().wheel.Cancel(&s.heart)
	s.server.remove(s)
}

// Pause asks for no more messages for now: what the layer above has not dealt
// with yet has reached its bound. The client feels it, for its data is not
// read any more; the heartbeat waits too. Some that have been read already may
// still come. Each Pause needs its Resume.
func (s *Session) Pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != open {
		return
	}
	s.pauses++
	if s.pauses == 1 {
		s.conn.Pause()
	}
}

// Resume ends a Pause.
func (s *Session) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pauses == 0 {
		return // the session has closed meanwhile
	}
	s.pauses--
	if s.pauses == 0 {
		// What the client has to say in time may be behind what was not read.
		switch {
		case s.revision == transport.V3:
			s.awaitPing()
		case s.pinged:
			s.schedule(s.server.now() + s.server.config.PingTimeout)
		}
		if up := s.upgrade; up != nil && up.probed {
			s.shard().wheel.Schedule(&up.deadline, s.server.config.UpgradeTimeout)
		}
		s.conn.Resume()
	}
}
