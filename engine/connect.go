package engine

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/briohq/brio/transport"
)

// upgrader returns what can make a connection of a CONNECT request, nil for any
// other request. It may be wrapped, as for an [http.ResponseController].
func upgrader(w http.ResponseWriter, r *http.Request) transport.Upgrader {
	if r.Method != http.MethodConnect {
		return nil
	}
	for {
		if up, ok := w.(transport.Upgrader); ok {
			return up
		}
		wrapper, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return nil
		}
		w = wrapper.Unwrap()
	}
}

// serveConnect answers a request for a connection on which the client says what
// it is for with the first packet, for which it has Config.UpgradeTimeout: an
// open packet, empty for a new session, or with the id of the session that
// changes to this connection (Engine.IO protocol v4, "WebTransport"). A
// connection on which something else is said ends. It has a place among the
// connections while it says that.
func (s *Server) serveConnect(w http.ResponseWriter, r *http.Request, up transport.Upgrader, origin trust) {
	if refused := s.verifyConnect(r, origin); refused != nil {
		s.refuse(w, r, refused, false)
		return
	}
	e, refused := s.enter()
	if refused != nil {
		s.refuse(w, r, refused, false)
		return
	}
	defer e.end()
	ctx, cancel := context.WithTimeout(r.Context(), s.config.UpgradeTimeout)
	defer cancel()
	conn, err := up.Upgrade(ctx, s.config.MaxPayload, &s.group)
	if err != nil {
		s.config.Logger.Debug("handshake refused", "remote", r.RemoteAddr, "error", err)
		return
	}
	if refused := s.welcome(conn, r, e); refused != nil {
		s.refused(r, refused)
		conn.Refuse()
	}
}

// verifyConnect decides about what is known before the first packet.
func (s *Server) verifyConnect(r *http.Request, origin trust) *refusal {
	switch {
	case !slices.Contains(s.config.Transports, "webtransport"):
		return &unknownTransport
	case !plain(r.Header.Get("Origin")):
		return &badRequest
	case origin == foreign:
		return &forbidden
	}
	return nil
}

// welcome begins or upgrades a session with a connection.
func (s *Server) welcome(conn transport.Newcomer, r *http.Request, e *entry) *refusal {
	id, ok := greeting(conn.First())
	if !ok {
		return &badRequest
	}
	if id != "" {
		return s.upgradeTo(conn, id)
	}
	if refused := s.ask(r, e); refused != nil {
		return refused
	}
	id, err := s.claim(r)
	if err != nil {
		s.config.Logger.Debug("no session id", "remote", r.RemoteAddr, "error", err)
		return &badRequest
	}
	defer s.release(id)
	session := &Session{id: id, server: s, revision: transport.V4, ready: true}
	if !s.open(session, conn, r, e, []string{}) {
		conn.Refuse()
		return nil
	}
	conn.Start(session)
	return nil
}

func (s *Server) upgradeTo(conn transport.Newcomer, id string) *refusal {
	session := s.find(id)
	switch {
	case session == nil:
		return &unknownSession
	case s.config.NoUpgrade, session.revision == transport.V3:
		return &badRequest
	}
	up := session.beginUpgrade(conn.Name())
	if up == nil || !session.attach(up, conn) {
		conn.Refuse() // as a WebSocket is: clients try more than one
		return nil
	}
	conn.Start(session)
	return nil
}

// greeting reads the first packet of a connection: the id of the session that
// it is for, none for a new one.
func greeting(p transport.Packet) (id string, ok bool) {
	if p.Type != transport.Open {
		return "", false
	}
	if len(p.Data) == 0 {
		return "", true
	}
	var first struct {
		ID string `json:"sid"`
	}
	err := json.Unmarshal(p.Data, &first)
	return first.ID, err == nil && first.ID != ""
}
