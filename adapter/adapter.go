// Package adapter is the contract between a namespace and its cluster, and
// [Local], the index of the sockets and rooms of one node.
//
// A namespace hands every broadcast to its [Adapter], which brings it to the
// sockets that [Options] select: those of this node through [Sockets], those
// of others in its own way. The default adapter is [Memory], a cluster of one.
package adapter

import "github.com/briohq/brio/protocol"

// Options select sockets, and say how a packet is to reach them.
type Options struct {
	// Everyone selects all sockets of the namespace; otherwise only those in
	// one of Rooms. A socket's id is a room that it alone is in.
	Everyone bool
	Rooms    []string
	// Except leaves out the sockets in one of these rooms.
	Except []string
	// Local leaves out the sockets of other nodes.
	Local bool
	// Volatile drops the packet for clients that can't take it at once.
	Volatile bool
	// Uncompressed sends the packet as it is where others are compressed.
	Uncompressed bool
}

// Sockets are the sockets of one namespace on this node, as an adapter sees
// them.
type Sockets interface {
	// Deliver sends the packet to the selected sockets of this node. It
	// doesn't block.
	Deliver(p *protocol.Packet, o Options)
}

// Adapter is one namespace's way to its cluster. Its methods may be called
// concurrently.
type Adapter interface {
	// Broadcast brings the packet to the selected sockets, wherever they
	// are. It doesn't block. The packet must not be changed afterwards. An
	// error says that other nodes may not have got it; this node's sockets
	// have.
	Broadcast(p *protocol.Packet, o Options) error
	// Close ends the adapter. Nothing is broadcast after it.
	Close() error
}

// New makes the adapter of a namespace.
type New func(namespace string, sockets Sockets) (Adapter, error)

// Memory returns the adapter of a node that is alone.
func Memory(_ string, sockets Sockets) (Adapter, error) {
	return memory{sockets}, nil
}

type memory struct{ sockets Sockets }

func (m memory) Broadcast(p *protocol.Packet, o Options) error {
	m.sockets.Deliver(p, o)
	return nil
}

func (memory) Close() error { return nil }
