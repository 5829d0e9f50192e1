package brio

import "context"

// Use adds a middleware for the events of this socket alone: a function that
// decides whether an event reaches its handler. It runs after the listeners of
// [Namespace.OnAny], in the order of registration, also for events without a
// handler. An error stops the event and is treated as its handler's: the client
// is answered if it asked for an acknowledgement. Middleware stays as long as
// the socket; one that is added by another counts from the next event on.
//
// What applies to all sockets alike is cheaper with [Namespace.OnAny], which is
// registered once.
func (s *Socket) Use(f func(ctx context.Context, event string, args Args) error) {
	s.mu.Lock() // among those who add
	defer s.mu.Unlock()
	var list []func(context.Context, string, Args) error
	if old := s.middleware.Load(); old != nil {
		list = append(list, *old...)
	}
	list = append(list, f)
	s.middleware.Store(&list)
}

// intercept runs the socket's middleware for an event.
func (s *Socket) intercept(ctx context.Context, name []byte, args Args) error {
	list := s.middleware.Load()
	if list == nil {
		return nil
	}
	event := string(name)
	for _, f := range *list {
		if err := f(ctx, event, args); err != nil {
			return err
		}
	}
	return nil
}
