package nats

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/adapter/cluster"
	"github.com/briohq/brio/internal/group"
)

// line is one namespace of one node.
type line struct {
	bus       *bus
	namespace string
	base      string // of its subjects
	node      string
	receive   func(*cluster.Message)
	interest  adapter.Interest // nil if everything matters
	group     group.Group      // who hands over what has come

	mu      sync.Mutex // guards what follows
	in      []*nats.Msg
	size    int // bytes in in, and of what is being handed over
	lost    int // messages, since one could be taken
	handing bool
	closed  bool
	changed map[string]struct{} // rooms that are left to the writer

	fixed []*nats.Subscription          // until there is the line
	rooms map[string]*nats.Subscription // owned by the writer
}

func newLine(b *bus, namespace, node string, receive func(*cluster.Message), interest adapter.Interest) *line {
	return &line{
		bus: b, namespace: namespace, base: b.config.Prefix + "." + token(namespace) + ".", node: node, receive: receive,
		interest: interest, changed: map[string]struct{}{}, rooms: map[string]*nats.Subscription{},
	}
}

// open subscribes, and finds out whether that is permitted: the server says so by the
// answer to a flush.
func (l *line) open(ctx context.Context) error {
	before := l.bus.conn.LastError()
	if l.interest != nil && !l.interest.Watch(l.note) {
		l.interest = nil
	}
	for _, s := range l.hears() {
		sub, err := l.bus.subscribe(l, s)
		if err != nil {
			return err
		}
		l.fixed = append(l.fixed, sub)
	}
	err := l.try()
	if err == nil {
		err = l.bus.conn.FlushWithContext(ctx)
	}
	if err != nil {
		return err
	}
	err = l.bus.conn.LastError()
	if err == before { //nolint:errorlint // not of the same kind, but the same
		return nil
	}
	if errors.Is(err, nats.ErrPermissionViolation) && strings.Contains(err.Error(), `"`+l.base) {
		return fmt.Errorf("NATS must let this user publish and subscribe to %s.>: %w", l.bus.config.Prefix, err)
	}
	return nil
}

// hears returns the subjects that the line hears as long as it is there.
func (l *line) hears() []string {
	if l.receive == nil { // an emitter
		return nil
	}
	list := []string{l.base + toAll, l.base + toNode + token(l.node), l.base + toID + "*"}
	if l.interest == nil {
		list = append(list, l.base+toRoom+"*")
	}
	return list
}

// try does once what the line will do later, with messages which nobody takes for one.
func (l *line) try() error {
	name := token(l.node)
	if l.receive != nil {
		sub, err := l.bus.conn.ChanSubscribe(l.base+toRoom+name, make(chan *nats.Msg, 1))
		if err != nil {
			return err
		}
		defer func() { _ = sub.Unsubscribe() }() // if that fails it has ended
	}
	for _, s := range []string{toAll, toNode + name, toID + name, toRoom + name} {
		if err := l.bus.conn.PublishRequest(l.base+s, l.node, nil); err != nil {
			return err
		}
	}
	return nil
}

// Send implements [cluster.Line].
func (l *line) Send(m *cluster.Message) error {
	data, err := m.AppendBare(nil)
	if err != nil {
		return err
	}
	return l.bus.send(l, subject(l.base, m), data)
}

// Nodes implements [cluster.Line]: NATS doesn't tell.
func (l *line) Nodes(context.Context) (int, error) { return 0, nil }

// Close implements [cluster.Line].
func (l *line) Close() error {
	l.mu.Lock()
	l.closed = true
	l.in = nil
	l.mu.Unlock()
	last := make(chan struct{})
	l.bus.leave(task{line: l, last: last})
	late := time.NewTimer(patience)
	defer late.Stop()
	var err error
	select {
	case <-last:
		if l.receive == nil && l.bus.up.Load() {
			err = l.bus.conn.FlushTimeout(patience) // its process may end now
		}
		l.bus.exit()
	case <-late.C:
		l.bus.stuck.Go(func() {
			<-last
			l.bus.exit()
		})
		err = fmt.Errorf("nats: namespace %s: the connection takes nothing any more", l.namespace)
	}
	return errors.Join(err, l.group.Wait(context.Background()))
}

// unsubscribe is called by the writer.
func (l *line) unsubscribe() error {
	var errs []error
	for _, sub := range l.fixed {
		errs = append(errs, l.bus.unsubscribe(sub))
	}
	for _, sub := range l.rooms {
		errs = append(errs, l.bus.unsubscribe(sub))
	}
	return errors.Join(errs...)
}

// note leaves it to the writer to look at a room. It is called with the lock of the
// index held.
func (l *line) note(room string) {
	if isID(room) {
		return
	}
	l.mu.Lock()
	_, waits := l.changed[room]
	if !waits && !l.closed {
		l.changed[room] = struct{}{}
	}
	ignore := waits || l.closed
	l.mu.Unlock()
	if !ignore {
		l.bus.leave(task{line: l, room: room})
	}
}

// look subscribes to a room in which there are sockets by now, and unsubscribes from
// one that has none. It is called by the writer.
func (l *line) look(room string) error {
	l.mu.Lock()
	delete(l.changed, room) // what changes from now on is looked at again
	closed := l.closed
	l.mu.Unlock()
	has, sub := l.interest.Has(room), l.rooms[room]
	switch {
	case closed || has == (sub != nil):
		return nil
	case !has:
		delete(l.rooms, room)
		if len(l.rooms) == 0 { // maps never shrink
			l.rooms = map[string]*nats.Subscription{}
		}
		return l.bus.unsubscribe(sub)
	}
	sub, err := l.bus.subscribe(l, l.base+toRoom+token(room))
	if err == nil {
		l.rooms[room] = sub
	}
	return err
}

// put takes a message that has come, unless it concerns nobody here. It is called by
// the reader.
func (l *line) put(m *nats.Msg) {
	if len(m.Data) == 0 || m.Reply == l.node {
		return // a trial, or its own
	}
	if id, ok := strings.CutPrefix(m.Subject[len(l.base):], toID); ok && l.interest != nil && !l.interest.Has(id) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	if l.size > 0 && l.size+len(m.Data) > l.bus.config.MaxPending {
		if l.lost++; l.lost == 1 {
			l.bus.config.Cluster.Logger.Warn("messages of other nodes lost: they come faster than they can be handled", "namespace", l.namespace)
		}
		return
	}
	l.lost = 0
	l.size += len(m.Data)
	l.in = append(l.in, m)
	if !l.handing {
		l.handing = true
		l.group.Go(l.hand)
	}
}

// hand gives what has come to the node.
func (l *line) hand() {
	var list []*nats.Msg
	done := 0
	for {
		l.mu.Lock()
		l.size -= done
		done = 0
		clear(list)
		list, l.in = l.in, list[:0]
		if len(list) == 0 || l.closed {
			l.handing, l.in = false, nil
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		for _, one := range list {
			done += len(one.Data)
			m, err := cluster.DecodeBare(one.Data)
			if err != nil {
				l.bus.config.Cluster.Logger.Warn("message of another node not understood", "error", err, "namespace", l.namespace, "subject", one.Subject)
				continue
			}
			if l.over() {
				return
			}
			l.receive(m)
		}
	}
}

// over reports whether the line has been closed.
func (l *line) over() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}
