package brio

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

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
	// Host is the one that the request was for, with its port if it named one.
	Host string
	// Header and URL are those of the request; its query is URL.Query(). Once
	// handlers of OnConnect have run, Header has what Config.KeepHeaders says.
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

func newHandshake(r *http.Request, revision transport.Revision) Handshake {
	return Handshake{
		Time: time.Now(), Revision: revision, Address: r.RemoteAddr, Secure: r.TLS != nil,
		Host: r.Host, Header: r.Header, URL: r.URL,
	}
}

// brief is a Handshake in little memory, for connections that have many of them
// beside: its text is the address, the host, the URL and the lines of the header.
type brief struct {
	text     string
	began    time.Duration // since the server's start
	revision transport.Revision
	secure   bool
}

func (s *Server) brief(h *Handshake) brief {
	text := make([]byte, 0, 512)
	text = append(text, h.Address...)
	text = append(text, '\n')
	text = append(text, h.Host...)
	text = append(text, '\n')
	text = append(text, h.URL.RequestURI()...)
	for name, values := range h.Header {
		if !s.config.keeps(name) {
			continue
		}
		for _, value := range values {
			text = append(text, '\n')
			text = append(text, name...)
			text = append(text, ':')
			text = append(text, value...)
		}
	}
	return brief{string(text), h.Time.Sub(s.start), h.Revision, h.Secure}
}

// handshake returns what there was at first, but for headers that are not kept.
func (s *Server) handshake(b *brief) Handshake {
	h := Handshake{Time: s.start.Add(b.began), Revision: b.revision, Secure: b.secure, Header: http.Header{}, URL: &url.URL{}}
	address, rest, _ := strings.Cut(b.text, "\n")
	host, rest, _ := strings.Cut(rest, "\n")
	uri, rest, _ := strings.Cut(rest, "\n")
	h.Address, h.Host = address, host
	if u, err := url.ParseRequestURI(uri); err == nil { // as it was once
		h.URL = u
	}
	for line := range strings.SplitSeq(rest, "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok {
			h.Header[name] = append(h.Header[name], value)
		}
	}
	return h
}

// describe returns the handshake of a socket that brought auth.
func (c *connection) describe(auth string) Handshake {
	var h Handshake
	if a := c.arrival.Load(); a != nil {
		h = a.handshake
	} else {
		h = c.server.handshake(&c.brief)
	}
	if auth != "" {
		h.Auth = json.RawMessage(auth)
	}
	return h
}
