package engine

import (
	"time"

	"github.com/briohq/brio/transport"
)

var ping = []*transport.Frame{transport.NewText(transport.Ping, "")}

// startHeart makes the first ping due. The server sends the pings (Engine.IO
// protocol v4, "Heartbeat"), except in revision 3.
func (s *Session) startHeart() {
	s.heart.Owner = (*heart)(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.revision == transport.V3 {
		s.awaitPing()
		return
	}
	s.schedule(s.server.now() + s.server.config.PingInterval)
}

// schedule sets what is due next. It is called with mu held.
func (s *Session) schedule(due time.Duration) {
	s.due = due
	s.shard().wheel.Schedule(&s.heart, due-s.server.now())
}

// heart is a session as the owner of its heartbeat.
type heart Session

// Expire is called by the wheel when something is due: a ping, the answer to
// one, or the end of a closing session.
func (h *heart) Expire() {
	s := (*Session)(h)
	s.mu.Lock()
	switch {
	case s.state == closed:
		s.mu.Unlock()
	case s.state == closing:
		s.mu.Unlock()
		s.Abort(TransportClose)
	case !s.pinged:
		s.pinged = true
		s.sounded = s.server.now()
		s.schedule(s.due + s.server.config.PingTimeout)
		s.mu.Unlock()
		_ = s.Send(ping, Later) // a session that has just ended needs no ping
	case s.pauses > 0:
		s.schedule(s.server.now() + s.server.config.PingTimeout)
		s.mu.Unlock()
	default:
		s.mu.Unlock()
		s.Abort(PingTimeout)
	}
}

// ponged takes the answer to a ping. The next one is due an interval from now.
func (s *Session) ponged() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == open {
		s.pinged, s.heard = false, s.sounded
		s.schedule(s.server.now() + s.server.config.PingInterval)
	}
}

// overdue reports whether the client has been silent for too long, even if the
// wheel has not come to say so. A request that arrives right after the deadline
// must not find the session.
func (s *Session) overdue() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != open || s.pauses > 0 {
		return false
	}
	deadline := s.due
	if !s.pinged {
		deadline += s.server.config.PingTimeout
	}
	return s.server.now() >= deadline
}

// Heard returns a time for which the client has proved, by answering a heartbeat,
// that it has got everything that was sent before it; the zero time if there is
// none yet.
func (s *Session) Heard() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heard == 0 {
		return time.Time{}
	}
	return s.server.start.Add(s.heard)
}

// Patience returns the longest time for which a client that has gone without a
// word is taken for present.
func (s *Server) Patience() time.Duration {
	return s.config.PingInterval + s.config.PingTimeout
}
