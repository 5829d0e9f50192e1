package brio

import (
	"context"
	"errors"
	"iter"

	"github.com/briohq/brio/adapter"
)

// JoinRooms puts the sockets into rooms, on all nodes. An error says that the
// cluster can't be reached; then this node's sockets are in them nevertheless.
// It doesn't block, and other nodes may take a moment.
func (t Target) JoinRooms(rooms ...string) error { return t.tell(adapter.Join, rooms...) }

// LeaveRooms takes the sockets out of rooms, as [Target.JoinRooms] puts them in.
func (t Target) LeaveRooms(rooms ...string) error { return t.tell(adapter.Leave, rooms...) }

// Disconnect makes the sockets leave the namespace, on all nodes, as
// [Socket.Disconnect] does. An error says that the cluster can't be reached; then
// this node's sockets have left nevertheless.
func (t Target) Disconnect() error { return t.tell(adapter.Disconnect) }

// Dismiss makes all sockets of the sockets' connections leave their namespaces, and
// closes the connections, on all nodes, as [Socket.Dismiss] does. Errors are those
// of [Target.Disconnect].
func (t Target) Dismiss() error { return t.tell(adapter.Dismiss) }

// Close closes the connections of the sockets, with all their sockets, on all
// nodes, as [Socket.Close] does. Errors are those of [Target.Disconnect].
func (t Target) Close() error { return t.tell(adapter.Close) }

// Count returns how many sockets there are, on all nodes. If not all nodes
// answer it returns how many there are on the others, with an error that has a
// [*MissingError] for them. Without a deadline it waits as long as ctx does.
func (t Target) Count(ctx context.Context) (int, error) {
	n := 0
	var errs []error
	for r, err := range t.namespace.ask(ctx, adapter.Request{Op: adapter.Count, Options: t.options}) {
		n += r.Count
		errs = append(errs, err)
	}
	return n, errors.Join(errs...)
}

// Rooms returns the names of the rooms on all nodes, and how many sockets are in
// each; not the rooms that every socket has of its own. Of a parent they are the
// rooms of its children, those of one name added up. Sockets that are just being
// let in, or are just leaving, may be counted. Errors are those of
// [Target.Count].
func (ns *Namespace) Rooms(ctx context.Context) (map[string]int, error) {
	rooms := map[string]int{}
	var errs []error
	for r, err := range ns.ask(ctx, adapter.Request{Op: adapter.Rooms, Options: adapter.Options{Everyone: true}}) {
		for name, n := range r.Rooms {
			rooms[name] += n
		}
		errs = append(errs, err)
	}
	return rooms, errors.Join(errs...)
}

func (t Target) tell(op adapter.Op, rooms ...string) error {
	return t.namespace.tell(adapter.Request{Op: op, Options: t.options, Rooms: rooms})
}

// tell brings a request to the nodes. Once a child has been collected that is
// none.
func (ns *Namespace) tell(r adapter.Request) error {
	if ns.child != nil && !ns.child.opened.Load() {
		return nil
	}
	return ns.adapterFailed(string(r.Op), ns.adapter.Tell(r))
}

// ask brings a request to the nodes and yields their replies. Once a child has
// been collected that is none.
func (ns *Namespace) ask(ctx context.Context, r adapter.Request) iter.Seq2[adapter.Reply, error] {
	if ns.child != nil && !ns.child.opened.Load() {
		return func(func(adapter.Reply, error) bool) {}
	}
	replies := ns.adapter.Ask(ctx, r)
	if ns.server.observer.AdapterFailed == nil {
		return replies
	}
	return func(yield func(adapter.Reply, error) bool) {
		for reply, err := range replies {
			ns.askFailed(ctx, r.Op, err)
			if !yield(reply, err) {
				return
			}
		}
	}
}

// present returns the sockets of this node that the options select and that are
// connected.
func (ns *Namespace) present(o adapter.Options) iter.Seq[*Socket] {
	return func(yield func(*Socket) bool) {
		for _, s := range ns.chosen(o) {
			if s.Connected() && !yield(s) {
				return
			}
		}
	}
}

// Do does what a node has told.
func (ns sockets) Do(r adapter.Request) {
	var do func(*Socket)
	switch r.Op {
	case adapter.Join:
		do = func(s *Socket) { s.Join(r.Rooms...) }
	case adapter.Leave:
		do = func(s *Socket) { s.Leave(r.Rooms...) }
	case adapter.Disconnect:
		do = (*Socket).Disconnect
	case adapter.Dismiss:
		do = (*Socket).Dismiss
	case adapter.Close:
		do = (*Socket).Close
	case adapter.Emit:
		ns.errands.add(ns.Namespace, r.Event)
		return
	default:
		ns.server.config.Logger.Debug("unknown request of the cluster", "request", string(r.Op), "namespace", ns.name)
		return
	}
	for s := range ns.present(r.Options) {
		do(s)
	}
	if ns.recovery != nil {
		ns.recovery.do(r)
	}
}

// Answer replies to what a node asks.
func (ns sockets) Answer(ctx context.Context, r adapter.Request) iter.Seq2[adapter.Reply, error] {
	switch r.Op {
	case adapter.Call:
		return ns.call(ctx, r.Event, r.Options)
	case adapter.Peers:
		return ns.peers(ctx, r.Options)
	case adapter.Emit:
		return ns.serve(ctx, r.Event)
	}
	return func(yield func(adapter.Reply, error) bool) {
		var reply adapter.Reply
		var err error
		switch r.Op {
		case adapter.Count:
			for range ns.present(r.Options) {
				reply.Count++
			}
		case adapter.Rooms:
			reply.Rooms = ns.local.Sizes()
		default:
			err = errors.New("unknown request of the cluster: " + string(r.Op))
		}
		yield(reply, err)
	}
}
