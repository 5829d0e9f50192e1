package delivery

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/briohq/brio/protocol"
)

func newAnswer(size int) *protocol.Packet {
	return &protocol.Packet{Type: protocol.Ack, Data: []byte(`["` + strings.Repeat("x", size) + `"]`)}
}

func testMemory(config WindowConfig) *memory {
	return NewWindow(nil, config).memory
}

// remembers reports whether a message is there; it is handled if it is not.
func (m *memory) remembers(o owner, id string, size int) bool {
	one, _ := m.take(o, name{"event", id})
	if one.handled {
		return true
	}
	m.keep(one, newAnswer(size))

	return false
}

// However many strangers come, and whatever they send: who takes less than half of what
// each of them takes loses nothing.
func TestStrangersTakeNothing(t *testing.T) {
	m := testMemory(WindowConfig{MaxBytes: 4 << 20})
	ada := owner{session: "ada"}
	for id := range 10 {
		m.remembers(ada, fmt.Sprint(id), 100)
	}
	for stranger := range 100 {
		for id := range 200 {
			m.remembers(owner{session: fmt.Sprint("stranger ", stranger)}, fmt.Sprint(id), 1000)
		}
		if m.bytes > 4<<20 {
			t.Fatalf("%d bytes are taken", m.bytes)
		}
	}
	for id := range 10 {
		if !m.remembers(ada, fmt.Sprint(id), 100) {
			t.Errorf("message %d is forgotten", id)
		}
	}
	if m.counts.Forgotten < 15_000 || len(m.sessions) != 101 {
		t.Errorf("%+v of %d", m.counts, len(m.sessions))
	}
}

// Its counts are those of what it has, whatever happens.
func TestMemoryAddsUp(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	m := testMemory(WindowConfig{MaxBytes: 100_000, MaxMessages: 30, MaxAnswer: 3000})
	var running []*message
	for range 50_000 {
		switch random.IntN(10) {
		case 0:
			if len(running) > 0 {
				m.fail(running[len(running)-1])
				running = running[:len(running)-1]
			}
		case 1, 2:
			one, wait := m.take(owner{session: fmt.Sprint(random.IntN(50))}, name{"a", fmt.Sprint(random.IntN(50))})
			if wait == nil && !one.handled {
				running = append(running, one)
			}
		default:
			if len(running) > 0 {
				i := random.IntN(len(running))
				m.keep(running[i], newAnswer(random.IntN(4000)))
				running[i] = running[len(running)-1]
				running = running[:len(running)-1]
			}
		}
	}
	bytes, messages, sized := 0, 0, 0
	for _, s := range m.sessions {
		own := 0
		for _, one := range s.messages {
			if one.handled {
				own += one.size
				messages++
			}
		}
		if own != s.bytes || s.age.Len() > 30 || len(s.messages) == 0 || (s.place == nil) != (own == 0) {
			t.Errorf("%s has %d bytes, %d messages", s.owner.session, s.bytes, len(s.messages))
		}
		bytes += own
	}
	for i := range m.bySize {
		sized += m.bySize[i].Len()
	}
	if bytes != m.bytes || bytes > 100_000 || messages != m.age.Len() || messages == 0 || sized > len(m.sessions) {
		t.Errorf("%d of %d bytes, %d of %d messages", m.bytes, bytes, m.age.Len(), messages)
	}
	for m.age.Len() > 0 {
		m.forget(m.age.Front().Value.(*message))
	}
	for _, one := range running {
		m.fail(one)
	}
	if m.bytes != 0 || len(m.sessions) != 0 {
		t.Errorf("%d bytes of %d are left", m.bytes, len(m.sessions))
	}
	m.wheel.Stop()
}

func BenchmarkWindow(b *testing.B) {
	m := testMemory(WindowConfig{Keep: time.Hour})
	defer m.wheel.Stop()
	packet := newAnswer(10)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		one, _ := m.take(owner{session: fmt.Sprint(i % 1000)}, name{"event", fmt.Sprint(i)})
		m.keep(one, packet)
		m.fail(one)
	}
}
