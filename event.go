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

// Handle sets the handler of the event, see [Namespace.On]. An argument that
// can't be decoded into a T never reaches it. If the client asked for an
// acknowledgement, it gets one without arguments once the handler has returned
// nil.
func (e Event[T]) Handle(ns Handlers, f func(ctx context.Context, s *Socket, v T) error) {
	ns.On(string(e), func(ctx context.Context, s *Socket, args Args) error {
		v, err := scan[T](s.namespace, s.id, args)
		if err != nil {
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
// the acknowledgement. A request that can't be decoded into a Req never reaches
// it.
func (c Call[Req, Res]) Handle(ns Handlers, f func(ctx context.Context, s *Socket, req Req) (Res, error)) {
	ns.On(string(c), func(ctx context.Context, s *Socket, args Args) error {
		req, err := scan[Req](s.namespace, s.id, args)
		if err != nil {
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
// [Namespace.OnServer].
func (c Call[Req, Res]) OnServer(ns *Namespace, f func(ctx context.Context, ns *Namespace, req Req) (Res, error)) {
	ns.OnServer(string(c), func(ctx context.Context, ns *Namespace, args Args) error {
		req, err := scan[Req](ns, "", args)
		if err != nil {
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

func scan[T any](ns *Namespace, socket string, args Args) (T, error) {
	var v T
	if err := args.Scan(&v); err != nil {
		ns.server.config.Logger.Debug("argument refused", "error", err, "socket", socket, "namespace", ns.name)
		return v, errArgument
	}
	return v, nil
}
