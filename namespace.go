package brio

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/engine"
	"github.com/briohq/brio/protocol"
	"github.com/briohq/brio/transport"
)

// Namespace is a part of a server with sockets, rooms and handlers of its own.
// Clients join it by name, several over one connection.
//
// Handlers are registered once, before sockets come; those of one socket then
// run one at a time, in order. A handler that panics is logged with its stack,
// counted, and ends nothing but its event.
//
// A namespace whose name is a pattern, or for which a function decides, has no
// sockets of its own, see [Server.Of] and [Server.OfFunc]. It is a parent: its children are made for the names that clients
// ask for. They use its handlers; rooms are their own. What is sent to a parent
// reaches the sockets of all children that this server has; a cluster adapter
// brings it to the same children on other nodes.
type Namespace struct {
	server  *Server
	name    string
	local   *adapter.Local[*Socket]
	adapter adapter.Adapter // of a child, once it has been opened
	errands errands         // events of other servers
	acks    atomic.Uint64   // the next id of an acknowledgement; one for all sockets, so that a broadcast needs only one

	recovery *recovery // nil without Config.Recovery, and of a parent

	family *family // of a parent
	child  *child  // of a child

	table *atomic.Pointer[table] // a child's is its parent's
	mu    sync.Mutex             // held to replace the table
}

// table is what is registered. It is replaced, never changed.
type table struct {
	middleware   []func(context.Context, *Socket) error
	onConnect    []func(context.Context, *Socket) error
	onDisconnect []func(context.Context, *Socket, Reason) error
	onAny        []func(context.Context, *Socket, string, Args) error
	onOutgoing   []func(*Socket, string, Args)
	on           map[string]func(context.Context, *Socket, Args) error
	handlers     []Handler
	onServer     map[string]func(context.Context, *Namespace, Args) error
}

func newNamespace(s *Server, name string) *Namespace {
	ns := &Namespace{
		server: s,
		name:   name,
		local:  adapter.NewLocal((*Socket).ID, func(s *Socket) *adapter.Places[*Socket] { return &s.places }),
		table:  &atomic.Pointer[table]{},
	}
	ns.local.MaxRooms = s.config.MaxRooms
	ns.table.Store(&table{})
	ns.recovery = newRecovery(ns)
	return ns
}

// connect makes the namespace's adapter.
func (ns *Namespace) connect() error {
	a, err := ns.server.config.Adapter(ns.name, sockets{ns})
	if err != nil {
		return ns.adapterFailed("open", fmt.Errorf("adapter of namespace %s: %w", ns.name, err))
	}
	ns.adapter = a
	return nil
}

// close closes the namespace's adapter, if there is one.
func (ns *Namespace) close() error {
	if ns.child != nil && !ns.child.opened.Swap(false) {
		return nil
	}
	if ns.recovery != nil {
		ns.recovery.end()
	}
	return ns.adapterFailed("close", ns.adapter.Close())
}

// Name returns the name, which begins with a slash. A parent's is its pattern, or
// a number if a function decides.
func (ns *Namespace) Name() string { return ns.name }

// Parent returns the namespace of the pattern, or function, that a child was made
// for; nil if the namespace is no child.
func (ns *Namespace) Parent() *Namespace {
	if ns.child == nil {
		return nil
	}
	return ns.child.family.parent
}

// PathValue returns the text that a wildcard of its parent's name stands for in
// the name of a child; otherwise "".
func (ns *Namespace) PathValue(name string) string {
	if ns.child == nil || ns.child.family.pattern == nil {
		return ""
	}
	if i := slices.Index(ns.child.family.pattern.names, name); i >= 0 {
		return ns.child.values[i]
	}
	return ""
}

// Child returns a parent's child of that name, which it makes if there is none,
// so that events can be sent to its sockets on other nodes. It panics if the name
// does not match the parent's, or if another namespace or pattern wins; a function
// is not asked. A child that has no sockets is forgotten after Config.NamespaceIdle, and then reaches
// nobody: don't keep it, ask for it each time.
func (ns *Namespace) Child(name string) (*Namespace, error) {
	if ns.family == nil {
		panic("brio: namespace " + ns.name + " is no parent and has no children")
	}
	if !ns.family.possible(name) {
		panic("brio: namespace " + name + " does not match " + ns.name)
	}
	one := ns.server.hold(name, func(parent *Namespace) ([]string, bool) {
		if parent.family.pattern == nil {
			return nil, parent == ns
		}
		return parent.family.pattern.match(name)
	})
	if one == nil || one.child == nil || one.child.family != ns.family {
		if one != nil {
			one.release()
		}
		panic("brio: namespace " + name + " belongs to another than " + ns.name)
	}
	defer one.release()
	if err := one.child.open(); err != nil {
		return nil, err
	}
	one.child.used.Store(true)
	return one, nil
}

