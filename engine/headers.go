package engine

import "net/http"

// setCookie is for the answer to a session's handshake.
func (s *Server) setCookie(w http.ResponseWriter, id string) {
	if s.config.Cookie == nil {
		return
	}
	if cookie := s.config.Cookie(id); cookie != nil {
		http.SetCookie(w, cookie)
	}
}

// addHeaders is for every answer to a request of a session.
func (s *Server) addHeaders(w http.ResponseWriter, r *http.Request) {
	if s.config.Headers != nil {
		s.config.Headers(w.Header(), r)
	}
}
