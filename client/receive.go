package client

import (
	"context"
	"iter"
	"slices"

	"github.com/briohq/brio"
)

// receiver is one range over the events of a name. It is guarded by the manager's
// mu, but for what it immutable.
type receiver struct {
	socket *Socket
	event  string
	signal chan struct{} // has room for one: something has changed

	queue []*delivery
	err   error // why nothing more comes
}

// Receive returns the events of a name that come from this call on, beside the
// handler that they may have: to be ranged over once, in any goroutine. They go on
// when the connection has been lost and is there again. What ends them is the last
// thing yielded: the cause of ctx; [ErrClosed]; or why the socket does not try to
// connect any more, a [*brio.Disconnect] or a [*ConnectError]. Leaving the range
// ends them too.
//
// Events that have not been ranged over yet count for the bound of the socket's
// inbox, see Config.MaxBacklog. So end ctx if you don't range over them after all. The
// protocol's own names have no events.
func (s *Socket) Receive(ctx context.Context, event string) iter.Seq2[brio.Args, error] {
	m := s.manager
	r := &receiver{socket: s, event: event, signal: make(chan struct{}, 1)}
	m.mu.Lock()
	if m.closed {
		r.err = ErrClosed
	} else {
		s.receivers[event] = append(s.receivers[event], r)
	}
	m.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { r.leave(context.Cause(ctx)) })
	return func(yield func(brio.Args, error) bool) {
		defer stop()
		defer r.leave(context.Canceled)
		for {
			args, err := r.next()
			if !yield(args, err) || err != nil {
				return
			}
		}
	}
}

// next waits for the next event.
func (r *receiver) next() (brio.Args, error) {
	m := r.socket.manager
	m.mu.Lock()
	defer m.mu.Unlock()
	for len(r.queue) == 0 && r.err == nil {
		m.mu.Unlock()
		<-r.signal
		m.mu.Lock()
	}
	if len(r.queue) == 0 {
		return brio.Args{}, r.err
	}
	d := r.queue[0]
	r.queue[0] = nil
	r.queue = r.queue[1:]
	r.socket.taken(d)
	return d.args, nil
}

// leave ends the events at once.
func (r *receiver) leave(err error) {
	s := r.socket
	s.manager.mu.Lock()
	defer s.manager.mu.Unlock()
	list := s.receivers[r.event]
	if i := slices.Index(list, r); i >= 0 {
		// Cloned, because deliver may have the list.
		s.receivers[r.event] = slices.Delete(slices.Clone(list), i, i+1)
	}
	if len(s.receivers[r.event]) == 0 {
		delete(s.receivers, r.event)
	}
	for _, d := range r.queue {
		s.taken(d)
	}
	r.queue = nil
	r.end(err)
}

// put adds an event. It is called with the manager's mu held.
func (r *receiver) put(d *delivery) {
	r.queue = append(r.queue, d)
	r.wake()
}

// end says that nothing more comes. It is called with the manager's mu held.
func (r *receiver) end(err error) {
	if r.err == nil {
		r.err = err
		r.wake()
	}
}

func (r *receiver) wake() {
	select {
	case r.signal <- struct{}{}:
	default:
	}
}
