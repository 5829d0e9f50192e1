package engine

import (
	"math"
	"sync"
	"time"

	"github.com/briohq/brio/internal/wheel"
	"github.com/briohq/brio/transport"
)

// Intake bounds how fast one client may send. What is zero is not bounded.
type Intake struct {
	// Packets is how many packets may come in a second on average: messages,
	// heartbeats, and the control frames and fragments of a WebSocket.
	Packets float64
	// PacketBurst is how many may come at once. Default: those of two seconds, at
	// least 16.
	PacketBurst int
	// Bytes is how many bytes of them may come in a second on average.
	Bytes float64
	// ByteBurst is how many may come at once. Default: those of two seconds, and
	// at least MaxPayload.
	ByteBurst int
	// Disconnect closes the session of who sends more, for [TooFast]. Default: the
	// client is not read until it has kept to the average, see [Session.Pause], so
	// that it loses nothing and its network holds it; what has been read with the
	// packet that was too much still comes.
	Disconnect bool
}

func (i Intake) withDefaults(payload int) *Intake {
	if i.PacketBurst <= 0 {
		i.PacketBurst = max(16, int(min(2*i.Packets, math.MaxInt32)))
	}
	if i.ByteBurst <= 0 {
		i.ByteBurst = max(payload, int(min(2*i.Bytes, math.MaxInt32)))
	}
	return &i
}

// metered is the receiver of a session whose intake is bounded: the layer above,
// and what the client has left. Other sessions have none, and pay nothing.
type metered struct {
	Receiver
	session *Session
	config  *Intake
	resume  wheel.Entry

	mu      sync.Mutex // guards what follows
	at      time.Duration
	packets float64 // that may come; less than none while the client is not read
	bytes   float64
	paused  bool
	closed  bool
}

func (s *Session) meter(r Receiver) Receiver {
	c := s.server.config.Intake
	if c == nil {
		return r
	}
	m := &metered{
		Receiver: r, session: s, config: c, at: s.server.now(),
		packets: float64(c.PacketBurst), bytes: float64(c.ByteBurst),
	}
	m.resume.Owner = wheel.Func(m.goOn)
	return m
}

// Count counts what a transport has read that is no packet of its own. It is
// called as [Session.Receive] is.
func (s *Session) Count(c transport.Conn, bytes int) {
	s.mu.Lock()
	m, ok := s.receiver.(*metered)
	s.mu.Unlock()
	if ok {
		m.take(bytes)
	}
}

// take counts a packet, and does what is to be done about too much. It reports
// whether the packet may be dealt with.
func (m *metered) take(bytes int) bool {
	m.mu.Lock()
	m.fill()
	m.packets--
	m.bytes -= float64(bytes)
	debt := m.debt()
	over := debt > 0 && !m.paused && !m.closed
	m.paused = m.paused || over
	m.mu.Unlock()
	switch {
	case !over:
		return !m.config.Disconnect || debt == 0
	case m.config.Disconnect:
		m.session.server.excess.Add(1)
		m.session.Abort(TooFast)
		return false
	}
	m.session.server.excess.Add(1)
	m.session.Pause()
	m.session.shard().wheel.Schedule(&m.resume, debt)
	return true
}

// fill adds what may come since the last time. It is called with mu held.
func (m *metered) fill() {
	now := m.session.server.now()
	passed := (now - m.at).Seconds()
	m.at = now
	m.packets = min(m.packets+passed*m.config.Packets, float64(m.config.PacketBurst))
	m.bytes = min(m.bytes+passed*m.config.Bytes, float64(m.config.ByteBurst))
}

// debt returns how long the client has to wait, 0 if it may go on. It is called with
// mu held.
func (m *metered) debt() time.Duration {
	wait := 0.0
	if m.config.Packets > 0 && m.packets < 0 {
		wait = -m.packets / m.config.Packets
	}
	if m.config.Bytes > 0 && m.bytes < 0 {
		wait = max(wait, -m.bytes/m.config.Bytes)
	}
	if wait == 0 {
		return 0
	}
	return time.Duration(min(wait, 3600)*float64(time.Second)) + 1
}

// goOn is called by the wheel when the client may be read again, unless more has
// come meanwhile that had been read.
func (m *metered) goOn() {
	m.mu.Lock()
	m.fill()
	debt := m.debt()
	again := debt > 0 && !m.closed
	m.paused = m.paused && again
	m.mu.Unlock()
	if again {
		m.session.shard().wheel.Schedule(&m.resume, debt)
		return
	}
	m.session.Resume()
}

// Closed lets the timer go, and tells the layer above.
func (m *metered) Closed(r Reason) {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.session.shard().wheel.Cancel(&m.resume)
	m.Receiver.Closed(r)
}
