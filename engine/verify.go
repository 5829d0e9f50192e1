package engine

import (
	"net/http"
	"slices"
	"strings"

	"github.com/briohq/brio/transport"
)

// intent is what a request is for, once it has been verified.
type intent struct {
	session   *Session // nil for a handshake
	websocket bool     // the transport it asks for
	upgrade   bool     // it is a WebSocket handshake
	format    transport.Format
	script    param // of a JSONP handshake: its index
	entry     *entry
}

// verify decides whether a request is let in, given what its origin is allowed.
// The order of the checks is the reference implementation's: a request that is
// wrong twice gets its answer.
func (s *Server) verify(r *http.Request, origin trust) (intent, *refusal) {
	q := parseQuery(r.URL.RawQuery)
	in := intent{upgrade: strings.EqualFold(r.Header.Get("Upgrade"), "websocket")}
	name := q.transport.value
	if name == "webtransport" || !slices.Contains(s.config.Transports, name) {
		return in, &unknownTransport // there is another way to the first, see serveConnect
	}
	in.websocket = name == "websocket"
	if !plain(r.Header.Get("Origin")) {
		return in, &badRequest
	}
	if origin == foreign {
		return in, &forbidden
	}
	in.format.Base64 = q.base64.value != ""
	if id := q.session.value; id != "" {
		return s.verifySession(in, id)
	}
	switch {
	case r.Method != http.MethodGet:
		return in, &badHandshakeMethod
	case in.websocket != in.upgrade:
		return in, &badRequest
	}
	var refused *refusal
	if in.entry, refused = s.enter(); refused != nil {
		return in, refused
	}
	if refused = s.ask(r, in.entry); refused != nil {
		return in, refused
	}
	switch q.revision.value {
	case "4":
		in.format.Revision = transport.V4
		return in, nil
	case "3":
		return s.verifyV3(in, r, q.script)
	default:
		return in, &unsupportedVersion
	}
}

// find returns the session of that id, unless its client has been silent for
// too long.
func (s *Server) find(id string) *Session {
	s.mu.RLock()
	session := s.sessions[id]
	s.mu.RUnlock()
	if session != nil && session.overdue() {
		session.Abort(PingTimeout)
		return nil
	}
	return session
}

func (s *Server) verifySession(in intent, id string) (intent, *refusal) {
	session := s.find(id)
	if session == nil {
		return in, &unknownSession
	}
	switch {
	case in.upgrade != in.websocket,
		in.upgrade && s.config.NoUpgrade,
		!in.upgrade && session.Transport() != "polling":
		return in, &badRequest
	}
	in.session = session
	in.format.Revision = session.revision
	return in, nil
}

// plain reports whether a header has none of the bytes that have no place in
// one.
func plain(header string) bool {
	for i := range len(header) {
		if c := header[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
