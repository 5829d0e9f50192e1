package engine

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// allowed is the origin policy. It holds for WebSocket too: browsers do not
// apply theirs to it.
func (s *Server) allowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	if s.config.Origins == nil {
		u, err := url.Parse(origin)
		return err == nil && strings.EqualFold(u.Host, r.Host)
	}
	return slices.ContainsFunc(s.config.Origins, func(o string) bool {
		return o == "*" || strings.EqualFold(o, origin)
	})
}

// share lets pages of an allowed origin read the answer (CORS), errors too, and
// answers a browser that asks beforehand. It reports whether that was all.
// Cookies and other credentials are let through only for origins that are named.
func (s *Server) share(w http.ResponseWriter, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if s.config.Origins == nil || origin == "" {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	if plain(origin) && s.allowed(r) {
		h.Set("Access-Control-Allow-Origin", origin)
		if slices.ContainsFunc(s.config.Origins, func(o string) bool { return strings.EqualFold(o, origin) }) {
			h.Set("Access-Control-Allow-Credentials", "true")
		}
	}
	if r.Method != http.MethodOptions {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Content-Type")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}
