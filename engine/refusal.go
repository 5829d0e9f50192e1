package engine

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// refusal is an answer to a request that is not let in. Its code and message
// are part of the protocol: clients show them.
type refusal struct {
	Code    int    `json:"code"`
	Message string `json:"message"`

	retry time.Duration // of an overload: after which to come back; 0 for any other
}

var (
	unknownTransport   = refusal{Code: 0, Message: "Transport unknown"}
	unknownSession     = refusal{Code: 1, Message: "Session ID unknown"}
	badHandshakeMethod = refusal{Code: 2, Message: "Bad handshake method"}
	badRequest         = refusal{Code: 3, Message: "Bad request"}
	forbidden          = refusal{Code: 4, Message: "Forbidden"}
	unsupportedVersion = refusal{Code: 5, Message: "Unsupported protocol version"}
)

// The protocol has no code for these: the next one is used.
var (
	busy    = refusal{6, "server overloaded", retryAfter}
	crowded = refusal{6, "too many connections", retryAfter}
	stopped = refusal{6, "server shutting down", time.Second}
)

// count counts a refusal that is due to an overload.
func (f refusal) count(s *Server) *refusal {
	s.turned.Add(1)
	return &f
}

// refusalOf returns the refusal for an error of Config.AllowRequest.
func (s *Server) refusalOf(err error) *refusal {
	o, ok := errors.AsType[*Overload](err)
	if !ok {
		return &refusal{Code: forbidden.Code, Message: err.Error()}
	}
	return refusal{busy.Code, o.Error(), max(cmp.Or(o.RetryAfter, retryAfter), time.Second)}.count(s)
}

// refuse answers a request that is not let in.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, f *refusal, websocket bool) {
	s.refused(r, f)
	f.answer(w, websocket, r.ProtoMajor == 1)
}

// refused tells of a request that is not let in.
func (s *Server) refused(r *http.Request, f *refusal) {
	s.config.Logger.Debug("request refused", "remote", r.RemoteAddr, "code", f.Code, "message", f.Message)
	if s.config.OnRefused != nil {
		s.config.OnRefused(r, f.Code, f.Message)
	}
}

// answer sends the refusal: as JSON, or as the bare message where a WebSocket
// was asked for. That of an overload is JSON always.
func (f refusal) answer(w http.ResponseWriter, websocket, http1 bool) {
	h := w.Header()
	status := http.StatusBadRequest
	body := []byte(f.Message)
	overload := f.retry > 0
	if overload {
		status = http.StatusServiceUnavailable
		h.Set("Retry-After", strconv.Itoa(int((f.retry+time.Second-1)/time.Second)))
	}
	if websocket || overload && http1 { // later versions have no such header
		h.Set("Connection", "close")
	}
	if websocket && !overload {
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
