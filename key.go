package brio

// Key is the name of a T that is kept with a socket, on this node, as long as
// the socket lives. Keys are told apart by name alone: declare each as a
// constant, once.
//
// [Target.Peers] encodes the values as JSON, at any time and in any goroutine. A
// value should thus not be changed once it is set, but replaced; one that can't
// do without guards itself in a MarshalJSON, or has an error returned by it and is
// left out.
type Key[T any] string

// Get returns the socket's value, the zero value if it has none.
func (k Key[T]) Get(s *Socket) T {
	v, _ := k.Lookup(s)
	return v
}

// Lookup returns the socket's value, and whether it has one.
func (k Key[T]) Lookup(s *Socket) (T, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.data.get(string(k)).(T)
	return v, ok
}

// Set gives the socket a value.
func (k Key[T]) Set(s *Socket, v T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data.set(string(k), v)
}

// Delete takes the value away.
func (k Key[T]) Delete(s *Socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data.delete(string(k))
}
