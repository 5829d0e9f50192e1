package brio

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/protocol"
)

// Observer is told what a server does, for metrics, traces and audits: functions
// any of which may be nil, like those of [net/http/httptrace.ClientTrace]. Nothing
// is paid for one that is. Package metrics makes one for Prometheus, and
// metrics/otel one for OpenTelemetry; [JoinObservers] has several told.
//
// The functions are called where things happen, by the goroutine that does them,
// which waits for them and may hold locks of the server: they must be quick and must
// not block, panic, emit, or do more with what they are told of than to look at its
// name, id, handshake or data. They may be called concurrently, and are read once, by
// [NewServer]. What is told about one socket is told in order, one at a time, by
// Connected, Handle and Disconnected; the others may be called beside them.
type Observer struct {
	// Opened hears of each connection that begins, in the goroutine of its request.
	Opened func(r *http.Request, transport string)
	// Upgraded hears of a connection that has changed to a better transport, in
	// the goroutine that reads it.
	Upgraded func(from, to string)
	// Closed hears of each connection that was opened and ends: on which transport
	// it was, why, and how long it lasted. The goroutine is that which ends it.
	Closed func(transport string, reason Reason, lasted time.Duration)
	// Refused hears of each request that is refused with an error of the protocol,
	// before that is answered: the error's code, and what the client is told. The
	// goroutine is the request's.
	Refused func(r *http.Request, code int, message string)
	// Received hears of each Engine.IO packet that comes, heartbeats included, and
	// its bytes: those of the packet, without what carries it, and not compressed.
	// The goroutine is that which reads the connection.
	Received func(bytes int)
	// Sent hears of each write to a connection: how many packets it has, heartbeats
	// included, and their bytes, counted as for Received. The goroutine is that which
	// writes.
	Sent func(packets, bytes int)

	// Connected hears of each socket that has been let in, before the handlers of
	// OnConnect run; [Socket.Recovered] tells which of them have come back. The
	// goroutine is that of the socket's handlers.
	Connected func(s *Socket)
	// ConnectError hears of each socket that is not let in, and why, which may be
	// more than the client is told. The namespace is nil if there is none of the name
	// that the client asked for, or if it is in too many. The goroutine is that of the
	// socket's handlers, or without a namespace that which reads the connection.
	ConnectError func(ns *Namespace, err error)
	// Disconnected hears of each socket that was connected and is not any more,
	// before the handlers of OnDisconnect run. The goroutine is that of the socket's
	// handlers.
	Disconnected func(s *Socket, reason Reason)
	// Recovery hears of each client that asks for the socket that it had before, see
	// [Recovery], and whether it can be given it. It is called before the namespace's
	// middleware. The goroutine is that of the socket's handlers.
	Recovery func(s *Socket, found bool)

	// Handle is called when the handlers of an event begin. They are given the context
	// that it returns, which must be derived from ctx; what else it returns is called
	// when they have ended, with their error. Either may be nil. The goroutine is that
	// of the socket's handlers.
	Handle func(ctx context.Context, in Incoming) (context.Context, func(err error))
	// Emitted hears of each event that is queued for sockets of this node, once for
	// all of them; those that other nodes of the cluster emit are heard of here too,
	// and one that is emitted to a parent is heard of for each child. The goroutine is
	// that which emits, or the adapter's.
	Emitted func(out Outgoing)
	// Acknowledged hears of each answer to an event that asked for one, [Socket.Do]
	// and [Target.All], when it is taken: how long it took, and an error if none will
	// come, or none has come in time. If a range over All is left early, what it has
	// not yielded is not heard of. The goroutine is that which asked, or the adapter's.
	Acknowledged func(s *Socket, event string, took time.Duration, err error)
	// Dropped hears of each event for which a client had no room, see [OverflowDrop].
	// One that is disconnected instead is [SlowClient] to Closed. Volatile events are
	// dropped unheard. The goroutine is that which emits.
	Dropped func(s *Socket)

	// Panicked hears of each panic of a handler, after it has been logged: what
	// panicked, as the log has it, such as "event" or "middleware", and the value. The
	// goroutine is the handler's.
	Panicked func(ns *Namespace, what string, value any)
	// AdapterFailed hears of each error of a namespace's adapter: of making it, "open",
	// of broadcasts, "broadcast", of what is told and asked, by its [adapter.Op], and of
	// "close". The goroutine is that which uses the adapter.
	AdapterFailed func(ns *Namespace, what string, err error)
}

// Incoming is an event of a client, or its coming or going, as [Observer].Handle
// is told of it.
type Incoming struct {
	Socket *Socket
	// Event is its name. "connect" stands for the middleware of the namespace and
	// the handlers of OnConnect, "disconnect" for those of OnDisconnect: no event
	// has these names.
	Event string
	// Handled says that there is a handler of that name. Otherwise it is any name
	// that a client likes, and not to be used as the label of a metric.
	Handled bool
	Ack     bool          // the client asks for an acknowledgement
	Bytes   int           // of its arguments, or of auth
	Waited  time.Duration // since it came, behind other events of its socket
}

// Outgoing is an event as [Observer].Emitted is told of it.
type Outgoing struct {
	Namespace *Namespace
	Event     string
	Ack       bool // it asks for an acknowledgement
	Sockets   int  // on this node; those that are just being let in may be counted
	Bytes     int  // of its name and arguments, once
}