func (ns *Namespace) register(change func(*table)) {
	if ns.child != nil {
		panic("brio: namespace " + ns.name + " uses the handlers of its parent: register them there")
	}
	ns.mu.Lock()
	defer ns.mu.Unlock()
	t := *ns.table.Load()
	change(&t)
	ns.table.Store(&t)
}

// Use adds a middleware: a function that decides whether a client is let in. It
// runs before the client is told that it has connected, in the order of
// registration; an error refuses the client, which sees an [*Error] as it is. A
// socket may join rooms here already, but is no target before it is let in.
func (ns *Namespace) Use(f func(ctx context.Context, s *Socket) error) {
	ns.register(func(t *table) { t.middleware = append(t.middleware[:len(t.middleware):len(t.middleware)], f) })
}

// OnConnect adds a handler for each new socket. It runs before the handlers of
// the socket's events. An error is logged.
func (ns *Namespace) OnConnect(f func(ctx context.Context, s *Socket) error) {
	ns.register(func(t *table) { t.onConnect = append(t.onConnect[:len(t.onConnect):len(t.onConnect)], f) })
}

// OnDisconnect adds a handler for each socket that was connected and is not any
// more. It runs after the socket's other handlers, while the socket is still in
// its rooms; after those of OnConnect too, unless the client left before these
// could begin. Its context has not ended. An error is logged.
func (ns *Namespace) OnDisconnect(f func(ctx context.Context, s *Socket, reason Reason) error) {
	ns.register(func(t *table) { t.onDisconnect = append(t.onDisconnect[:len(t.onDisconnect):len(t.onDisconnect)], f) })
}

// On sets the handler of an event. It panics if there is one already, or if the
// protocol reserves the name. If the client asked for an acknowledgement, the
// handler answers it with [Args.Ack]; an error answers it too, and is logged
// unless it is an [*Error]. If it did not, it gets an event "error" for such a one,
// see [Config].NoErrorEvents.
func (ns *Namespace) On(event string, f func(ctx context.Context, s *Socket, args Args) error) {
	ns.handleTyped(Handler{Event: event}, f)
}

func (ns *Namespace) handleTyped(h Handler, f func(ctx context.Context, s *Socket, args Args) error) {
	event := h.Event
	if protocol.Reserved(event) {
		panic("brio: event " + event + " is reserved by the protocol")
	}
	ns.register(func(t *table) {
		if t.on[event] != nil {
			panic("brio: event " + event + " of namespace " + ns.name + " has a handler already")
		}
		t.on = maps.Clone(t.on)
		if t.on == nil {
			t.on = map[string]func(context.Context, *Socket, Args) error{}
		}
		t.on[event] = f
		t.handlers = append(slices.Clone(t.handlers), h)
		slices.SortFunc(t.handlers, func(a, b Handler) int { return cmp.Compare(a.Event, b.Event) })
	})
}

// OnAny adds a listener for all events, which runs before an event's handler.
// An error is treated as the handler's, which then does not run.
func (ns *Namespace) OnAny(f func(ctx context.Context, s *Socket, event string, args Args) error) {
	ns.register(func(t *table) { t.onAny = append(t.onAny[:len(t.onAny):len(t.onAny)], f) })
}

// Socket returns the socket with that id, nil if it is not connected to this
// server.
func (ns *Namespace) Socket(id string) *Socket {
	if ns.family != nil {
		for _, one := range ns.family.living() {
			if s := one.Socket(id); s != nil {
				return s
			}
		}
		return nil
	}
	if s, ok := ns.local.Get(id); ok && s.connected.Load() {
		return s
	}
	return nil
}

// Sockets returns the sockets that are connected to this server.
func (ns *Namespace) Sockets() iter.Seq[*Socket] { return ns.Broadcast().Sockets() }

// Broadcast returns all sockets of the namespace: to send to them, and to do
// everything else that a [Target] can.
func (ns *Namespace) Broadcast() Target {
	return Target{namespace: ns, options: adapter.Options{Everyone: true}}
}

