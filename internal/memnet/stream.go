package memnet

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// stream is one direction of a connection.
type stream struct {
	link Link

	mu      sync.Mutex // guards what follows
	changed sync.Cond  // any of it
	pieces  []piece    // on their way
	size    int        // of the pieces
	ended   bool       // nothing more is written
	last    time.Time  // when the end arrives
	lost    bool       // the reader is told that the connection was reset
	left    *stream    // the reader's other direction, once it has closed
	readBy  time.Time
	writeBy time.Time
}

// piece is data that arrives at a time.
type piece struct {
	at   time.Time
	data []byte
}

func newStream(link Link) *stream {
	s := &stream{link: link}
	s.changed.L = &s.mu
	return s
}

func (s *stream) read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		now := time.Now()
		next := s.readBy
		switch {
		case s.left != nil:
			return 0, net.ErrClosed
		case s.lost:
			return 0, syscall.ECONNRESET
		case passed(s.readBy, now):
			return 0, os.ErrDeadlineExceeded
		case len(b) == 0:
			return 0, nil
		case len(s.pieces) > 0:
			if !s.pieces[0].at.After(now) {
				return s.take(b, now), nil
			}
			next = earlier(next, s.pieces[0].at)
		case s.ended:
			if !s.last.After(now) {
				return 0, io.EOF
			}
			next = earlier(next, s.last)
		}
		s.wait(next)
	}
}

// take reads what has arrived. It is called with mu held.
func (s *stream) take(b []byte, now time.Time) (n int) {
	if s.link.Piece > 0 && len(b) > s.link.Piece {
		b = b[:s.link.Piece]
	}
	for n < len(b) && len(s.pieces) > 0 && !s.pieces[0].at.After(now) {
		p := &s.pieces[0]
		k := copy(b[n:], p.data)
		n += k
		if p.data = p.data[k:]; len(p.data) == 0 {
			s.pieces = s.pieces[1:]
		}
	}
	s.size -= n
	s.changed.Broadcast()
	return n
}

func (s *stream) write(b []byte) (n int, err error) {
	defer s.answer(&err)
	s.mu.Lock()
	defer s.mu.Unlock()
	for n < len(b) {
		if err := s.writable(); err != nil {
			return n, err
		}
		if room := s.link.Buffer - s.size; room > 0 {
			k := min(room, len(b)-n)
			s.put(b[n : n+k])
			n += k
			continue
		}
		s.wait(s.writeBy)
	}
	return n, nil
}

// writable says why nothing can be written. It is called with mu held.
func (s *stream) writable() error {
	switch {
	case s.ended:
		return net.ErrClosed
	case s.lost:
		return syscall.ECONNRESET
	case s.left != nil:
		return syscall.EPIPE
	case passed(s.writeBy, time.Now()):
		return os.ErrDeadlineExceeded
	}
	return nil
}

// answer is what the peer does about data for which it has no reader.
func (s *stream) answer(err *error) {
	if !errors.Is(*err, syscall.EPIPE) {
		return
	}
	s.mu.Lock()
	back := s.left
	s.mu.Unlock()
	back.reset()
}

// put sends data on its way. It is called with mu held.
func (s *stream) put(b []byte) {
	s.pieces = append(s.pieces, piece{time.Now().Add(s.link.Latency), append([]byte(nil), b...)})
	s.size += len(b)
	s.changed.Broadcast()
}

// end says that nothing more is written.
func (s *stream) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.ended, s.last = true, time.Now().Add(s.link.Latency)
		s.changed.Broadcast()
	}
}

// leave says that nothing more is read, and reports whether something could have
// been. The reader's other direction is reset if more is written.
func (s *stream) leave(other *stream) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	unread := s.size > 0
	s.left, s.pieces, s.size = other, nil, 0
	s.changed.Broadcast()
	return unread
}

// reset loses what is on its way.
func (s *stream) reset() {
	lose := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ended, s.lost, s.pieces, s.size = true, true, nil, 0
		s.changed.Broadcast()
	}
	if s.link.Latency == 0 {
		lose()
		return
	}
	time.AfterFunc(s.link.Latency, lose)
}

func (s *stream) setDeadline(which *time.Time, t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*which = t
	s.changed.Broadcast()
}

// wait waits for a change, or a time unless that is zero. It is called with mu
// held.
func (s *stream) wait(until time.Time) {
	if !until.IsZero() {
		timer := time.AfterFunc(time.Until(until), func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.changed.Broadcast()
		})
		defer timer.Stop()
	}
	s.changed.Wait()
}

func passed(deadline, now time.Time) bool { return !deadline.IsZero() && !deadline.After(now) }

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
