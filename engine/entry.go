package engine

import (
	"context"
	"net/http"
)

// entry is a handshake that is let in: it has a place among the connections of
// Config.MaxConnections. When it has become a session, that has the place.
type entry struct {
	server *Server
	ends   []func() // see [OnEnd]
	kept   bool     // it has become a session
}

// entryKey is the key of a handshake's entry in the context of its request.
type entryKey struct{}

// OnEnd has f called once, when the session has ended that the request begins, or
// when it turns out to begin none. It is for Config.AllowRequest, to count what it
// has let in; f is called even if that returns an error. It must not block. For any
// other request OnEnd reports false, and f is not called. It must not be called
// concurrently for one request.
func OnEnd(r *http.Request, f func()) bool {
	e, ok := r.Context().Value(entryKey{}).(*entry)
	if ok {
		e.ends = append(e.ends, f)
	}
	return ok
}

// enter gives a handshake its place, or refuses it if there is none.
func (s *Server) enter() (*entry, *refusal) {
	if s.overloaded() {
		return nil, busy.count(s)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return nil, &stopped
	}
	if s.crowded(1) {
		s.full = true
		return nil, crowded.count(s)
	}
	s.arriving++
	s.full = s.full || s.crowded(1)
	return &entry{server: s}, nil
}

// crowded reports whether n more connections are too many. It is called with mu
// held.
func (s *Server) crowded(n int) bool {
	return s.config.MaxConnections > 0 && len(s.sessions)+s.arriving+n > s.config.MaxConnections
}

// emptier notes that a place has become free. The server is not full any more when
// a sixteenth of them is. It is called with mu held.
func (s *Server) emptier() {
	if s.full && !s.crowded(max(1, s.config.MaxConnections/16)) {
		s.full = false
	}
}

// ask has Config.AllowRequest decide about a handshake that has its place. If that
// panics, the place is given back; else that is the caller's to do.
func (s *Server) ask(r *http.Request, e *entry) *refusal {
	if s.config.AllowRequest == nil {
		return nil
	}
	r = r.WithContext(context.WithValue(r.Context(), entryKey{}, e))
	decided := false
	defer func() {
		if !decided {
			e.end()
		}
	}()
	err := s.config.AllowRequest(r)
	decided = true
	if err != nil {
		return s.refusalOf(err)
	}
	return nil
}

// keep makes the entry a session's. It is called with the server's mu held.
func (e *entry) keep(session *Session) {
	e.kept = true
	s := e.server
	s.arriving--
	s.sessions[session.id] = session
	if e.ends != nil {
		if s.ends == nil {
			s.ends = map[*Session][]func(){}
		}
		s.ends[session] = e.ends
	}
}

// end gives the place back, unless a session has it. A nil entry has none.
func (e *entry) end() {
	if e == nil || e.kept {
		return
	}
	e.kept = true
	e.server.mu.Lock()
	e.server.arriving--
	e.server.emptier()
	e.server.mu.Unlock()
	for _, f := range e.ends {
		f()
	}
}
