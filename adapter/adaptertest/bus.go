// Package adaptertest has what adapters, and programs that run on several
// nodes, are tested with: [Bus], a cluster within one process, and [Run], the
// tests that every adapter should pass.
//
// What a Bus carries from node to node it encodes and decodes, as a broker would
// make it do. Otherwise it is simpler than any broker: what is broadcast or told
// has reached all nodes when the call returns, in order, and nothing is lost.
package adaptertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/internal/group"
	"github.com/briohq/brio/protocol"
)

// ErrClosed is why a node is missing whose adapter has been closed meanwhile.
var ErrClosed = errors.New("adapter closed")

// Bus connects nodes within one process. Its zero value is a cluster without
// nodes. Its methods may be called concurrently.
type Bus struct {
	mu      sync.RWMutex // guards what follows
	members []*member
	dead    map[string]bool
}

// Node returns what makes the adapters of the node of that name, for its
// Config.Adapter.
func (b *Bus) Node(name string) adapter.New {
	return func(namespace string, sockets adapter.Sockets) (adapter.Adapter, error) {
		m := &member{bus: b, node: name, namespace: namespace, sockets: sockets}
		m.ctx, m.cancel = context.WithCancelCause(context.Background())
		b.mu.Lock()
		defer b.mu.Unlock()
		b.members = append(b.members, m)
		return m, nil
	}
}

// Kill makes a node one that has died without a word: it gets nothing and
// answers nothing any more, and the others don't know.
func (b *Bus) Kill(node string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dead == nil {
		b.dead = map[string]bool{}
	}
	b.dead[node] = true
}

// Forget makes the others know that a node is dead. They do not wait for it any
// more.
func (b *Bus) Forget(node string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.members = slices.DeleteFunc(b.members, func(m *member) bool { return m.node == node })
}

// others returns the members of the same namespace that live, and those that
// seem to; none for one that is closed or dead itself.
func (b *Bus) others(m *member) (live, dead []*member) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if !slices.Contains(b.members, m) || b.dead[m.node] {
		return nil, nil
	}
	for _, one := range b.members {
		switch {
		case one.namespace != m.namespace || one == m:
		case b.dead[one.node]:
			dead = append(dead, one)
		default:
			live = append(live, one)
		}
	}
	return live, dead
}

// member is the adapter of one namespace on one node.
type member struct {
	bus       *Bus
	node      string
	namespace string
	sockets   adapter.Sockets

	ctx    context.Context //nolint:containedctx // the lifetime of the adapter
	cancel context.CancelCauseFunc
	group  group.Group // what is answered to others
}

// Broadcast implements [adapter.Adapter].
func (m *member) Broadcast(p *protocol.Packet, o adapter.Options) error {
	return m.each(func(one *member) error {
		if one == m {
			one.sockets.Deliver(p, o)
			return nil
		}
		carried, err := carry(adapter.Request{Event: p, Options: o})
		if err == nil {
			one.sockets.Deliver(carried.Event, carried.Options)
		}
		return err
	}, true, !o.Local)
}

// Tell implements [adapter.Adapter].
func (m *member) Tell(r adapter.Request) error {
	return m.each(func(one *member) error {
		if one == m {
			one.sockets.Do(r)
			return nil
		}
		carried, err := carry(r)
		if err == nil {
			one.sockets.Do(carried)
		}
		return err
	}, r.Op != adapter.Emit, !r.Options.Local)
}

func (m *member) each(do func(*member) error, here, elsewhere bool) error {
	var errs []error
	if here && m.ctx.Err() == nil {
		errs = append(errs, do(m))
	}
	if elsewhere {
		live, _ := m.bus.others(m)
		for _, one := range live {
			errs = append(errs, do(one))
		}
	}
	return errors.Join(errs...)
}

