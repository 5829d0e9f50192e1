package engine

import (
	"math"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

// memoryPace is the least time between two looks at the memory in use.
const memoryPace = time.Second

// memory watches over what the process needs: what is alive, not what the
// collector has not freed yet, of which there may be as much as GOMEMLIMIT allows.
type memory struct {
	limit, low uint64 // bytes; 0 for no limit
	read       func() uint64

	exceeded atomic.Bool
	mu       sync.Mutex    // guards next
	next     time.Duration // when to look again, since the server's start
}

// newMemory returns a watch with a limit in bytes; 0 stands for three quarters of
// the runtime's, if it has one.
func newMemory(limit int64) *memory {
	if limit == 0 {
		if soft := debug.SetMemoryLimit(-1); soft < math.MaxInt64 {
			limit = soft / 4 * 3
		}
	}
	limit = max(limit, 0)
	return &memory{limit: uint64(limit), low: uint64(limit) / 8 * 7, read: alive}
}

// over reports whether the limit has been exceeded, and not been clearly kept
// since. It looks at most once a second; without a limit it costs nothing.
func (m *memory) over(now time.Duration) bool {
	if m.limit == 0 {
		return false
	}
	if m.mu.TryLock() {
		if now >= m.next {
			m.next = now + memoryPace
			n := m.read()
			m.exceeded.Store(n > m.limit || n > m.low && m.exceeded.Load())
		}
		m.mu.Unlock()
	}
	return m.exceeded.Load()
}

// alive returns how many bytes live objects took at the last collection, and
// stacks take now.
func alive() uint64 {
	samples := [...]metrics.Sample{
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/stacks:bytes"},
	}
	metrics.Read(samples[:])
	sum := uint64(0)
	for _, one := range samples {
		if one.Value.Kind() == metrics.KindUint64 {
			sum += one.Value.Uint64()
		}
	}
	return sum
}
