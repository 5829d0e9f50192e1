package brio

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/protocol"
)

// Socket is one client in one namespace.
type Socket struct {
	namespace  *Namespace
	connection *connection
	id         string
	auth       string                  // the JSON that it brought, "" for none
	places     adapter.Places[*Socket] // owned by the namespace's index
	trail      *trail                  // nil without Config.Recovery

	connected atomic.Bool // let in and told so, until it departs
	gone      atomic.Bool // disconnected by the server; the client may not know
	more      atomic.Bool // events wait behind the one being handled
	recovered bool

	middleware atomic.Pointer[[]func(ctx context.Context, event string, args Args) error] // of events; nil for none

	cause   atomic.Pointer[Disconnect] // set with mu held, once: the socket has ended; see lifetime
	watched atomic.Pointer[watch]

	mu      sync.Mutex // guards what follows
	data    properties
	pending map[uint64]chan<- answer // acknowledgements that the client owes
	inbox   inbox
}

func newSocket(ns *Namespace, c *connection, p *protocol.Packet) *Socket {
	s := &Socket{namespace: ns, connection: c, id: c.newID(ns.name), auth: string(p.Data)}
	if ns.recovery != nil {
		s.trail = &trail{over: make(chan struct{})}
	}
	return s
}

// ID returns the socket's id: 20 characters, new for each connection and each
// namespace, unless the socket has been recovered. That of a Socket.IO 2 client is
// made from its connection's, see [Config].AllowEIO3: it is longer outside the main
// namespace, and the same again if the client leaves a namespace and comes back.
func (s *Socket) ID() string { return s.id }

// Namespace returns the namespace that the socket is in.
func (s *Socket) Namespace() *Namespace { return s.namespace }

// PathValue returns the text that a wildcard of its parent's name stands for in
// the name of the socket's namespace, see [Server.Of]; "" if there is no such
// wildcard.
func (s *Socket) PathValue(name string) string { return s.namespace.PathValue(name) }

// Handshake returns how the socket came. Once handlers of OnConnect have run it is
// kept in little memory only, and each call makes it anew.
func (s *Socket) Handshake() Handshake { return s.connection.describe(s.auth) }

// Recovered reports whether the client has been given the socket that it had
// before, with its id, rooms and data, and all that it has missed, see [Recovery].
func (s *Socket) Recovered() bool { return s.recovered }

// Transport returns the name of what carries the socket now: polling, websocket
// or webtransport.
func (s *Socket) Transport() string { return s.connection.session.Transport() }

// Connected reports whether the socket has been let in and has not disconnected
// yet.
func (s *Socket) Connected() bool { return s.connected.Load() && !s.ended() }

// Context ends when the socket disconnects. Its error, and its cause, is a
// [*Disconnect].
func (s *Socket) Context() context.Context { return (*lifetime)(s) }

// ended reports whether the socket has disconnected, or was not let in.
func (s *Socket) ended() bool { return s.cause.Load() != nil }

// Disconnect is the error of a context that has ended with its socket. It is an
// [ErrDisconnected], and a [context.Canceled].
type Disconnect struct{ Reason Reason }

func (d *Disconnect) Error() string { return "socket disconnected: " + string(d.Reason) }

// Is makes a Disconnect an [ErrDisconnected] and a [context.Canceled].
func (d *Disconnect) Is(target error) bool {
	return target == ErrDisconnected || target == context.Canceled
}

// Join puts the socket into rooms, and reports whether it is in all of them. It does
// nothing for one that has disconnected, nor if the socket were in more than
// Config.MaxRooms then, which [Stats] count: tell a client that may choose its rooms.
func (s *Socket) Join(rooms ...string) bool {
	var in bool
	if r := s.namespace.recovery; r != nil {
		in = r.join(s, rooms)
	} else {
		in = s.namespace.local.Join(s, rooms...)
	}
	if !in && !s.ended() {
		s.namespace.server.crowded.Add(1)
		s.namespace.server.config.Logger.Debug("rooms refused", "socket", s.id, "namespace", s.namespace.name, "rooms", len(rooms))
	}
	return in
}

