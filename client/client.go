// Package client is the Socket.IO client in Go, for brio and for any other server
// of Socket.IO 3 and later (Socket.IO protocol v5).
//
// There are two types: a [Config], and a [Socket], which is one namespace of one
// server. It is a [brio.Emitter], a [brio.Caller] and a [brio.Listener], so that the
// constants which a server handles are used here as they are:
//
//	const (
//		Join brio.Call[string, []string] = "join"
//		Said brio.Event[string]          = "said"
//	)
//
//	c := client.New("http://localhost:3000/chat", client.Config{})
//	defer c.Close()
//	Said.On(c, func(ctx context.Context, line string) error { return show(line) })
//	if err := c.Connect(ctx); err != nil {
//		return err
//	}
//	people, err := Join.Do(ctx, c, "lobby")
//
// The sockets of [Socket.Of] share one connection. It is there as long as one of
// them wants it, and is made again when it is lost, at growing intervals; each
// socket then joins its namespace again. What is emitted meanwhile waits, within
// Config.MaxBacklog.
//
// # Order
//
// The handlers of one socket run one at a time, in the order in which things
// happened, on a goroutine that exists only while there is something to handle.
// Those of different sockets run side by side. Acknowledgements are taken outside
// it, so a handler may wait for one with Do. What one goroutine emits is sent in
// that order.
//
// # Caveats
//
// Without Config.Retries an event is sent at most once: what was under way when the
// connection broke is lost, unless it is asked for an acknowledgement, whose lack
// tells. With it, an event is sent at least once, and may arrive twice.
//
// When more than Config.MaxBacklog bytes wait for the handlers of one socket, the
// connection is not read until they have caught up. No heartbeat is answered then:
// a handler that takes longer than the server's patience, 45 s by default, costs
// the connection. A handler that waits for an acknowledgement behind them waits
// that long too.
package client

import (
	"context"

	"github.com/briohq/brio"
)

var (
	_ brio.Emitter  = (*Socket)(nil)
	_ brio.Caller   = (*Socket)(nil)
	_ brio.Listener = (*Socket)(nil)
)

// New returns the socket of a namespace, which is the path of the address: that of
// http://example.com/chat is /chat. The scheme is http, https, ws or wss. The query
// is sent to the server with each request. It does not connect, and an address that
// makes no sense is the error of [Socket.Connect].
func New(address string, config Config) *Socket {
	m, namespace := newManager(address, config.withDefaults())
	return m.of(namespace, config.Auth)
}

// Dial is [New] and [Socket.Connect]. If it fails, nothing is left running.
func Dial(ctx context.Context, address string, config Config) (*Socket, error) {
	s := New(address, config)
	if err := s.Connect(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}
