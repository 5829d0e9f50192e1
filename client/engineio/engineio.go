// Package engineio is the client's end of an Engine.IO connection (Engine.IO
// protocol v4): it finds a transport, upgrades it, answers heartbeats and carries
// messages. It neither reconnects nor knows what messages mean.
//
// [Dial] tries the transports one after the other and returns a [Conn] when the
// server has answered with its handshake. [Conn.Serve] reads, on the goroutine of
// its caller, until the connection ends; it is to be called once for each Conn.
// [Conn.Send] queues, and never waits for the network.
//
// The transports are WebSocket and HTTP long-polling. A connection that begins
// with long-polling is upgraded while it is in use, without a gap in the order of
// its messages. Config.Dialers takes further ones: see package
// client/webtransport.
//
// An idle connection on a WebSocket has no goroutine but Serve's and no timer but
// a read deadline; one on long-polling has those of net/http besides. WebSocket
// messages are not compressed; answers to long-polling may be.
package engineio

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/briohq/brio/transport"
)

// Message is one message. Text must be UTF-8, and on long-polling must not
// contain the byte 0x1E, which JSON never does: the protocol has no escape for it.
type Message struct {
	Data   []byte
	Binary bool

	// Uncompressed is of one that is sent: it is not compressed, see [Config].Deflate.
	Uncompressed bool
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

// Dialer makes the connection of one transport, by which a client then speaks
// Engine.IO; it does not wait for the handshake. address is http or https, with
// the query of the user. With an id the connection is to continue the session of
// that id, which is on another transport so far; without, it is to begin one.
// config has its defaults filled in. If ctx ends, that ends the dialing, but not a
// Pipe which has been returned.
type Dialer func(ctx context.Context, address *url.URL, id string, config Config) (Pipe, error)

// Pipe is an ordered pipe of packets to a server. Read is called by one goroutine
// at a time, and so are Write and Goodbye, which may run beside it. Close and
// SetReadDeadline may be called at any time.
type Pipe interface {
	// Read waits for the next packet, whose data is borrowed until the next Read.
	// The error wraps [io.EOF] if the server has ended the pipe in an orderly
	// way, [transport.ErrParse] if it sent what is no packet, and
	// [os.ErrDeadlineExceeded] if it sent nothing in time.
	Read() (transport.Packet, error)
	// Write sends packets in order, and waits until they have left. It keeps
	// neither the slice nor the data. After an error Read fails too, when it has
	// returned what had arrived.
	Write(packets []transport.Packet) error
	// SetReadDeadline bounds the Reads that begin after it.
	SetReadDeadline(t time.Time)
	// Goodbye tells the server, after all Writes, that the client leaves. The
	// server ends the pipe, which Read reports.
	Goodbye() error
	// Close ends the pipe at once, and the Read, Write and Goodbye that wait.
	Close() error
}
