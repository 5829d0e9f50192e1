package cluster

import (
	"context"

	"github.com/briohq/brio/adapter"
)

// Bus brings messages from node to node: the client of a broker. Its methods may be
// called concurrently.
type Bus interface {
	// Join makes a node hear what the others say in a namespace: each message is
	// given to receive, those of one node in the order in which it sent them, one
	// at a time. A message of the node itself, or one for another node, may be
	// given too, and is ignored. receive doesn't block, and isn't called any more
	// once the line has been closed. When Join returns the node hears everything.
	Join(ctx context.Context, namespace, node string, receive func(*Message)) (Line, error)
}

// Selective is a [Bus] that brings nodes only what they need.
type Selective interface {
	Bus
	// JoinFor is Join, but what [Message.Room] says is for one room need not be
	// given to a node whose interest says that none of its sockets is in it.
	JoinFor(ctx context.Context, namespace, node string, receive func(*Message), interest adapter.Interest) (Line, error)
}

// Line is a [Bus] as one namespace of one node uses it. Its methods may be called
// concurrently.
type Line interface {
	// Send sends a message to all others, or to the node it is for. It doesn't
	// block: what can't leave at once waits, within a bound. An error says that
	// it has not been sent, or may not have been.
	Send(m *Message) error
	// Nodes returns how many nodes the broker knows to hear the namespace, this
	// one included; 0 if it doesn't tell. Nodes which don't send heartbeats are
	// known by that alone.
	Nodes(ctx context.Context) (int, error)
	// Close ends it. Nothing of the line runs any more when it returns.
	Close() error
}
