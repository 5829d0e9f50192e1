package transport

import (
	"context"

	"github.com/briohq/brio/internal/group"
)

// Upgrader is an [net/http.ResponseWriter] of a request that asks for a connection
// which says by itself, with its first packet, what it is for: one of
// WebTransport. Who serves the request finds the Upgrader as one finds an
// [net/http.Hijacker], so that a server needs to know no library that can make such
// connections, and what makes them needs to know no server.
type Upgrader interface {
	// Upgrade answers the request with a connection, and waits until ctx ends
	// for its first packet. Of the packets after that one none may have more
	// than limit bytes. The connection's goroutines are of g. If it fails, the
	// request has been answered too.
	Upgrade(ctx context.Context, limit int, g *group.Group) (Newcomer, error)
}

// Newcomer is a Conn of which only the first packet has been read. Start or
// Refuse must be called, once; Write, Close and Abort may be before Start, and
// the receiver is told what came of that after it.
type Newcomer interface {
	Conn
	// First returns the first packet. Its data is borrowed until Start.
	First() Packet
	// Start makes the Conn push what comes next into r.
	Start(r Receiver)
	// Refuse ends a Conn that has not been started, and returns when it is gone.
	Refuse()
}
