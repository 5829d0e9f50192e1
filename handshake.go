package brio

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/briohq/brio/protocol"
	"github.com/briohq/brio/transport"
)

// Handshake is how a socket came: the request that began its connection, and
// what it brought to its namespace. It must not be modified.
type Handshake struct {
	// Time is when the connection began.
	Time time.Time
	// Revision is that of the Engine.IO protocol which the client speaks: 4,
	// or 3 for clients of Socket.IO 2, see [Config].AllowEIO3.
	Revision transport.Revision
	// Address is the network address of the peer, which behind a proxy is
	// the proxy's.
	Address string
	// Secure says that the request came over TLS, to this server itself.
	Secure bool
	// Header and URL are those of the request; its query is URL.Query().
	Header http.Header
	URL    *url.URL
	// Auth is the JSON object that the client connected to the namespace
	// with, nil if there was none. For revision 3 it has the query of the
	// namespace, as strings, and is nil for the main one.
	Auth json.RawMessage
}

// ScanAuth decodes Auth into dest, as encoding/json does. Without Auth it
// leaves dest alone.
func (h Handshake) ScanAuth(dest any) error {
	if h.Auth == nil {
		return nil
	}
	return json.Unmarshal(h.Auth, dest)
}

func newHandshake(r *http.Request) *Handshake {
	return &Handshake{Time: time.Now(), Address: r.RemoteAddr, Secure: r.TLS != nil, Header: r.Header, URL: r.URL}
}

// with returns the handshake of one socket of the connection.
func (h *Handshake) with(p *protocol.Packet) *Handshake {
	if p.Data == nil {
		return h
	}
	one := *h
	one.Auth = json.RawMessage(append([]byte(nil), p.Data...))
	return &one
}
