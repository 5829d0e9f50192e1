package brio

import (
	"time"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/transport"
)

// log is what has been sent in a namespace and may have been missed. Positions
// count from 1, one for each record that there ever was.
type log struct {
	records []record
	first   int       // of records that has not been dropped
	dropped uint64    // how many have been dropped: the position of the newest of them
	until   time.Time // when that was sent
}

// record is one event, as it was sent.
type record struct {
	frames  []*transport.Frame
	options adapter.Options
	at      time.Time
	size    int
}

// last returns the position of the newest record.
func (l *log) last() uint64 { return l.dropped + uint64(len(l.records)-l.first) }

// after returns the records behind a position that there are still.
func (l *log) after(position uint64) []record {
	return l.records[l.first+int(max(position, l.dropped)-l.dropped):]
}

// complete reports whether all that was sent after a position is there, or has
// reached a client that is known to have got what was sent before a time.
func (l *log) complete(position uint64, proven time.Time) bool {
	return l.dropped <= position || !l.until.After(proven)
}

func (l *log) add(r record) { l.records = append(l.records, r) }

// oldest returns the oldest record, nil if there is none.
func (l *log) oldest() *record {
	if l.first == len(l.records) {
		return nil
	}
	return &l.records[l.first]
}

// drop drops the oldest record and returns its size.
func (l *log) drop() int {
	r := &l.records[l.first]
	size := r.size
	l.dropped++
	l.until = r.at
	*r = record{}
	l.first++
	if l.first > len(l.records)/2 {
		left := copy(l.records, l.records[l.first:])
		clear(l.records[left:])
		l.records, l.first = l.records[:left], 0
		if cap(l.records) > 1024 && left < cap(l.records)/4 {
			l.records = append(make([]record, 0, cap(l.records)/2), l.records...)
		}
	}
	return size
}

// recordSize is what a record counts for beside its frames, rooms and key.
const recordSize = 160

func newRecord(frames []*transport.Frame, o adapter.Options) record {
	r := record{frames: frames, options: o, at: time.Now(), size: recordSize + len(o.Latest)}
	for _, f := range frames {
		r.size += f.Size()
	}
	for _, list := range [][]string{o.Rooms, o.Except} {
		for _, room := range list {
			r.size += len(room) + 16
		}
	}
	return r
}

// keep adds what has just been sent. It is called with mu held.
func (r *recovery) keep(frames []*transport.Frame, o adapter.Options) {
	one := newRecord(frames, o)
	r.log.add(one)
	r.total.Add(int64(one.size))
	r.trim()
}

// trim makes room, and drops what nobody can have missed. It is called with mu
// held.
func (r *recovery) trim() {
	for oldest := r.log.oldest(); oldest != nil; oldest = r.log.oldest() {
		if time.Since(oldest.at) < r.patience && r.total.Load() <= int64(r.config.MaxBytes) {
			break
		}
		r.total.Add(-int64(r.log.drop()))
	}
	for r.total.Load() > int64(r.config.MaxBytes) && len(r.waiting) > 0 {
		r.expireOldest()
	}
	r.plan()
}

// plan makes the next sweep come when there is something to drop or to expire. It
// is called with mu held.
func (r *recovery) plan() {
	var due time.Time
	if oldest := r.log.oldest(); oldest != nil {
		due = oldest.at.Add(r.patience)
	}
	if len(r.waiting) > 0 && (due.IsZero() || r.waiting[0].until.Before(due)) {
		due = r.waiting[0].until
	}
	if due.IsZero() || !r.due.IsZero() && !due.Before(r.due) {
		return // there is nothing, or the sweep comes in time
	}
	r.due = due
	r.namespace.server.wheel.Schedule(&r.sweep, time.Until(due))
}

// tidy is the sweep.
func (r *recovery) tidy() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.due = time.Time{}
	for len(r.waiting) > 0 && !r.waiting[0].until.After(time.Now()) {
		r.expireOldest()
	}
	r.trim()
}