// Ask implements [adapter.Adapter].
func (m *member) Ask(ctx context.Context, r adapter.Request) iter.Seq2[adapter.Reply, error] {
	return func(yield func(adapter.Reply, error) bool) {
		if m.ctx.Err() != nil {
			return
		}
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer context.AfterFunc(m.ctx, func() { cancel(context.Cause(m.ctx)) })()

		var parts []func(context.Context) iter.Seq2[adapter.Reply, error]
		if r.Op != adapter.Emit {
			parts = append(parts, func(ctx context.Context) iter.Seq2[adapter.Reply, error] {
				return m.sockets.Answer(ctx, r)
			})
		}
		if !r.Options.Local {
			live, dead := m.bus.others(m)
			for _, one := range live {
				parts = append(parts, func(ctx context.Context) iter.Seq2[adapter.Reply, error] { return one.reply(ctx, r) })
			}
			for _, one := range dead {
				parts = append(parts, one.silence)
			}
		}
		var missing *adapter.MissingError
		for reply, err := range group.Merge(ctx, parts...) {
			if gone, ok := errors.AsType[*adapter.MissingError](err); ok {
				if missing == nil {
					missing = &adapter.MissingError{Err: gone.Err}
				}
				missing.Nodes = append(missing.Nodes, gone.Nodes...)
				continue
			}
			if !yield(reply, err) {
				return
			}
		}
		if missing != nil {
			slices.Sort(missing.Nodes)
			yield(adapter.Reply{}, missing)
		}
	}
}

// reply yields what the node replies to another one.
func (m *member) reply(ctx context.Context, r adapter.Request) iter.Seq2[adapter.Reply, error] {
	return func(yield func(adapter.Reply, error) bool) {
		request, err := carry(r)
		if err != nil {
			yield(adapter.Reply{}, fmt.Errorf("request: %w", err))
			return
		}
		here, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer context.AfterFunc(m.ctx, func() { cancel(context.Cause(m.ctx)) })()
		q := newQueue()
		m.group.Go(func() {
			for reply, err := range m.sockets.Answer(here, request) {
				q.put(item{reply: reply, err: err})
			}
			q.put(item{end: true})
		})
		open := 0 // sockets that have been asked and have not answered
		for {
			one := q.take()
			switch {
			case one.end && open > 0 && m.ctx.Err() != nil, one.err != nil && here.Err() != nil:
				yield(adapter.Reply{}, &adapter.MissingError{Nodes: []string{m.node}, Err: context.Cause(here)})
				return
			case one.end:
				return
			case one.err != nil:
				one.err = errors.New(one.err.Error()) // no more than that can be carried
			}
			open += len(one.reply.Asked)
			if one.reply.Answer != nil {
				open--
			}
			reply, err := carry(one.reply)
			reply.Node = m.node
			if !yield(reply, errors.Join(err, one.err)) {
				return
			}
		}
	}
}

// silence is what comes from a node that is dead.
func (m *member) silence(ctx context.Context) iter.Seq2[adapter.Reply, error] {
	return func(yield func(adapter.Reply, error) bool) {
		<-ctx.Done()
		yield(adapter.Reply{}, &adapter.MissingError{Nodes: []string{m.node}, Err: context.Cause(ctx)})
	}
}

// Close implements [adapter.Adapter].
func (m *member) Close() error {
	m.bus.mu.Lock()
	m.bus.members = slices.DeleteFunc(m.bus.members, func(one *member) bool { return one == m })
	m.bus.mu.Unlock()
	m.cancel(ErrClosed)
	return m.group.Wait(context.Background())
}

// carry returns what arrives on another node.
func carry[T any](v T) (arrived T, err error) {
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &arrived)
	}
	return arrived, err
}

// queue holds what a node has replied, so that it need not wait for who asks.
type queue struct {
	mu    sync.Mutex // guards items
	items []item
	some  chan struct{} // has room for one; full if there may be items
}

type item struct {
	reply adapter.Reply
	err   error
	end   bool
}

func newQueue() *queue { return &queue{some: make(chan struct{}, 1)} }

func (q *queue) put(one item) {
	q.mu.Lock()
	q.items = append(q.items, one)
	q.mu.Unlock()
	select {
	case q.some <- struct{}{}:
	default:
	}
}

// take waits for an item: the last one is an end, which comes at the latest when
// the context of who replies has ended.
func (q *queue) take() item {
	for {
		q.mu.Lock()
		if len(q.items) > 0 {
			one := q.items[0]
			q.items = q.items[1:]
			q.mu.Unlock()
			return one
		}
		q.mu.Unlock()
		<-q.some
	}
}
