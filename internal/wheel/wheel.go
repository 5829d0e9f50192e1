// Package wheel is a timing wheel: deadlines for many connections at the cost
// of one timer.
//
// A [Wheel] keeps its entries in slots of 10 ms, linked through the entries
// themselves, so that scheduling and cancelling take constant time and no
// memory. A deadline fires when it is due and not at the end of its slot: the
// wheel sleeps until the earliest deadline of the next occupied slot. While
// nothing is scheduled, nothing runs.
package wheel

import (
	"math/bits"
	"sync"
	"time"
)

const (
	// slots times width is one turn, 41 s: longer than any default deadline
	// but one. A later deadline stays in its slot for further turns.
	slots = 4096
	width = 10 * time.Millisecond
)

// Entry is a place for one deadline. It is embedded in what expires, and must
// not be copied while it is scheduled. Its zero value is not scheduled.
type Entry struct {
	// Owner is told when the deadline has passed.
	Owner Owner

	// Guarded by the wheel's mu.
	next, prev *Entry
	at         time.Duration // since the wheel's epoch; 0 if it is not scheduled
}

// Owner is what expires.
type Owner interface {
	// Expire is called on a goroutine of the wheel, without any lock of it. It
	// must not block.
	Expire()
}

// Func is a function as an [Owner].
type Func func()

// Expire calls f.
func (f Func) Expire() { f() }

// Wheel fires entries when their deadlines pass. Its methods may be called
// concurrently, from Expire too.
type Wheel struct {
	epoch time.Time

	mu       sync.Mutex // guards what follows
	slot     [slots]*Entry
	occupied [slots / 64]uint64
	count    int
	wake     time.Duration // when timer fires; meaningful while it is armed
	armed    bool
	timer    *time.Timer
	last     int64 // the tick up to which slots have been swept
	stopped  bool
	sweeping sync.WaitGroup
}

// New returns an empty wheel.
func New() *Wheel {
	return &Wheel{epoch: time.Now()}
}

// Schedule sets the deadline of e to after from now, whether it had one or not.
// On a stopped wheel it does nothing.
func (w *Wheel) Schedule(e *Entry, after time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.at > 0 {
		w.unlink(e)
	}
	if w.stopped {
		return
	}
	now := time.Since(w.epoch)
	e.at = max(now+after, now, 1)
	w.link(e)
	if w.count == 1 {
		w.last = int64(now / width)
	}
	if !w.armed || e.at < w.wake {
		w.arm(e.at, now)
	}
}

// Cancel takes e off the wheel. An Expire that has begun is not waited for.
func (w *Wheel) Cancel(e *Entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.at > 0 {
		w.unlink(e)
	}
}

// Stop takes every entry off the wheel and returns when no Expire runs. It
// must not be called from one.
func (w *Wheel) Stop() {
	w.mu.Lock()
	w.stopped = true
	if w.armed && w.timer.Stop() {
		w.sweeping.Done()
	}
	w.armed = false
	for i, e := range w.slot {
		for e != nil {
			next := e.next
			e.next, e.prev, e.at = nil, nil, 0
			e = next
		}
		w.slot[i] = nil
	}
	w.occupied = [slots / 64]uint64{}
	w.count = 0
	w.mu.Unlock()
	w.sweeping.Wait()
}

func (w *Wheel) link(e *Entry) {
	i := int64(e.at/width) % slots
	e.prev, e.next = nil, w.slot[i]
	if e.next != nil {
		e.next.prev = e
	}
	w.slot[i] = e
	w.occupied[i/64] |= 1 << (i % 64)
	w.count++
}

func (w *Wheel) unlink(e *Entry) {
	i := int64(e.at/width) % slots
	if e.next != nil {
		e.next.prev = e.prev
	}
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		w.slot[i] = e.next
	}
	if w.slot[i] == nil {
		w.occupied[i/64] &^= 1 << (i % 64)
	}
	e.next, e.prev, e.at = nil, nil, 0
	w.count--
}

// arm makes the timer fire at the time at. Each armed timer is one count of
// sweeping, so that Stop can wait for a sweep that has begun.
func (w *Wheel) arm(at, now time.Duration) {
	if w.armed && !w.timer.Stop() {
		return // it has fired: the sweep that waits for mu arms it anew
	}
	if !w.armed {
		w.sweeping.Add(1)
	}
	w.armed, w.wake = true, at
	if w.timer == nil {
		w.timer = time.AfterFunc(at-now, w.sweep)
		return
	}
	w.timer.Reset(at - now)
}

// sweep fires what is due and arms the timer for what comes next.
func (w *Wheel) sweep() {
	defer w.sweeping.Done()
	w.mu.Lock()
	if w.stopped {
		w.mu.Unlock()
		return
	}
	w.armed = false
	now := time.Since(w.epoch)
	due := w.take(now)
	if w.count > 0 {
		now = time.Since(w.epoch)
		w.arm(w.following(now), now)
	}
	w.mu.Unlock()
	for _, e := range due {
		e.Owner.Expire()
	}
}

// take unlinks the entries whose deadline has passed, earliest slot first.
func (w *Wheel) take(now time.Duration) (due []*Entry) {
	tick := int64(now / width)
	from := max(w.last, tick-slots+1)
	for t := from; t <= tick; t++ {
		for e := w.slot[t%slots]; e != nil; {
			next := e.next
			if e.at <= now {
				w.unlink(e)
				due = append(due, e)
			}
			e = next
		}
	}
	w.last = tick
	return due
}

// following returns the earliest deadline of the first slot, from now on, that
// holds one of this turn; if all are further off, the end of this turn.
func (w *Wheel) following(now time.Duration) time.Duration {
	tick := int64(now / width)
	for t := tick; t < tick+slots; {
		word := w.occupied[t%slots/64] >> (t % 64)
		if word == 0 {
			t += 64 - t%64
			continue
		}
		t += int64(bits.TrailingZeros64(word))
		earliest := time.Duration(-1)
		for e := w.slot[t%slots]; e != nil; e = e.next {
			if int64(e.at/width) == t && (earliest < 0 || e.at < earliest) {
				earliest = e.at
			}
		}
		if earliest >= 0 {
			return max(earliest, now)
		}
		t++
	}
	return now + slots*width/2
}
