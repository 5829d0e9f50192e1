package brio

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/engine"
	"github.com/briohq/brio/protocol"
)

// Emitter is where an event can be sent: a [*Socket], or that of a client, a [Target], a
// [*Namespace].
type Emitter interface {
	Emit(event string, args ...any) error
}

// Caller is who can be asked for an answer: a [*Socket], or that of a client.
type Caller interface {
	Do(ctx context.Context, event string, args ...any) (Args, error)
}

// Answer is what one socket answered, or the server of one node.
type Answer[T any] struct {
	Node   string // of the cluster, as the adapter calls it; "" for this one
	Socket string // its id; "" for a server, or if the cluster does not tell
	Value  T
}

// AckError is the failure of one socket, or of the server of one node, to
// answer.
type AckError struct {
	Node   string // of the cluster, as the adapter calls it; "" for this one
	Socket string // its id; "" for a server
	Err    error  // of a server's handler, an [*Error]
}

func (e *AckError) Error() string {
	if e.Socket == "" {
		return fmt.Sprintf("no answer from node %s: %v", e.Node, e.Err)
	}
	return fmt.Sprintf("no answer from socket %s: %v", e.Socket, e.Err)
}

// Unwrap returns why.
func (e *AckError) Unwrap() error { return e.Err }

// MissingError names the nodes of the cluster that have not answered, or not to
// the end, and says why.
type MissingError = adapter.MissingError

// answer is an acknowledgement that has come, or will not.
type answer struct {
	socket *Socket
	packet protocol.Packet
	err    error
}

// expect announces an acknowledgement. Its answer is sent to the channel, which
// must have room for it, even if the socket disconnects.
func (s *Socket) expect(id uint64, to chan<- answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cause := s.cause.Load(); cause != nil {
		to <- answer{socket: s, err: cause}
		return
	}
	if s.pending == nil {
		s.pending = map[uint64]chan<- answer{}
	}
	s.pending[id] = to
}

// forget takes back expect.
func (s *Socket) forget(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, id)
}

// acknowledged takes the client's answer. One that nobody waits for, any more or
// at all, is ignored.
func (s *Socket) acknowledged(p *protocol.Packet) {
	if !p.HasID {
		return
	}
	s.mu.Lock()
	to := s.pending[p.ID]
	delete(s.pending, p.ID)
	s.mu.Unlock()
	if to != nil {
		to <- answer{socket: s, packet: p.Clone()}
	}
}

// Do sends an event and returns the client's acknowledgement of it. It fails
// with the cause of ctx if that ends before the answer is there, and with
// [ErrDisconnected] if the socket does; without a deadline it waits as long as
// these do. A handler may wait for its own socket, but not for an answer that the
// client gives only after it has asked this socket something in turn: events of a
// socket are handled one at a time, so that would wait until ctx ends. Ask in a
// function that [Socket.Go] runs then.
func (s *Socket) Do(ctx context.Context, event string, args ...any) (Args, error) {
	to := make(chan answer, 1)
	p := protocol.Packet{Namespace: s.namespace.name, ID: s.namespace.acks.Add(1) - 1, HasID: true}
	frames, err := s.namespace.server.encodeEvent(&p, event, args)
	if err != nil {
		return Args{}, err
	}
	s.expect(p.ID, to)
	defer s.forget(p.ID)
	s.hear(event, args)
	if err := s.send(frames); err != nil {
		return Args{}, err
	}
	asked := time.Now()
	s.namespace.emitted(event, &p, 1)
	select {
	case a := <-to:
		s.answered(event, asked, a.err)
		return s.namespace.server.args(a.packet.Args()), a.err
	case <-ctx.Done():
		err := context.Cause(ctx)
		s.answered(event, asked, err)
		return Args{}, err
	}
}