// Leave takes the socket out of rooms, except the one of its id.
func (s *Socket) Leave(rooms ...string) {
	if r := s.namespace.recovery; r != nil {
		r.leave(s, rooms)
	} else {
		s.namespace.local.Leave(s, rooms...)
	}
}

// Rooms returns the rooms that the socket is in, first the one that is named by
// its id and has no other. While it disconnects it is still in them.
func (s *Socket) Rooms() []string { return s.namespace.local.Rooms(s) }

// To returns the sockets in any of the rooms, without this one.
func (s *Socket) To(rooms ...string) Target {
	return Target{namespace: s.namespace, options: adapter.Options{Except: []string{s.id}}}.To(rooms...)
}

// In is [Socket.To].
func (s *Socket) In(rooms ...string) Target { return s.To(rooms...) }

// Except returns all sockets but this one and those in the rooms.
func (s *Socket) Except(rooms ...string) Target { return s.Broadcast().Except(rooms...) }

// Broadcast returns all sockets but this one.
func (s *Socket) Broadcast() Target {
	return Target{namespace: s.namespace, options: adapter.Options{Everyone: true, Except: []string{s.id}}}
}

// Volatile returns this socket, for events that may be dropped if it can't take
// them at once.
func (s *Socket) Volatile() Target { return s.namespace.To(s.id).Volatile() }

// Latest returns this socket, for events that newer ones of the same key replace
// while they wait: see [Target.Latest].
func (s *Socket) Latest(key string) Target { return s.namespace.To(s.id).Latest(key) }

// Uncompressed returns this socket, for events that are compressed already: see
// [Target.Uncompressed].
func (s *Socket) Uncompressed() Target { return s.namespace.To(s.id).Uncompressed() }

// Emit sends an event. It doesn't block, and fails only if the arguments can't
// be encoded, with [ErrDisconnected] if the socket has disconnected, or with
// [ErrBacklog] if too much waits to be sent to it: what becomes of it then is
// Config.SlowClient's to say.
func (s *Socket) Emit(event string, args ...any) error {
	if r := s.namespace.recovery; r != nil {
		return r.send(s, event, args)
	}
	p := protocol.Packet{Namespace: s.namespace.name}
	frames, err := s.namespace.server.encodeEvent(&p, event, args)
	if err != nil {
		return err
	}
	s.hear(event, args)
	if err := s.queue(frames, s.when()|s.namespace.server.config.SlowClient.sending(), nil); err != nil {
		return err
	}
	s.namespace.emitted(event, &p, 1)
	return nil
}

// Go runs f beside the socket's handlers, for work that must not hold up the
// events behind the one that asked for it. The context ends with the socket, and
// Shutdown waits for f. A panic of f is treated as a handler's.
func (s *Socket) Go(f func(ctx context.Context) error) {
	s.namespace.server.group.Go(func() {
		s.log("work", s.guard("work", func() error { return f(s.Context()) }))
	})
}

// Disconnect makes the socket leave its namespace. The client is told, and does
// not come back by itself. The connection stays for the client's other
// namespaces.
func (s *Socket) Disconnect() {
	s.sayGoodbye()
	s.end(ServerNamespaceDisconnect)
}

// Dismiss makes all sockets of the client's connection leave their namespaces, as
// Disconnect does, and closes the connection. The client does not come back by
// itself.
func (s *Socket) Dismiss() {
	for _, one := range s.connection.all() {
		one.Disconnect()
	}
	s.Close()
}

// Close closes the client's connection, with all its sockets. The client
// reconnects by itself.
func (s *Socket) Close() { s.connection.session.Close(ForcedServerClose) }

// end disconnects the socket: those who wait for it are told, and its last work
// is to run the handlers for that.
func (s *Socket) end(reason Reason) {
	s.mu.Lock()
	if s.ended() {
		s.mu.Unlock()
		return
	}
	if s.gone.Load() { // the client knows why, and may have answered by closing its connection
		reason = ServerNamespaceDisconnect
	}
	cause := &Disconnect{reason}
	(*lifetime)(s).finish(cause)
	pending := s.pending
	s.pending = nil
	s.mu.Unlock()
	(*lifetime)(s).told()
	for _, to := range pending {
		to <- answer{socket: s, err: cause}
	}
	s.work()
}
