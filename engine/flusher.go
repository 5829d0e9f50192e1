package engine

import (
	"sync"

	"github.com/briohq/brio/internal/group"
)

// flusher writes what sessions have waiting, in a goroutine that exists only
// while some have. What is queued for a session before its turn comes leaves
// in one write, so the more there is to do, the fewer system calls a message
// takes; no timer waits for that to happen.
type flusher struct {
	group *group.Group

	mu      sync.Mutex // guards what follows
	waiting []*Session
	spare   []*Session // the former waiting, to be used again
	running bool
}

func (f *flusher) add(s *Session) {
	f.mu.Lock()
	f.waiting = append(f.waiting, s)
	start := !f.running
	f.running = true
	f.mu.Unlock()
	if start {
		f.group.Go(f.run)
	}
}

// forget lets go what a burst has needed.
func (f *flusher) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.spare = nil
	if len(f.waiting) == 0 {
		f.waiting = nil
	}
}

func (f *flusher) run() {
	for {
		f.mu.Lock()
		work := f.waiting
		if len(work) == 0 {
			f.running = false
			f.mu.Unlock()
			return
		}
		f.waiting, f.spare = f.spare, nil
		f.mu.Unlock()

		for _, s := range work {
			s.flush()
		}
		clear(work)
		f.mu.Lock()
		f.spare = work[:0]
		f.mu.Unlock()
	}
}
