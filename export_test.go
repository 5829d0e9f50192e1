package brio

// Backlog returns how many bytes wait for the socket's handlers.
func (s *Socket) Backlog() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inbox.bytes
}

// PendingAcks returns how many acknowledgements the client still owes.
func (s *Socket) PendingAcks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pending)
}

// Kept returns how many bytes are kept for sockets that may come back.
func (s *Server) Kept() int64 { return s.kept.Load() }

// AppendQuery appends what a query is as auth.
var AppendQuery = appendQuery
