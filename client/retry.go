package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/briohq/brio/protocol"
)

// retries are the events of a socket with Config.Retries. The first of them is under
// way; the others wait until it has been acknowledged, or given up. It is guarded by
// the manager's mu.
type retries struct {
	queue   []*attempt
	running bool // a goroutine works here
}

// attempt is one event, however often it is sent.
type attempt struct {
	event  string
	packet *protocol.Packet
	flags  flags
	size   int
	tries  int
	waited bool          // somebody takes the answer
	done   chan answer   // has room for it
	quit   chan struct{} // closed when nobody wants it any more
}

var errTimeout = errors.New("no acknowledgement in Config.AckTimeout")

// retry queues an event.
func (s *Socket) retry(a *attempt) (*attempt, error) {
	m := s.manager
	a.size, a.done, a.quit = 128+len(a.packet.Data), make(chan answer, 1), make(chan struct{})
	for _, b := range a.packet.Attachments {
		a.size += len(b)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if limit := m.config.MaxBacklog; m.closed {
		return nil, ErrClosed
	} else if m.backlog+a.size > limit {
		return nil, fmt.Errorf("%w: %d of %d bytes are taken by events that were not acknowledged; emit less, or raise Config.MaxBacklog", ErrBacklog, m.backlog, limit)
	}
	m.backlog += a.size
	s.retries.queue = append(s.retries.queue, a)
	s.resume()
	return a, nil
}

// insist queues an event and waits for its acknowledgement.
func (s *Socket) insist(ctx context.Context, event string, p *protocol.Packet) (answer, error) {
	a, err := s.retry(&attempt{event: event, packet: p, waited: true})
	if err != nil {
		return answer{}, err
	}
	select {
	case got := <-a.done:
		return got, nil
	case <-ctx.Done():
	}
	s.manager.mu.Lock()
	defer s.manager.mu.Unlock()
	close(a.quit)
	s.remove(a)
	select {
	case got := <-a.done: // just before
		return got, nil
	default:
		return answer{}, context.Cause(ctx)
	}
}

// resume goes on with the queue. It is called with mu held.
func (s *Socket) resume() {
	if !s.retries.running && len(s.retries.queue) > 0 && s.phase == in {
		s.retries.running = true
		s.manager.group.Go(s.persist)
	}
}

// remove takes an event out of the queue. It is called with mu held.
func (s *Socket) remove(a *attempt) {
	if i := slices.Index(s.retries.queue, a); i >= 0 {
		s.retries.queue = slices.Delete(s.retries.queue, i, i+1)
		s.manager.backlog -= a.size
	}
}

// drop ends all that wait. It is called with mu held.
func (r *retries) drop(err error) {
	for _, a := range r.queue {
		a.done <- answer{err: err}
	}
	r.queue = nil
}

// persist sends one event after the other, until there is none, or the socket is not
// connected any more.
func (s *Socket) persist() {
	m := s.manager
	for {
		m.mu.Lock()
		if s.phase != in || len(s.retries.queue) == 0 {
			s.retries.running = false
			m.mu.Unlock()
			return
		}
		a := s.retries.queue[0]
		a.tries++
		to := make(chan answer, 1)
		o, err := s.encode(a.packet, to, a.flags)
		if err == nil {
			_ = s.send(o) // if there is no connection any more, or no room, no answer comes
			o.expected.sent = true
		}
		m.mu.Unlock()
		if err == nil {
			s.settle(a, o, s.await(a, to))
		} else {
			s.settle(a, nil, answer{err: err})
		}
	}
}

// await returns the acknowledgement of one try.
func (s *Socket) await(a *attempt, to <-chan answer) answer {
	ctx, cancel := context.WithTimeout(s.manager.ctx, s.manager.config.AckTimeout)
	defer cancel()
	select {
	case got := <-to:
		return got
	case <-a.quit:
		return answer{err: context.Canceled}
	case <-ctx.Done():
		return answer{err: errTimeout}
	}
}

// settle takes what has become of one try. The event leaves the queue if it has been
// acknowledged, or has been tried often enough.
func (s *Socket) settle(a *attempt, o *outgoing, got answer) {
	m := s.manager
	m.mu.Lock()
	if o != nil {
		delete(s.acks, o.ack)
	}
	over := got.err == nil || o == nil || a.tries > m.config.Retries
	if !over || !slices.Contains(s.retries.queue, a) {
		m.mu.Unlock()
		return
	}
	s.remove(a)
	if got.err != nil {
		got.err = fmt.Errorf("given up after %d tries: %w", a.tries, got.err)
	}
	a.done <- got
	m.mu.Unlock()
	if got.err != nil && !a.waited {
		m.config.Logger.Error("event lost", "event", a.event, "error", got.err, "namespace", s.namespace)
	}
}
