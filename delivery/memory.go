package delivery

import (
	"bytes"
	"container/list"
	"math/bits"
	"slices"
	"sync"
	"time"

	"github.com/briohq/brio/internal/wheel"
	"github.com/briohq/brio/protocol"
)

// owner is whose a message is. Those of a socket are told from those of a session that
// is called as its id.
type owner struct {
	namespace, session string
	socket             bool
}

// name tells the messages of one owner apart.
type name struct{ event, id string }

// memory has the messages of a window: those being handled, and those that have been.
// Only the latter count, for of the former no socket has more than one.
type memory struct {
	config *WindowConfig
	wheel  *wheel.Wheel

	mu       sync.Mutex // guards what follows, and all sessions and messages
	sessions map[owner]*session
	age      list.List                    // of *message, handled ones, the oldest in front
	bySize   [bits.UintSize + 1]list.List // of *session, by the number of bits in session.bytes
	bytes    int
	sweep    wheel.Entry // scheduled while age is not empty
	counts   WindowStats
}

// session is what there is of one owner.
type session struct {
	owner    owner
	messages map[name]*message
	age      list.List // of *message, handled ones, the oldest in front
	bytes    int
	place    *list.Element // in memory.bySize, nil without handled messages
}

// message is one that has come, however often.
type message struct {
	session *session
	name    name
	wait    chan struct{} // closed when it has been handled, or has not; nil if nobody waits

	handled bool // what follows doesn't change any more
	lost    bool // the answer, which was too large
	answer  protocol.Args
	size    int
	until   time.Time
	ages    [2]*list.Element // in memory.age and session.age
}

// overhead is what a message counts for beside its name and its answer.
const overhead = 1024

func newMemory(config *WindowConfig) *memory {
	m := &memory{config: config, wheel: wheel.New(), sessions: map[owner]*session{}}
	m.sweep.Owner = wheel.Func(m.tidy)

	return m
}

// take returns the message of that name. If it is being handled, wait is what to wait for
// before asking again. If it has not come before, the caller handles it, and calls fail.
func (m *memory) take(o owner, n name) (one *message, wait <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.sessions[o]
	if s == nil {
		s = &session{owner: o, messages: map[name]*message{}}
		m.sessions[o] = s
	}
	switch one := s.messages[n]; {
	case one == nil:
		one = &message{session: s, name: n}
		s.messages[n] = one

		return one, nil
	case one.handled:
		m.counts.Repeated++

		return one, nil
	default:
		if one.wait == nil {
			one.wait = make(chan struct{})
		}

		return one, one.wait
	}
}

// keep says that a message has been handled. It returns its answer, a copy of which is
// kept.
func (m *memory) keep(one *message, p *protocol.Packet) protocol.Args {
	own := p.Clone()
	size := len(own.Data)
	own.Attachments = slices.Clone(own.Attachments)
	for i, b := range own.Attachments {
		own.Attachments[i] = bytes.Clone(b)
		size += len(b)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := one.session
	one.handled = true
	one.size = overhead + len(one.name.event) + len(one.name.id)
	if one.lost = size > m.config.MaxAnswer; !one.lost {
		one.answer = own.Args()
		one.size += size
	}
	one.until = time.Now().Add(m.config.Keep)
	one.ages = [2]*list.Element{m.age.PushBack(one), s.age.PushBack(one)}
	m.resize(s, one.size)
	m.counts.Handled++
	one.wake()
	if s.age.Len() > m.config.MaxMessages {
		m.forget(s.age.Front().Value.(*message))
		m.counts.Forgotten++
	}
	m.trim()
	if m.age.Len() == 1 {
		m.wheel.Schedule(&m.sweep, m.config.Keep)
	}

	return own.Args()
}

// fail says that a message will not be handled, unless it has been.
func (m *memory) fail(one *message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !one.handled {
		one.wake()
		m.remove(one)
	}
}

func (one *message) wake() {
	if one.wait != nil {
		close(one.wait)
		one.wait = nil
	}
}

// trim makes room: who has most loses the oldest.
func (m *memory) trim() {
	for most := len(m.bySize) - 1; m.bytes > m.config.MaxBytes && most > 0; {
		largest := m.bySize[most].Back()
		if largest == nil {
			most--
			continue
		}
		m.forget(largest.Value.(*session).age.Front().Value.(*message))
		m.counts.Forgotten++
	}
}

// tidy forgets what has been kept long enough.
func (m *memory) tidy() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for oldest := m.age.Front(); oldest != nil; oldest = m.age.Front() {
		one := oldest.Value.(*message)
		if left := time.Until(one.until); left > 0 {
			m.wheel.Schedule(&m.sweep, left)
			return
		}
		m.forget(one)
	}
}

// forget forgets a message that has been handled.
func (m *memory) forget(one *message) {
	m.age.Remove(one.ages[0])
	one.session.age.Remove(one.ages[1])
	m.resize(one.session, -one.size)
	m.remove(one)
}

// remove takes a message out of its session, which ends with its last.
func (m *memory) remove(one *message) {
	s := one.session
	delete(s.messages, one.name)
	if len(s.messages) == 0 {
		delete(m.sessions, s.owner)
	}
}

// resize puts a session among those of its size.
func (m *memory) resize(s *session, by int) {
	before := bits.Len(uint(s.bytes))
	s.bytes += by
	m.bytes += by
	after := bits.Len(uint(s.bytes))
	if before == after {
		return
	}
	if s.place != nil {
		m.bySize[before].Remove(s.place)
		s.place = nil
	}
	if after > 0 {
		s.place = m.bySize[after].PushFront(s)
	}
}

func (m *memory) stats() WindowStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	counts := m.counts
	counts.Sessions, counts.Messages, counts.Bytes = len(m.sessions), m.age.Len(), m.bytes

	return counts
}
