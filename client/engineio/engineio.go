// Package engineio is the client's end of an Engine.IO connection (Engine.IO
// protocol v4): it finds a transport, upgrades it, answers heartbeats and carries
// messages. It neither reconnects nor knows what messages mean.
package engineio

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Config is how a connection is made. Its zero value works.
type Config struct {
	// Transports are the ones to use, in the order in which they are tried:
	// websocket, polling, and those of Dialers. Default: websocket, then polling.
	Transports []string
	// NoUpgrade stays with the transport that the connection began with. Default:
	// polling gives way to WebSocket.
	NoUpgrade bool
	// Header is sent with each request.
	Header http.Header
	// Dial makes network connections. Default: that of a [net.Dialer].
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// MaxBacklog is how many bytes may wait to be sent; beyond them [Conn.Send]
	// fails. Default 4 MiB.
	MaxBacklog int
	// OnUpgrade hears the name of the transport that has taken over.
	OnUpgrade func(transport string)
}

// Message is one message.
type Message struct {
	Data   []byte
	Binary bool
}

// What [Conn.Send] fails with.
var (
	ErrClosed  = errors.New("connection closed")
	ErrBacklog = errors.New("too much waits to be sent")
)

// Reason says why a connection has ended, in the words of the official client.
type Reason string

// The reasons.
const (
	TransportClose Reason = "transport close" // the server, or the network, has ended it
	TransportError Reason = "transport error" // it broke
	ParseError     Reason = "parse error"     // the server sent what is no packet
	PingTimeout    Reason = "ping timeout"    // no heartbeat came in time
	ForcedClose    Reason = "forced close"    // Close or Abort
)

// CloseError is why a connection has ended.
type CloseError struct {
	Reason Reason
	Err    error // what was seen of it, may be nil
}

func (e *CloseError) Error() string {
	if e.Err == nil {
		return string(e.Reason)
	}
	return fmt.Sprintf("%s: %v", e.Reason, e.Err)
}

// Unwrap returns what was seen.
func (e *CloseError) Unwrap() error { return e.Err }

// handshake is the payload of the server's first packet ("Handshake").
type handshake struct {
	ID           string   `json:"sid"`
	Upgrades     []string `json:"upgrades"`
	PingInterval int64    `json:"pingInterval"` // ms
	PingTimeout  int64    `json:"pingTimeout"`  // ms
	MaxPayload   int      `json:"maxPayload"`   // bytes
}

func (h *handshake) patience() time.Duration {
	return time.Duration(h.PingInterval+h.PingTimeout) * time.Millisecond
}

// Dial connects to a server: address is http, https, ws or wss, with the path at
// which it answers and the query to send. It returns when the handshake is done.
func Dial(ctx context.Context, address *url.URL, config Config) (*Conn, error) {
	return dialWebSocket(ctx, address, config)
}
