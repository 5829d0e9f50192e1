package engine

import "github.com/briohq/brio/transport"

// label is what frames are known by that newer ones may replace: a key, behind a
// gate.
type label struct {
	gate Gate
	key  string
}

// place is where the frames of a label are in an outbox.
type place struct {
	first, count int
	size         int // bytes that they count for
}

// SendLatest is SendIf for frames that are worthless once there are newer ones
// of the same key behind the same gate: it takes those out that wait with them,
// all that were queued as one, and queues the new ones at the end. So at most one
// value of a key waits, and what remains keeps its order: a value never overtakes
// what was sent before it. No key is kept waiting by being replaced again and
// again, for what waits is given to the transport as a whole. What has been given
// to it is not replaced.
//
// The key counts for the bound as the frames do. If the new ones are dropped, or
// refused, the old ones stay. The gate must be comparable; with the empty key
// nothing is replaced.
func (s *Session) SendLatest(frames []*transport.Frame, how Sending, gate Gate, key string) error {
	return s.send(frames, how, gate, nil, key)
}

// replaceable returns how many bytes what waits under the label counts for. It is
// called with mu held.
func (s *Session) replaceable(l label) int {
	if s.out == nil {
		return 0
	}
	return s.out.latest[l].size
}

// replace takes out of the outbox what waits under the label, and notes where that
// many frames that are queued next can be found. It is called with mu held.
func (s *Session) replace(l label, count, size int) {
	if s.out == nil {
		s.out = outboxes.Get().(*outbox)
	}
	o := s.out
	old := o.latest[l]
	s.queued -= old.size
	if s.blocked {
		s.count(-old.size)
	}
	clear(o.frames[old.first : old.first+old.count])
	o.gaps += old.count
	if o.gaps > 32 && o.gaps > len(o.frames)/2 {
		o.close()
	}
	if o.latest == nil {
		o.latest = map[label]place{}
	}
	o.latest[l] = place{len(o.frames), count, size}
}

// close closes the gaps that replaced frames have left. It is called when there are
// more of them than frames, so that replacing costs the same on average however
// many wait, and before the frames are written.
func (o *outbox) close() {
	moved := make([]int, len(o.frames)) // where each is afterwards
	n := 0
	for i, f := range o.frames {
		moved[i] = n
		if f != nil {
			o.frames[n] = f
			n++
		}
	}
	clear(o.frames[n:])
	o.frames, o.gaps = o.frames[:n], 0
	for l, p := range o.latest {
		p.first = moved[p.first]
		o.latest[l] = p
	}
}