// To returns the sockets in any of the rooms. Without rooms that is nobody.
func (ns *Namespace) To(rooms ...string) Target { return Target{namespace: ns}.To(rooms...) }

// In is [Namespace.To].
func (ns *Namespace) In(rooms ...string) Target { return ns.To(rooms...) }

// Emit sends an event to all sockets of the namespace.
func (ns *Namespace) Emit(event string, args ...any) error {
	return ns.Broadcast().Emit(event, args...)
}

// chosen returns the sockets of this server that the options select.
func (ns *Namespace) chosen(o adapter.Options) []*Socket {
	if ns.family == nil {
		return ns.local.Append(nil, o)
	}
	var list []*Socket
	for _, one := range ns.family.living() {
		list = append(list, one.local.Append(nil, o)...)
	}
	return list
}

// broadcast sends a packet to the sockets that the options select. Once a child
// has been collected that is nobody.
func (ns *Namespace) broadcast(p *protocol.Packet, o adapter.Options) error {
	if ns.child != nil && !ns.child.opened.Load() {
		return nil
	}
	return ns.adapterFailed("broadcast", ns.adapter.Broadcast(p, o))
}

// sockets is a namespace as its adapter sees it.
type sockets struct{ *Namespace }

// Watch implements [adapter.Interest]. The log of what may have been missed needs
// everything: who was in a room may be away.
func (ns sockets) Watch(changed func(room string)) bool {
	if ns.recovery != nil {
		return false
	}
	ns.local.Watch(changed)
	return true
}

// Has reports whether a socket of this node is in the room.
func (ns sockets) Has(room string) bool { return ns.local.Has(room) }

// members are where the selected sockets are gathered.
var members = sync.Pool{New: func() any { return new([]*Socket) }}

// Deliver encodes the packet once and queues it for every selected socket; the
// engine's flusher gathers what each connection has waiting into one write.
func (ns sockets) Deliver(p *protocol.Packet, o adapter.Options) {
	list := members.Get().(*[]*Socket)
	if ns.recovery != nil {
		*list = ns.recovery.deliver((*list)[:0], p, o)
	} else {
		*list = ns.local.Append((*list)[:0], o)
		if len(*list) > 0 {
			ns.deliver(*list, p, o)
		}
	}
	ns.hear(p, *list)
	if ns.server.observer.Emitted != nil {
		ns.emitted(string(p.EventName()), p, len(*list))
	}
	clear(*list)
	members.Put(list)
}

func (ns sockets) deliver(list []*Socket, p *protocol.Packet, o adapter.Options) {
	frames, err := ns.server.encodeFor(p, o)
	if err != nil {
		ns.unencodable(err)
		return
	}
	ns.queue(list, frames, o)
}

func (ns *Namespace) unencodable(err error) {
	ns.server.config.Logger.Error("packet of the cluster can't be encoded", "error", err, "namespace", ns.name)
}

// share is how many sockets are worth a goroutine: queueing for one takes a tenth
// of a microsecond.
const share = 256

// queue leaves frames to the flusher, for each socket that has been let in. The
// work for many is shared by all cores, and done when queue returns, so that what
// is sent next comes next.
func (ns *Namespace) queue(list []*Socket, frames []*transport.Frame, o adapter.Options) {
	how := engine.Later | ns.server.config.SlowClient.sending()
	if o.Volatile {
		how |= engine.Volatile
	}
	parts := max(1, min(runtime.GOMAXPROCS(0), len(list)/share))
	size := (len(list) + parts - 1) / parts
	var others sync.WaitGroup
	for parts > 1 && len(list) > size {
		part := list[len(list)-size:]
		list = list[:len(list)-size]
		others.Add(1)
		ns.server.group.Go(func() {
			defer others.Done()
			queueEach(part, frames, how, o.Latest)
		})
	}
	queueEach(list, frames, how, o.Latest)
	others.Wait()
}

func queueEach(list []*Socket, frames []*transport.Frame, how engine.Sending, key string) {
	for _, s := range list {
		if !s.connected.Load() {
			continue
		}
		if err := s.connection.session.SendLatest(frames, how, (*presence)(s), key); err != nil {
			s.dropped(err, how) // a client that is gone, or too slow, is not the sender's concern
		}
	}
}
