package engine

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// trust is what the origin of a request is allowed.
type trust byte

const (
	foreign trust = iota // nothing
	anyone               // to read answers, but not to send credentials
	named                // both
)

// trust judges the origin of a request. It holds for WebSocket too: browsers do
// not apply their policy to it.
func (s *Server) trust(r *http.Request) trust {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return named // no browser
	}
	return s.trustOf(r, origin)
}

// trustOf judges an origin, whose page has made a request.
func (s *Server) trustOf(r *http.Request, origin string) trust {
	if !plain(origin) {
		return foreign
	}
	allow := s.config.CORS.AllowOrigin
	switch {
	case s.config.Origins == nil && sameHost(origin, r),
		slices.ContainsFunc(s.config.Origins, func(o string) bool { return o != "*" && strings.EqualFold(o, origin) }),
		allow != nil && allow(r, origin):
		return named
	case slices.Contains(s.config.Origins, "*"):
		return anyone
	}
	return foreign
}

func sameHost(origin string, r *http.Request) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host) // "null" has none, nor has HTTP/1.0
}

// withoutForeignCookies returns the request without the cookies that a browser has
// added to it for a page which may not send them: to a WebSocket and to a script it
// adds them for every page, whatever it was told, and the server would take a stranger's
// page for its user.
func (s *Server) withoutForeignCookies(r *http.Request, origin trust) *http.Request {
	if len(r.Header["Cookie"]) == 0 {
		return r
	}
	page := r.Header.Get("Origin")
	if page == "" && s.config.AllowEIO3 && parseQuery(r.URL.RawQuery).script.set {
		page = pageOfScript(r)
		origin = s.trustOf(r, page)
	}
	if origin == named && (page == "" || !s.config.CORS.NoCredentials || sameHost(page, r)) {
		return r
	}
	own := r.WithContext(r.Context())
	own.Header = r.Header.Clone()
	own.Header.Del("Cookie")
	return own
}

// Share does with a request for something else under the server's path what
// ServeHTTP does with its own: it lets pages of an allowed origin read the answer
// (CORS), and answers a browser that asks beforehand. It reports whether that was
// all.
func (s *Server) Share(w http.ResponseWriter, r *http.Request) bool {
	return s.sharing.share(w, r, s.trust(r))
}
