package engine

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
)

// refusal is an answer to a request that is not let in. Its code and message
// are part of the protocol: clients show them.
type refusal struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

var (
	unknownTransport   = refusal{0, "Transport unknown"}
	unknownSession     = refusal{1, "Session ID unknown"}
	badHandshakeMethod = refusal{2, "Bad handshake method"}
	badRequest         = refusal{3, "Bad request"}
	forbidden          = refusal{4, "Forbidden"}
	unsupportedVersion = refusal{5, "Unsupported protocol version"}
)

// refuse answers a request that is not let in.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, f *refusal, websocket bool) {
	s.refused(r, f)
	f.answer(w, websocket)
}

// refused tells of a request that is not let in.
func (s *Server) refused(r *http.Request, f *refusal) {
	s.config.Logger.Debug("request refused", "remote", r.RemoteAddr, "code", f.Code, "message", f.Message)
	if s.config.OnRefused != nil {
		s.config.OnRefused(r, f.Code, f.Message)
	}
}

// answer sends the refusal: as JSON, or as the bare message where a WebSocket
// was asked for.
func (f refusal) answer(w http.ResponseWriter, websocket bool) {
	h := w.Header()
	status := http.StatusBadRequest
	body := []byte(f.Message)
	if websocket {
		h.Set("Connection", "close")
		h.Set("Content-Type", "text/html")
	} else {
		if f.Code == forbidden.Code {
			status = http.StatusForbidden
		}
		body, _ = json.Marshal(f) // two plain fields
		h.Set("Content-Type", "application/json")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// unavailable answers a request that comes during a shutdown.
func unavailable(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, "server shutting down")
}
