package cluster

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/briohq/brio/adapter"
)

// Peer is a socket as nodes on Node.js describe it.
type Peer struct {
	ID        string          `json:"id"`
	Handshake Handshake       `json:"handshake"`
	Rooms     []string        `json:"rooms"`
	Data      json.RawMessage `json:"data,omitempty"` // an object, or whatever an application on Node.js has put there
}

// Handshake is how it came.
type Handshake struct {
	Headers map[string]values `json:"headers"` // with names in lower case
	Time    string            `json:"time"`
	Address string            `json:"address"`
	XDomain bool              `json:"xdomain"`
	Secure  bool              `json:"secure"`
	Issued  int64             `json:"issued"` // milliseconds since 1970
	URL     string            `json:"url"`
	Query   map[string]values `json:"query"`
	Auth    json.RawMessage   `json:"auth,omitempty"`
}

// values are a string, or a list of several.
type values []string

// MarshalJSON implements [json.Marshaler].
func (v values) MarshalJSON() ([]byte, error) {
	if len(v) == 1 {
		return json.Marshal(v[0])
	}
	return json.Marshal([]string(v))
}

// UnmarshalJSON implements [json.Unmarshaler]. What is neither is left out.
func (v *values) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	var one string
	if json.Unmarshal(b, &one) == nil {
		*v = values{one}
		return nil
	}
	var several []string
	_ = json.Unmarshal(b, &several)
	*v = several
	return nil
}

func newPeer(p adapter.Peer) Peer {
	h := p.Handshake
	w := Peer{ID: p.ID, Rooms: p.Rooms, Handshake: Handshake{
		Headers: make(map[string]values, len(h.Header)),
		Time:    h.Time.UTC().Format("Mon Jan 02 2006 15:04:05 GMT-0700 (Coordinated Universal Time)"),
		Address: h.Address,
		XDomain: h.Header.Get("Origin") != "",
		Secure:  h.Secure,
		Issued:  h.Time.UnixMilli(),
		URL:     h.URL,
		Query:   map[string]values{},
		Auth:    h.Auth,
	}}
	for name, list := range h.Header {
		w.Handshake.Headers[strings.ToLower(name)] = list
	}
	if u, err := url.Parse(h.URL); err == nil {
		for name, list := range u.Query() {
			w.Handshake.Query[name] = list
		}
	}
	if w.Rooms == nil {
		w.Rooms = []string{}
	}
	if len(h.Auth) == 0 {
		w.Handshake.Auth = json.RawMessage("{}")
	}
	if p.Data != nil {
		w.Data, _ = json.Marshal(p.Data) // its values are JSON already
	}
	return w
}

// peer returns the socket of a namespace that it describes.
func (w *Peer) peer(namespace string) adapter.Peer {
	h := w.Handshake
	p := adapter.Peer{ID: w.ID, Namespace: namespace, Rooms: w.Rooms, Handshake: adapter.Handshake{
		Time: time.UnixMilli(h.Issued).UTC(), Address: h.Address, Secure: h.Secure, URL: h.URL, Header: make(http.Header, len(h.Headers)),
	}}
	for name, list := range h.Headers {
		p.Handshake.Header[http.CanonicalHeaderKey(name)] = list
	}
	if string(h.Auth) != "{}" && string(h.Auth) != "null" {
		p.Handshake.Auth = h.Auth
	}
	_ = json.Unmarshal(w.Data, &p.Data) // nil unless it is an object
	return p
}
