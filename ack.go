package brio

import (
	"context"
	"fmt"
	"iter"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/protocol"
	"github.com/briohq/brio/transport"
)

// Emitter is where an event can be sent: a [*Socket], a [Target], a
// [*Namespace].
type Emitter interface {
	Emit(event string, args ...any) error
}

// Caller is who can be asked for an answer: a [*Socket].
type Caller interface {
	Do(ctx context.Context, event string, args ...any) (Args, error)
}

// Answer is what one socket answered.
type Answer[T any] struct {
	Socket string // its id
	Value  T
}

// AckError is the failure of one socket to answer.
type AckError struct {
	Socket string // its id
	Err    error
}

func (e *AckError) Error() string {
	return fmt.Sprintf("no answer from socket %s: %v", e.Socket, e.Err)
}

// Unwrap returns why.
func (e *AckError) Unwrap() error { return e.Err }

// answer is an acknowledgement that has come, or will not.
type answer struct {
	socket *Socket
	args   Args
	err    error
}

// expect announces an acknowledgement. Its answer is sent to the channel, which
// must have room for it, even if the socket disconnects.
func (s *Socket) expect(id uint64, to chan<- answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		to <- answer{socket: s, err: &Disconnect{s.reason}}
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
		own := p.Clone()
		to <- answer{socket: s, args: Args{Args: own.Args()}}
	}
}

// Do sends an event and returns the client's acknowledgement of it. It fails
// with the cause of ctx if that ends before the answer is there, and with
// [ErrDisconnected] if the socket does. A handler may wait for its own socket.
func (s *Socket) Do(ctx context.Context, event string, args ...any) (Args, error) {
	to := make(chan answer, 1)
	p := protocol.Packet{Namespace: s.namespace.name, ID: s.namespace.acks.Add(1) - 1, HasID: true}
	frames, err := s.namespace.server.encodeEvent(&p, event, args)
	if err != nil {
		return Args{}, err
	}
	s.expect(p.ID, to)
	defer s.forget(p.ID)
	if err := s.emit(frames); err != nil {
		return Args{}, err
	}
	select {
	case a := <-to:
		return a.args, a.err
	case <-ctx.Done():
		return Args{}, context.Cause(ctx)
	}
}

// All sends an event to the sockets of this node and returns their
// acknowledgements as they come. A socket that does not answer yields an
// [*AckError]: [ErrDisconnected] at once if it has disconnected, the cause of
// ctx when that ends. Nothing is sent before the range begins; leaving it early
// gives up what is still awaited.
func (t Target) All(ctx context.Context, event string, args ...any) iter.Seq2[Answer[Args], error] {
	return func(yield func(Answer[Args], error) bool) {
		p, err := newEvent(t.namespace.name, event, args)
		if err != nil {
			yield(Answer[Args]{}, err)
			return
		}
		asked := map[*Socket]uint64{} // and the id of the answer
		questions := map[*Namespace]question{}
		for s := range t.Sockets() {
			q, ok := questions[s.namespace]
			if !ok {
				if q, err = s.namespace.question(p, t.options); err != nil {
					yield(Answer[Args]{}, err)
					return
				}
				questions[s.namespace] = q
			}
			asked[s] = q.id
		}
		answers := make(chan answer, len(asked))
		defer func() {
			for s, id := range asked {
				s.forget(id)
			}
		}()
		for s, id := range asked {
			s.expect(id, answers)
			_ = s.connection.send(questions[s.namespace].frames, true) // if it has ended, expect knows, or end tells
		}
		for len(asked) > 0 {
			a, ok := next(ctx, answers)
			if !ok {
				break
			}
			delete(asked, a.socket)
			if !yield(a.result()) {
				return
			}
		}
		for s := range asked {
			if !yield(answer{socket: s, err: context.Cause(ctx)}.result()) {
				return
			}
		}
	}
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

// question is an event that one namespace's sockets are asked to acknowledge.
type question struct {
	id     uint64
	frames []*transport.Frame
}

func (ns *Namespace) question(p *protocol.Packet, o adapter.Options) (question, error) {
	own := *p
	own.Namespace, own.ID, own.HasID = ns.name, ns.acks.Add(1)-1, true
	frames, err := ns.server.encodeFor(&own, o)
	return question{own.ID, frames}, err
}

func (a answer) result() (Answer[Args], error) {
	if a.err != nil {
		return Answer[Args]{Socket: a.socket.id}, &AckError{a.socket.id, a.err}
	}
	return Answer[Args]{a.socket.id, a.args}, nil
}
