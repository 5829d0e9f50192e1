package brio

import (
	"context"
	"fmt"
	"iter"

	"github.com/briohq/brio/protocol"
)

// Listener is where events come in at the other end: the *client.Socket of
// package client. There the constants that a server handles with
// [Event.Handle] and [Call.Handle] are used with [Event.On], [Event.Receive] and
// [Call.On].
type Listener interface {
	On(event string, f func(ctx context.Context, args Args) error)
	Receive(ctx context.Context, event string) iter.Seq2[Args, error]
}

// On sets the client's handler of the event. An argument that can't be decoded
// into a T never reaches it. If the server asked for an acknowledgement, it gets
// one without arguments once the handler has returned nil.
func (e Event[T]) On(l Listener, f func(ctx context.Context, v T) error) {
	l.On(string(e), func(ctx context.Context, args Args) error {
		v, err := first[T](args)
		if err != nil {
			return err
		}
		if err := f(ctx, v); err != nil {
			return err
		}
		return args.Ack()
	})
}

// Receive returns the events that come from the call of Receive on, to be ranged
// over once, as the Receive method of the listener has it. One whose argument
// can't be decoded into a T yields an error, and the range goes on; the error of
// the listener is the last. If the server asked for an acknowledgement, it gets
// one without arguments once the body of the loop is done with the event.
func (e Event[T]) Receive(ctx context.Context, l Listener) iter.Seq2[T, error] {
	all := l.Receive(ctx, string(e))
	return func(yield func(T, error) bool) {
		for args, err := range all {
			var v T
			if err == nil {
				v, err = first[T](args)
			}
			more := yield(v, err)
			if err == nil {
				_ = args.Ack() // if it can't, who asked has gone
			}
			if !more {
				return
			}
		}
	}
}

// On sets the client's handler of the call, for when the server makes it. What it
// returns is the acknowledgement. A request that can't be decoded into a Req never
// reaches it.
func (c Call[Req, Res]) On(l Listener, f func(ctx context.Context, req Req) (Res, error)) {
	l.On(string(c), func(ctx context.Context, args Args) error {
		req, err := first[Req](args)
		if err != nil {
			return err
		}
		res, err := f(ctx, req)
		if err != nil {
			return err
		}
		return args.Ack(list(res)...)
	})
}

// first decodes the one argument. Of a None nothing is decoded: with recovery,
// the first argument of an event without any is the client's position.
func first[T any](args Args) (T, error) {
	var v T
	if _, none := any(v).(None); none {
		return v, nil
	}
	if err := args.Scan(&v); err != nil {
		return v, fmt.Errorf("%w: %w", errArgument, err)
	}
	return v, nil
}

// NewArgs returns the arguments of a packet that no [Server] has read: package
// client makes those of its handlers with it. They are decoded with the library, nil
// for encoding/json. If an acknowledgement is asked for, answer sends it: a packet
// of which it adds the namespace and the id, and which it must not keep. It is
// called at most once; nil says that none is asked for.
func NewArgs(args protocol.Args, library *JSON, answer func(protocol.Packet) error) Args {
	a := Args{Args: args, json: library}
	if answer != nil {
		a.ack = &acknowledgement{to: answerer(answer)}
	}
	return a
}

type answerer func(protocol.Packet) error

func (f answerer) acknowledge(p protocol.Packet) error { return f(p) }
