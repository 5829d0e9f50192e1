package engine

import (
	"cmp"
	"time"
)

// retryAfter is after how long a client is asked to come back to a server that is
// overloaded, if nobody says otherwise.
const retryAfter = 5 * time.Second

// Overload is the error with which Config.AllowRequest refuses a handshake for
// which there is no room now, rather than no right: it is answered with status 503
// (Service Unavailable) and Retry-After. It may be wrapped.
type Overload struct {
	// Message is what the client is told. Default "server overloaded".
	Message string
	// RetryAfter is after how long it should try again; it is sent in seconds,
	// rounded up. Default 5 s.
	RetryAfter time.Duration
}

func (o *Overload) Error() string { return cmp.Or(o.Message, busy.Message) }

// Reasons for which a server is not ready.
const (
	Stopping           = "shutting down"
	TooManyConnections = "connections"
	TooMuchBacklog     = "backlog"
	TooMuchMemory      = "memory"
)

// Busy returns why a new session would not be let in, or soon will not be: the
// words above, and what Config.Busy says. It is empty while the server is ready.
func (s *Server) Busy() (reasons []string) {
	s.mu.RLock()
	stopping, full := s.stopping, s.full
	s.mu.RUnlock()
	for _, one := range []struct {
		is   bool
		word string
	}{
		{stopping, Stopping},
		{full, TooManyConnections},
		{s.budget.over.Load(), TooMuchBacklog},
		{s.memory.over(s.now()), TooMuchMemory},
	} {
		if one.is {
			reasons = append(reasons, one.word)
		}
	}
	if s.config.Busy != nil {
		if word := s.config.Busy(); word != "" {
			reasons = append(reasons, word)
		}
	}
	return reasons
}

// overloaded reports whether sessions are refused for another reason than their
// number.
func (s *Server) overloaded() bool {
	return s.budget.over.Load() || s.memory.over(s.now()) || s.config.Busy != nil && s.config.Busy() != ""
}

// Stats are counts of a server.
type Stats struct {
	Sessions int   // there are
	Backlog  int64 // bytes that wait for clients which can't take them now
	Shed     int64 // sessions since the start that were closed because of Config.MaxBacklogTotal
	Refused  int64 // handshakes since the start that were refused with status 503
	Excess   int64 // times since the start that a client sent more than Config.Intake
}

// Stats returns the server's counts.
func (s *Server) Stats() Stats {
	return Stats{s.Len(), s.waiting(), s.budget.shed.Load(), s.turned.Load(), s.excess.Load()}
}
