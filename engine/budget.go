package engine

import (
	"cmp"
	"math"
	"slices"
	"sync/atomic"
)

// budget bounds what waits for all sessions together. A session counts while it is
// blocked: what can be written at once needs no bound, and costs nothing here. The
// sum is kept by shard, so that cores don't contend for it, and is added up when
// that of a shard has grown by a step: so it is exact to a sixteenth of the limit.
type budget struct {
	limit, low int64 // bytes
	step       int64

	over     atomic.Bool // the limit has been exceeded, and low not been reached since
	shedding atomic.Bool // a goroutine sheds
	shed     atomic.Int64
}

func (b *budget) init(limit, shards int) {
	b.limit = int64(limit)
	if limit <= 0 {
		b.limit = math.MaxInt64
	}
	b.low = b.limit / 4 * 3
	b.step = max(1, b.limit/int64(16*shards))
}

// waiting returns the sum.
func (s *Server) waiting() (sum int64) {
	for _, one := range s.shards {
		sum += one.waiting.Load()
	}
	return sum
}

// count adds to the sum. It is called with the mu of a blocked session held.
func (s *Session) count(n int) {
	b := &s.server.budget
	waits := s.shard().waiting.Add(int64(n))
	switch {
	case n > 0 && waits/b.step > (waits-int64(n))/b.step && s.server.waiting() > b.limit:
		b.over.Store(true)
		if b.shedding.CompareAndSwap(false, true) {
			s.server.group.Go(s.server.shed)
		}
	case n < 0 && b.over.Load() && s.server.waiting() <= b.low:
		b.over.Store(false)
	}
}

// block notes whether the transport takes nothing for now. It is called with mu
// held.
func (s *Session) block(blocked bool) {
	switch {
	case s.blocked == blocked, s.state == closed && blocked:
		return
	case blocked:
		s.count(s.queued)
	default:
		s.count(-s.queued)
	}
	s.blocked = blocked
}

// shed closes the sessions for which the most waits, until the sum is clearly
// below its limit.
func (s *Server) shed() {
	b := &s.budget
	for {
		for s.waiting() > b.low && s.shedLargest() {
		}
		b.shedding.Store(false)
		if s.waiting() <= b.limit || !b.shedding.CompareAndSwap(false, true) {
			return
		}
	}
}

// shedLargest closes as many sessions as it takes now, and reports whether there
// was one.
func (s *Server) shedLargest() bool {
	type offender struct {
		session *Session
		bytes   int64
	}
	var list []offender
	s.mu.RLock()
	for _, session := range s.sessions {
		list = append(list, offender{session, 0})
	}
	s.mu.RUnlock()
	for i := range list {
		list[i].bytes = list[i].session.waits()
	}
	list = slices.DeleteFunc(list, func(o offender) bool { return o.bytes == 0 })
	slices.SortFunc(list, func(a, b offender) int { return cmp.Compare(b.bytes, a.bytes) })
	for _, one := range list {
		if s.waiting() <= s.budget.low {
			break
		}
		s.budget.shed.Add(1)
		s.config.Logger.Debug("session shed", "session", one.session.id, "bytes", one.bytes)
		one.session.Abort(SlowClient)
	}
	return len(list) > 0
}

// waits returns how many bytes count for the session.
func (s *Session) waits() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.blocked {
		return 0
	}
	return int64(s.queued)
}
