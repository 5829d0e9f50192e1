package engine

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/briohq/brio/transport"
)

var pong = []*transport.Frame{transport.NewText(transport.Pong, "")}

var errHeartbeat = errors.New("invalid heartbeat direction")

// Revision returns the revision of the protocol that the client speaks.
func (s *Session) Revision() transport.Revision { return s.revision }

// heartbeat takes a ping or a pong. In revision 3 it is the client that pings
// (Engine.IO protocol v3, "Timeouts"), in revision 4 the server.
func (s *Session) heartbeat(t transport.Type) {
	theirs := s.revision == transport.V3
	switch {
	case theirs && t == transport.Ping:
		s.mu.Lock()
		if s.state == open {
			s.awaitPing()
		}
		s.mu.Unlock()
		_ = s.Send(pong, 0) // a session that has just ended needs no pong
	case !theirs && t == transport.Pong:
		s.ponged()
	default:
		s.fail(errHeartbeat)
	}
}

// awaitPing sets the time by which the client has to send its next ping. For the
// wheel it is the answer to one of ours that is due. It is called with mu held.
func (s *Session) awaitPing() {
	s.pinged = true
	s.schedule(s.server.now() + s.server.config.PingInterval + s.server.config.PingTimeout)
}

// verifyV3 is the end of verify for a handshake that asks for revision 3.
func (s *Server) verifyV3(in intent, r *http.Request, script param) (intent, *refusal) {
	if !s.config.AllowEIO3 {
		return in, &unsupportedVersion
	}
	in.format.Revision = transport.V3
	if in.websocket || !script.set {
		return in, nil
	}
	if !s.allowedScript(r) {
		return in, &forbidden
	}
	in.script, in.format.Base64 = script, true
	return in, nil
}

// allowedScript is the origin policy for a JSONP handshake.
func (s *Server) allowedScript(r *http.Request) bool {
	if r.Header.Get("Origin") != "" {
		return true // has been judged by it
	}
	return s.trustOf(r, pageOfScript(r)) != foreign
}

// pageOfScript returns the origin of the page that loads a script. A browser loads
// scripts from everywhere, for any page, and does not say Origin: the page is known
// by the Referer, and one without it is nobody's.
func pageOfScript(r *http.Request) string {
	if page, err := url.Parse(r.Referer()); err == nil && page.Host != "" {
		return page.Scheme + "://" + page.Host
	}
	return "null"
}
