package adapter

import (
	"encoding/json"
	"net/http"
	"time"
)

// Peer describes a socket, on whatever node it is.
type Peer struct {
	ID        string
	Namespace string
	Handshake Handshake
	// Rooms are those that it is in, the one of its id first.
	Rooms []string
	// Data is what is kept with the socket and can be encoded, by name.
	Data map[string]json.RawMessage `json:",omitempty"`
}

// Handshake describes how a socket came.
type Handshake struct {
	Time    time.Time // when its connection began
	Address string    // the network address of the peer
	Secure  bool      // over TLS
	URL     string    // of the request, with its query
	Header  http.Header
	Auth    json.RawMessage `json:",omitempty"` // a JSON object, nil if there was none
}
