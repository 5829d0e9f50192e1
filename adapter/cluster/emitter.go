package cluster

import (
	"context"
	"errors"
	"iter"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/protocol"
)

// ErrEmitter is why an emitter is told nothing.
var ErrEmitter = errors.New("an emitter sends and hears nothing: ask one of the servers")

// NewEmitter returns what makes the adapters of a process that has no clients, and only
// sends: for the Config.Adapter of a server that is never served. What it emits, and
// whom it puts into rooms or disconnects, reaches the sockets of all nodes; they don't
// know that it is there. What asks for answers fails with [ErrEmitter]. Shutdown returns
// when everything has been sent.
func NewEmitter(bus Bus, config Config) adapter.New {
	config = config.withDefaults()
	return func(namespace string, sockets adapter.Sockets) (adapter.Adapter, error) {
		ctx, cancel := context.WithTimeout(context.Background(), config.JoinTimeout)
		defer cancel()
		line, err := bus.Join(ctx, namespace, emitter, nil)
		if err != nil {
			return nil, err
		}
		n := &node{config: config, namespace: namespace, name: emitter, sockets: sockets, line: line}
		n.ctx, n.cancel = context.WithCancelCause(context.Background())
		return &sender{n}, nil
	}
}

// sender is a node that only sends.
type sender struct{ node *node }

// Broadcast implements [adapter.Adapter].
func (s *sender) Broadcast(p *protocol.Packet, o adapter.Options) error {
	return s.node.Broadcast(p, o)
}

// Tell implements [adapter.Adapter].
func (s *sender) Tell(r adapter.Request) error { return s.node.Tell(r) }

// Ask implements [adapter.Adapter].
func (s *sender) Ask(ctx context.Context, r adapter.Request) iter.Seq2[adapter.Reply, error] {
	return func(yield func(adapter.Reply, error) bool) {
		if r.Options.Local {
			s.node.sockets.Answer(ctx, r)(yield)
			return
		}
		yield(adapter.Reply{}, ErrEmitter)
	}
}

// Close implements [adapter.Adapter].
func (s *sender) Close() error {
	s.node.cancel(ErrClosed)
	return s.node.line.Close()
}