// JoinObservers returns an observer that has each of the others told, in that
// order. Of Handle the contexts are nested, and what ends is told in the reverse
// order. Those that are nil are left out.
func JoinObservers(observers ...*Observer) *Observer {
	joined := &Observer{}
	for _, o := range observers {
		if o != nil {
			joined.join(o)
		}
	}
	return joined
}

func (o *Observer) join(b *Observer) {
	o.Opened = join2(o.Opened, b.Opened)
	o.Upgraded = join2(o.Upgraded, b.Upgraded)
	o.Closed = join3(o.Closed, b.Closed)
	o.Refused = join3(o.Refused, b.Refused)
	o.Received = join1(o.Received, b.Received)
	o.Sent = join2(o.Sent, b.Sent)
	o.Connected = join1(o.Connected, b.Connected)
	o.ConnectError = join2(o.ConnectError, b.ConnectError)
	o.Disconnected = join2(o.Disconnected, b.Disconnected)
	o.Recovery = join2(o.Recovery, b.Recovery)
	o.Handle = joinHandle(o.Handle, b.Handle)
	o.Emitted = join1(o.Emitted, b.Emitted)
	o.Acknowledged = join4(o.Acknowledged, b.Acknowledged)
	o.Dropped = join1(o.Dropped, b.Dropped)
	o.Panicked = join3(o.Panicked, b.Panicked)
	o.AdapterFailed = join3(o.AdapterFailed, b.AdapterFailed)
}

func join1[A any](f, g func(A)) func(A) {
	if f == nil || g == nil {
		return either(f, g, f == nil)
	}
	return func(a A) { f(a); g(a) }
}

func join2[A, B any](f, g func(A, B)) func(A, B) {
	if f == nil || g == nil {
		return either(f, g, f == nil)
	}
	return func(a A, b B) { f(a, b); g(a, b) }
}

func join3[A, B, C any](f, g func(A, B, C)) func(A, B, C) {
	if f == nil || g == nil {
		return either(f, g, f == nil)
	}
	return func(a A, b B, c C) { f(a, b, c); g(a, b, c) }
}

func join4[A, B, C, D any](f, g func(A, B, C, D)) func(A, B, C, D) {
	if f == nil || g == nil {
		return either(f, g, f == nil)
	}
	return func(a A, b B, c C, d D) { f(a, b, c, d); g(a, b, c, d) }
}

func joinHandle(f, g func(context.Context, Incoming) (context.Context, func(error))) func(context.Context, Incoming) (context.Context, func(error)) {
	if f == nil || g == nil {
		return either(f, g, f == nil)
	}
	return func(ctx context.Context, in Incoming) (context.Context, func(error)) {
		inner, outerEnd := f(ctx, in)
		if inner == nil {
			inner = ctx
		}
		innermost, innerEnd := g(inner, in)
		if innermost == nil {
			innermost = inner
		}
		return innermost, join1(innerEnd, outerEnd)
	}
}

func either[F any](f, g F, second bool) F {
	if second {
		return g
	}
	return f
}

// begin tells the observer, of which there is one for Handle, that handlers begin.
// They get ctx; end is never nil.
func (s *Socket) begin(ctx context.Context, in Incoming) (_ context.Context, end func(error)) {
	in.Socket = s
	inner, end := s.namespace.server.observer.Handle(ctx, in)
	if inner == nil {
		inner = ctx
	}
	if end == nil {
		end = func(error) {}
	}
	return inner, end
}

// beside is begin for what is no event, whether there is an observer or not.
func (s *Socket) beside(ctx context.Context, event string, bytes int) (_ context.Context, end func(error)) {
	if s.namespace.server.observer.Handle == nil {
		return ctx, func(error) {}
	}
	return s.begin(ctx, Incoming{Event: event, Handled: true, Bytes: bytes})
}

// connectError tells the observer of a socket that is not let in.
func (s *Server) connectError(ns *Namespace, err error) {
	if f := s.observer.ConnectError; f != nil {
		f(ns, err)
	}
}

// emitted tells the observer of an event that has been queued for some sockets.
func (ns *Namespace) emitted(event string, p *protocol.Packet, sockets int) {
	if f := ns.server.observer.Emitted; f != nil {
		f(Outgoing{Namespace: ns, Event: event, Ack: p.HasID, Sockets: sockets, Bytes: payload(p)})
	}
}

// answered tells the observer of the answer of a socket, or that there is none.
func (s *Socket) answered(event string, asked time.Time, err error) {
	if f := s.namespace.server.observer.Acknowledged; f != nil {
		f(s, event, time.Since(asked), err)
	}
}

// adapterFailed tells the observer of an error of the adapter, and returns it.
func (ns *Namespace) adapterFailed(what string, err error) error {
	if f := ns.server.observer.AdapterFailed; f != nil && err != nil {
		f(ns, what, err)
	}
	return err
}

// askFailed is adapterFailed for an error of a reply, which is none of the adapter
// if who asked did not wait.
func (ns *Namespace) askFailed(ctx context.Context, op adapter.Op, err error) {
	if _, missing := errors.AsType[*MissingError](err); missing || ctx.Err() == nil {
		_ = ns.adapterFailed(string(op), err) // it is the asker's to handle
	}
}
