// Package nats is the adapter for clusters of nodes that NATS connects: core NATS,
// without JetStream.
//
//	conn, err := nats.Connect("nats://10.0.0.1:4222")
//	…
//	server := brio.NewServer(brio.Config{Adapter: nats.New(conn, nats.Config{})})
//
// Each namespace has subjects of its own: one that all nodes hear, one for each node,
// and one for each room. A broadcast to exactly one room, without acknowledgements,
// goes to the room's subject, which only nodes subscribe to that have a socket in it;
// what is for other rooms doesn't reach them. Rooms named as sockets' ids are by
// default, 20 letters, digits, _ and -, share a subject that all nodes hear: a node
// without that socket drops such a message before it is decoded. All other requests
// reach all nodes.
//
// What is sent reaches the other nodes at most once, and in order. A node subscribes
// to a room shortly after its first socket has joined it, before it sends anything
// else: who has heard something that the node sent later has its broadcasts reach the
// room. Until then what others broadcast to that room may miss it.
//
// While NATS can't be reached, each node goes on for its own sockets, and an error says
// that the others don't hear of it; nothing is kept for them. When it is back, so are
// the subscriptions, and within Config.Cluster.HeartbeatInterval the nodes know each
// other again.
//
// # Caveats
//
// A namespace of a server with [brio.Config.Recovery] hears what is for all its rooms,
// since what a socket that is away misses goes into the log of its node.
//
// A message is limited by the max_payload of the NATS server, 1 MiB by default; a
// larger one is not sent, with [ErrTooLarge].
//
// The nodes of a cluster trust each other, and everybody who may publish under the
// prefix.
//
// [brio.Config.Recovery]: https://pkg.go.dev/github.com/briohq/brio#Config
package nats

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/adapter/cluster"
)

var (
	// ErrDisconnected says that there is no connection to NATS: the other nodes
	// don't get what is sent now.
	ErrDisconnected = errors.New("not connected to NATS: other nodes are not reached")
	// ErrBacklog says that Config.MaxPending bytes wait to be sent, because NATS
	// takes them more slowly than they are sent, or not at all.
	ErrBacklog = errors.New("too much waits to be sent to NATS: other nodes are not reached")
	// ErrTooLarge says that a message is larger than the NATS server takes.
	ErrTooLarge = errors.New("larger than NATS takes: send less at once, or raise max_payload of the NATS server")
)

// Config is what [New] takes. Its zero value works.
type Config struct {
	// Prefix is what all subjects begin with. Nodes with the same one are a
	// cluster: letters, digits, _ and -, in parts with dots between them. Default
	// "brio".
	Prefix string
	// MaxPending bounds in bytes what waits to be sent to NATS, and for each
	// namespace what has come from there and waits to be handled; what is more is
	// lost to this node, and logged. Default 32 MiB.
	MaxPending int
	// Cluster is what adapters of clusters have in common: heartbeats, timeouts and
	// the log.
	Cluster cluster.Config
}

func (c Config) withDefaults() Config {
	c.Prefix = cmp.Or(c.Prefix, "brio")
	if c.MaxPending <= 0 {
		c.MaxPending = 32 << 20
	}
	if c.Cluster.Logger == nil {
		c.Cluster.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// New returns what makes the adapters of a node, for its Config.Adapter. The connection
// stays its owner's, to be closed after the server has been shut down; several servers
// may share it. It must be one that never gives up reconnecting, as [Connect] makes it.
// An adapter can't be made if the connection is down, or if its permissions don't let
// it publish and subscribe under the prefix.
func New(conn *nats.Conn, config Config) adapter.New { return build(conn, config, cluster.New) }

// NewEmitter returns what makes the adapters of a process that has no clients, and sends
// to those of the nodes, as [cluster.NewEmitter] has it. It hears nothing, and needs no
// permission to subscribe.
func NewEmitter(conn *nats.Conn, config Config) adapter.New {
	return build(conn, config, cluster.NewEmitter)
}

func build(conn *nats.Conn, config Config, f func(cluster.Bus, cluster.Config) adapter.New) adapter.New {
	config = config.withDefaults()
	b, err := newBus(conn, config)
	if err != nil {
		return func(string, adapter.Sockets) (adapter.Adapter, error) { return nil, err }
	}
	return f(b, config.Cluster)
}

// Connect connects to NATS: url is one or several with commas between them, such as
// nats://token@10.0.0.1:4222. Unlike that of [nats.Connect] the connection never gives
// up once it has been made: it tries a server again after 100 ms to 1 s. Options are
// applied afterwards.
func Connect(url string, options ...nats.Option) (*nats.Conn, error) {
	conn, err := nats.Connect(url, append([]nats.Option{
		nats.Name("brio"),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(),
		nats.ReconnectWait(100 * time.Millisecond),
		nats.ReconnectJitter(900*time.Millisecond, 900*time.Millisecond),
	}, options...)...)
	switch {
	case err == nil:
		return conn, nil
	case errors.Is(err, nats.ErrAuthorization):
		return nil, fmt.Errorf("NATS refuses the credentials: give the user and password or the token of its configuration: %w", err)
	case errors.Is(err, nats.ErrNoServers):
		return nil, fmt.Errorf("no NATS server answers at the given address: is it running, and is the port that of clients? %w", err)
	}
	return nil, fmt.Errorf("connect to NATS: %w", err)
}
