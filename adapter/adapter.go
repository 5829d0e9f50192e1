// Package adapter is the contract between a namespace and its cluster, and
// [Local], the index of the sockets and rooms of one node.
//
// What a namespace does goes through its [Adapter], which brings it to the
// sockets that [Options] select: those of this node through [Sockets], those
// of others in its own way. There are three kinds of doing: an event is
// broadcast, a [Request] is told, and a [Request] is asked, which yields a
// sequence of [Reply]. On the other nodes each of the three is handed to their
// Sockets, so that an adapter has to know how to carry requests and replies,
// not what they mean. Both are plain values that encoding/json can carry.
//
// The default adapter is [Memory], a cluster of one. Package adaptertest has a
// cluster within one process, and the tests that an adapter should pass.
package adapter

import (
	"context"
	"iter"

	"github.com/briohq/brio/protocol"
)

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
	// Latest is the key of a packet that takes the place of those which wait for
	// the same client with the same key; empty for one that doesn't.
	Latest string
	// Uncompressed sends the packet as it is where others are compressed.
	Uncompressed bool
}

// Sockets are the sockets of one namespace on this node, as an adapter sees
// them. Its methods may be called concurrently, from when the adapter is made.
type Sockets interface {
	// Deliver sends the packet to the selected sockets of this node. It
	// doesn't block.
	Deliver(p *protocol.Packet, o Options)
	// Do does what another node has told, or this one for its own sockets. It
	// doesn't block, and ignores what it doesn't know. Events of servers are
	// handled one at a time, in the order in which they are given to Do.
	Do(r Request)
	// Answer yields this node's replies, with an empty Node. Nothing happens
	// before the range begins; it ends when everything has been answered, when
	// it is left, or when ctx ends, which bounds what a [Call] or an [Emit] may
	// take. An error says that the reply is not complete, and comes last: the
	// cause of ctx, if that is why. That sockets do not answer a Call in time
	// is no error.
	Answer(ctx context.Context, r Request) iter.Seq2[Reply, error]
}

// Interest is what [Sockets] may be too: they say in which rooms they are, so that an
// adapter need not bring them what is for others only.
type Interest interface {
	// Watch has changed called when the first socket of this node has entered a
	// room and when the last has left it, and at once for rooms that have sockets;
	// for rooms of sockets' ids too. It must not block, and not call Has: what
	// that says a moment later is what counts. Watch reports false, and changed is
	// not called, if what is for any room matters to this node.
	Watch(changed func(room string)) bool
	// Has reports whether a socket of this node is in the room.
	Has(room string) bool
}

// Adapter is one namespace's way to its cluster. Its methods may be called
// concurrently. Packets and requests must not be changed afterwards.
type Adapter interface {
	// Broadcast brings the packet to the selected sockets, wherever they
	// are. It doesn't block. An error says that other nodes may not have got
	// it; this node's sockets have.
	Broadcast(p *protocol.Packet, o Options) error
	// Tell brings the request to the nodes with [Sockets.Do]: to this one, and
	// to the others unless Options.Local is set; an [Emit] only to the others.
	// It doesn't block. An error says that other nodes may not have got it;
	// this one has.
	Tell(r Request) error
	// Ask brings the request to the nodes with [Sockets.Answer], to the same
	// ones as Tell, and yields their replies as they come. Nothing is sent
	// before the range begins; leaving it early gives up what is still
	// awaited, on the other nodes too if they can be told. If nodes have not
	// replied to the end when ctx ends, or have gone, a [*MissingError] comes
	// last and names them; but not a node that has only to wait for the sockets
	// of a [Call], once it has said which it has asked. An error does not end
	// the sequence.
	Ask(ctx context.Context, r Request) iter.Seq2[Reply, error]
	// Close ends the adapter, and with it what it waits for; nothing of it
	// runs any more when it returns. Broadcast, Tell and Ask then reach
	// nobody.
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

func (m memory) Tell(r Request) error {
	if r.Op != Emit {
		m.sockets.Do(r)
	}
	return nil
}

func (m memory) Ask(ctx context.Context, r Request) iter.Seq2[Reply, error] {
	if r.Op == Emit {
		return func(func(Reply, error) bool) {}
	}
	return m.sockets.Answer(ctx, r)
}

func (memory) Close() error { return nil }