// All sends an event to the sockets and returns their acknowledgements as they
// come. A socket that does not answer yields an [*AckError]: [ErrDisconnected] at
// once if it has disconnected, the cause of ctx when that ends. Nodes of the
// cluster that do not answer are named by a [*MissingError]. Without a deadline
// All waits as long as ctx does. Nothing is sent before the range begins; leaving
// it early gives up what is still awaited.
func (t Target) All(ctx context.Context, event string, args ...any) iter.Seq2[Answer[Args], error] {
	return func(yield func(Answer[Args], error) bool) {
		p, err := t.namespace.newEvent(event, args)
		if err != nil {
			yield(Answer[Args]{}, err)
			return
		}
		silent := map[string]string{} // sockets that have been asked, and their nodes
		failure := ErrDisconnected
		for r, err := range t.namespace.ask(ctx, adapter.Request{Op: adapter.Call, Options: t.options, Event: p}) {
			for _, id := range r.Asked {
				silent[id] = r.Node
			}
			switch {
			case err != nil:
				failure = err
				if !yield(Answer[Args]{Node: r.Node}, err) {
					return
				}
			case r.Answer != nil:
				delete(silent, r.Answer.Socket)
				if !yield(t.namespace.server.newAnswer(r)) {
					return
				}
			}
		}
		if ctx.Err() != nil {
			failure = context.Cause(ctx)
		}
		for id, node := range silent {
			if !yield(Answer[Args]{Node: node, Socket: id}, &AckError{Node: node, Socket: id, Err: failure}) {
				return
			}
		}
	}
}

// newAnswer returns what a reply has for who asked.
func (s *Server) newAnswer(r adapter.Reply) (Answer[Args], error) {
	a := Answer[Args]{Node: r.Node, Socket: r.Answer.Socket}
	why := r.Answer.Failure
	switch {
	case why == nil:
		a.Value = s.args(r.Answer.Ack.Args())
		return a, nil
	case a.Socket != "":
		return a, &AckError{r.Node, a.Socket, &Disconnect{Reason(why.Message)}}
	}
	e := &Error{Message: why.Message}
	if why.Data != nil {
		e.Data = why.Data
	}
	return a, &AckError{r.Node, "", e}
}

// call asks the sockets of this node that the options select.
func (ns sockets) call(ctx context.Context, p *protocol.Packet, o adapter.Options) iter.Seq2[adapter.Reply, error] {
	return func(yield func(adapter.Reply, error) bool) {
		var ids []string
		list := slices.Collect(ns.present(o))
		for _, s := range list {
			ids = append(ids, s.id)
		}
		if len(list) == 0 || !yield(adapter.Reply{Asked: ids}, nil) {
			return
		}
		own := *p
		own.Namespace, own.ID, own.HasID = ns.name, ns.acks.Add(1)-1, true
		frames, err := ns.server.encodeFor(&own, o)
		if err != nil {
			yield(adapter.Reply{}, err)
			return
		}
		answers := make(chan answer, len(list))
		defer func() {
			for _, s := range list {
				s.forget(own.ID)
			}
		}()
		ns.hear(p, list)
		asked := time.Now()
		for _, s := range list {
			s.expect(own.ID, answers)
			_ = s.queue(frames, engine.Later, nil) // if it has ended, expect knows, or end tells
		}
		event := string(own.EventName())
		ns.emitted(event, &own, len(list))
		waiting := ns.waiting(list)
		for range list {
			a, ok := next(ctx, answers)
			if !ok {
				break
			}
			delete(waiting, a.socket)
			a.socket.answered(event, asked, a.err)
			if !yield(a.reply(), nil) {
				return
			}
		}
		for s := range waiting {
			s.answered(event, asked, context.Cause(ctx))
		}
	}
}

// waiting returns the sockets whose answers are awaited, for the observer; nil if
// nobody hears of them.
func (ns *Namespace) waiting(list []*Socket) map[*Socket]bool {
	if ns.server.observer.Acknowledged == nil {
		return nil
	}
	waiting := make(map[*Socket]bool, len(list))
	for _, s := range list {
		waiting[s] = true
	}
	return waiting
}

// next returns the next answer, unless ctx ends before it has come. What has
// come already counts even then.
func next(ctx context.Context, answers <-chan answer) (a answer, ok bool) {
	select {
	case a = <-answers:
		return a, true
	default:
	}
	select {
	case a = <-answers:
		return a, true
	case <-ctx.Done():
		return a, false
	}
}

func (a answer) reply() adapter.Reply {
	reply := &adapter.Answer{Socket: a.socket.id, Ack: a.packet}
	if why, gone := errors.AsType[*Disconnect](a.err); gone {
		reply.Failure = &adapter.Failure{Message: string(why.Reason)}
	}
	return adapter.Reply{Answer: reply}
}
