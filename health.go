package brio

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/briohq/brio/engine"
)

// Overload is the error with which Config.AllowRequest refuses a connection for
// which there is no room now, rather than no right; it may be wrapped. The server
// refuses with it too, above Config.MaxConnections, MaxBacklogTotal or MaxMemory,
// and when it is shut down. Polling requests and WebSocket handshakes are answered
// with status 503 (Service Unavailable), Retry-After, and {"code":6,"message":…};
// official clients try again by themselves. Connections that are there stay.
type Overload = engine.Overload

// OnEnd has f called once, when the connection has ended that the request begins,
// or when it turns out to begin none. It is for Config.AllowRequest, to count what
// it has let in; f is called even if that returns an error. It must not block. For
// any other request OnEnd reports false, and f is not called. It must not be called
// concurrently for one request.
func OnEnd(r *http.Request, f func()) bool { return engine.OnEnd(r, f) }

// Ready returns nil if new connections are let in, and else an [Overload] whose
// message is the reasons why they are not, or soon will not be, with commas:
// "shutting down", from the beginning of [Server.Shutdown] on, before anybody is
// disconnected; "connections", from when there are Config.MaxConnections until a
// sixteenth of them has gone; "backlog" and "handlers", for MaxBacklogTotal;
// "memory", for MaxMemory. It may be called concurrently.
func (s *Server) Ready() error {
	if reasons := s.engine.Busy(); len(reasons) > 0 {
		return &Overload{Message: strings.Join(reasons, ", ")}
	}
	return nil
}

// health is the body of an answer of Liveness and Readiness.
type health struct {
	Status      string   `json:"status"`
	Reasons     []string `json:"reasons,omitempty"`
	Connections int      `json:"connections"`
}

// Liveness returns a handler for who restarts a process that hangs: it answers 200
// as long as the process does, during a shutdown too, with
// {"status":"ok","connections":…}.
func (s *Server) Liveness() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		health{Status: "ok", Connections: s.engine.Len()}.answer(w, http.StatusOK)
	})
}

// Readiness returns a handler for who spreads clients among servers. It answers 200
// with {"status":"ready","connections":…} if the server is [Server.Ready], and else
// 503 with {"status":"busy","reasons":[…],"connections":…}.
//
// It says how many connections there are to whoever asks: serve it where only those
// can ask who may know.
func (s *Server) Readiness() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := health{Status: "ready", Reasons: s.engine.Busy(), Connections: s.engine.Len()}
		status := http.StatusOK
		if len(h.Reasons) > 0 {
			h.Status, status = "busy", http.StatusServiceUnavailable
		}
		h.answer(w, status)
	})
}

func (h health) answer(w http.ResponseWriter, status int) {
	b, _ := json.Marshal(h) // plain fields
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
