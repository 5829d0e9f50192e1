package brio

import (
	"context"
	"iter"
)

// Event is the name of an event whose one argument is a T. Declared as a
// constant, it is the contract between those who emit and those who handle it.
type Event[T any] string

// None is the argument of an event that has none, and the answer of a call that
// only says that it has been done.
type None struct{}

// Handlers is where the handler of an event is set: a [*Namespace], or what puts
// something before the handlers of one, such as the Window of package delivery.
type Handlers interface {
	On(event string, f func(ctx context.Context, s *Socket, args Args) error)
}

// handleTyped sets the handler of a typed event. Who is not a namespace itself passes
// it on to one with On, and may need arguments of its own.
func handleTyped(to Handlers, h Handler, f func(ctx context.Context, s *Socket, args Args) error) {
	if ns, ok := to.(*Namespace); ok {
		ns.handleTyped(h, f)
		return
	}
	to.On(h.Event, f)
}

// Handle sets the handler of the event, see [Namespace.On]. What reaches it is a
// valid T: an argument that can't be decoded into one is refused with a [Refusal], and
// so is one that is missing, unless T can be nil, and, without
// Config.AllowUnknownFields, null for one, a member without a field, and more than one
// argument. If
// the T, or a value inside of it, has a method Validate() error, that is called
// thereafter, of the parts before the whole; its error is told to the client, too.
//
// If the client asked for an acknowledgement, it gets one without arguments once
// the handler has returned nil.
func (e Event[T]) Handle(ns Handlers, f func(ctx context.Context, s *Socket, v T) error) {
	in := newTaker[T](ns)
	handleTyped(ns, newHandler[T, None](string(e)), func(ctx context.Context, s *Socket, args Args) error {
		var v T
		if err := in.take(s.namespace, s.id, args, &v); err != nil {
			return err
		}
		if err := f(ctx, s, v); err != nil {
			return err
		}
		return args.Ack()
	})
}

// OnServer sets the handler of the event when another server sends it, see
// [Namespace.OnServer]. If that waits for an answer, it gets one without values.
func (e Event[T]) OnServer(ns *Namespace, f func(ctx context.Context, ns *Namespace, v T) error) {
	Call[T, None](e).OnServer(ns, func(ctx context.Context, ns *Namespace, v T) (None, error) {
		return None{}, f(ctx, ns, v)
	})
}

// ServerEmit sends the event to the other servers, see [Namespace.ServerEmit].
func (e Event[T]) ServerEmit(ns *Namespace, v T) error { return ns.ServerEmit(string(e), list(v)...) }

// Emit sends the event.
func (e Event[T]) Emit(to Emitter, v T) error { return to.Emit(string(e), list(v)...) }

// Call is the name of an event whose one argument is a Req, and whose
// acknowledgement is a Res.
type Call[Req, Res any] string

// Handle sets the handler of the call, see [Namespace.On]. What it returns is
// the acknowledgement. What reaches it is a valid Req, as [Event.Handle] has it.
func (c Call[Req, Res]) Handle(ns Handlers, f func(ctx context.Context, s *Socket, req Req) (Res, error)) {
	in := newTaker[Req](ns)
	handleTyped(ns, newHandler[Req, Res](string(c)), func(ctx context.Context, s *Socket, args Args) error {
		var req Req
		if err := in.take(s.namespace, s.id, args, &req); err != nil {
			return err
		}
		res, err := f(ctx, s, req)
		if err != nil {
			return err
		}
		return args.Ack(list(res)...)
	})
}

// Do sends the call and returns its answer, see [Socket.Do].
func (c Call[Req, Res]) Do(ctx context.Context, to Caller, req Req) (Res, error) {
	var res Res
	args, err := to.Do(ctx, string(c), list(req)...)
	if err == nil {
		err = args.Scan(&res)
	}
	return res, err
}

// All sends the call to the sockets and returns their answers as they come, see
// [Target.All].
func (c Call[Req, Res]) All(ctx context.Context, to Target, req Req) iter.Seq2[Answer[Res], error] {
	return typed[Res](to.All(ctx, string(c), list(req)...))
}

// typed decodes answers.
func typed[T any](answers iter.Seq2[Answer[Args], error]) iter.Seq2[Answer[T], error] {
	return func(yield func(Answer[T], error) bool) {
		for a, err := range answers {
			one := Answer[T]{Node: a.Node, Socket: a.Socket}
			if err == nil {
				err = a.Value.Scan(&one.Value)
			}
			if !yield(one, err) {
				return
			}
		}
	}
}

// OnServer sets the handler of the call when another server makes it, see
// [Namespace.OnServer]. What reaches it is a valid Req, as [Event.Handle] has it.
func (c Call[Req, Res]) OnServer(ns *Namespace, f func(ctx context.Context, ns *Namespace, req Req) (Res, error)) {
	in := newTaker[Req](ns)
	ns.OnServer(string(c), func(ctx context.Context, ns *Namespace, args Args) error {
		var req Req
		if err := in.take(ns, "", args, &req); err != nil {
			return err
		}
		res, err := f(ctx, ns, req)
		if err != nil {
			return err
		}
		return args.Ack(list(res)...)
	})
}

// ServerAll makes the call to the other servers and returns their answers as they
// come, see [Namespace.ServerAll].
func (c Call[Req, Res]) ServerAll(ctx context.Context, ns *Namespace, req Req) iter.Seq2[Answer[Res], error] {
	return typed[Res](ns.ServerAll(ctx, string(c), list(req)...))
}

// list returns the arguments that v stands for.
func list(v any) []any {
	if _, none := v.(None); none {
		return nil
	}
	return []any{v}
}
