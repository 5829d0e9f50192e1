// Package redis connects nodes through Redis.
//
//	client, err := rueidis.NewClient(rueidis.MustParseURL("redis://127.0.0.1:6379"))
//	…
//	server := brio.NewServer(brio.Config{Adapter: redis.New(client, redis.Config{})})
//
// Messages have the form of the package @socket.io/redis-adapter for Node.js, so that
// servers of both kinds can be in one cluster, and emitters of both reach all clients.
// What nodes of brio say beyond that is ignored by those on Node.js: which socket has
// answered, how long is waited, that somebody has given up. Heartbeats, by which nodes
// of brio know each other, go by a channel of their own; of nodes on Node.js only their
// number is known, from Redis.
//
// # Guarantees
//
// Redis brings a message to who is subscribed at that moment, once or, when a
// connection breaks, not at all: between nodes delivery is at most once. Messages of
// one node arrive in the order in which it sent them. If Redis can't be reached each
// node goes on for its own clients, what it sends is lost to the others and said to be
// lost, and subscriptions are made anew once Redis is back.
package redis

import (
	"cmp"
	"log/slog"

	"github.com/redis/rueidis"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/adapter/cluster"
	"github.com/briohq/brio/internal/link"
)

// ErrBacklog is why a message has not been sent: Redis is too slow, or not there.
var ErrBacklog = link.ErrBacklog

// Config says how nodes speak. Its zero value is that of the package for Node.js.
type Config struct {
	// Key is what the names of all channels begin with. Clusters that share a Redis
	// need different ones. Default "socket.io".
	Key string
	// SpecificResponses sends what nodes on Node.js have asked to them alone, as
	// their publishOnSpecificResponseChannel does; for versions before 7.1 it must
	// be off. Nodes of brio are always answered so. Default: such answers go to all.
	SpecificResponses bool
	// MaxPending is how many bytes may wait to be sent to Redis, beyond which
	// [ErrBacklog] says that a message has not been sent. Default 16 MiB.
	MaxPending int
	// Cluster is about the nodes. Its Logger hears of this package too.
	Cluster cluster.Config
}

// NewEmitter returns what makes the adapters of a process that only sends, see
// [cluster.NewEmitter]; the client is as for [New].
func NewEmitter(client rueidis.Client, config Config) adapter.New {
	bus, config := newBus(client, config)
	return cluster.NewEmitter(bus, config.Cluster)
}

// New returns what makes the adapters of one node, for its Config.Adapter. The client
// stays its owner's, who closes it when the server has shut down; it may be that of a
// single Redis, of Sentinels or of a Redis Cluster. An adapter that can't subscribe
// within Cluster.JoinTimeout fails.
func New(client rueidis.Client, config Config) adapter.New {
	bus, config := newBus(client, config)
	return cluster.New(bus, config.Cluster)
}

func newBus(client rueidis.Client, config Config) (cluster.Bus, Config) {
	config.Key = cmp.Or(config.Key, "socket.io")
	if config.MaxPending <= 0 {
		config.MaxPending = 16 << 20
	}
	if config.Cluster.Logger == nil {
		config.Cluster.Logger = slog.New(slog.DiscardHandler)
	}
	return &classic{config: config, client: client, link: newLink(client, config)}, config
}
