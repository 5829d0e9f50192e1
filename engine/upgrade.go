package engine

import (
	"net/http"
	"slices"
	"time"

	"github.com/briohq/brio/internal/wheel"
	"github.com/briohq/brio/transport"
	"github.com/briohq/brio/transport/websocket"
)

var (
	pongProbe = []*transport.Frame{transport.NewText(transport.Pong, "probe")}
	noop      = []*transport.Frame{transport.NewText(transport.Noop, "")}
)

// upgrade is a session's change to another transport, a better one, which
// proves itself with a probe before it takes over (Engine.IO protocol v4,
// "Upgrade"). Until then it may fail without harm to the session.
type upgrade struct {
	deadline wheel.Entry
	over     chan struct{} // closed once it has been done or given up

	// Guarded by the session's mu.
	conn   transport.Conn // nil until the handshake is through
	ready  bool           // conn may be written to
	probed bool
	next   time.Duration // when a polling request may be released again, since the server's start
	late   wheel.Entry   // that time, for a request which is held
}

// endUpgrade ends the transport that did not take over, of a session that has let go of
// the upgrade.
func (s *Session) endUpgrade(up *upgrade) {
	if up == nil {
		return
	}
	close(up.over)
	s.shard().wheel.Cancel(&up.deadline)
	if up.conn != nil {
		up.conn.Abort()
	}
}

// serveUpgrade answers a WebSocket request for a session that exists. If that
// upgrades already, or has, the WebSocket is closed and the session goes on.
func (s *Session) serveUpgrade(w http.ResponseWriter, r *http.Request, f transport.Format) {
	up := s.beginUpgrade("websocket")
	s.server.addHeaders(w, r)
	conn, err := websocket.Accept(w, r, s, s.server.config.MaxPayload, s.server.config.Deflate, s.server.poller)
	if err != nil {
		if up != nil {
			s.abandon(up)
		}
		return
	}
	conn.Speak(f)
	if up == nil || !s.attach(up, conn) {
		conn.Refuse()
		return
	}
	conn.Start()
}

// beginUpgrade keeps the place of a transport that is to take over. It returns
// nil if the session upgrades already, is on one that is as good, or closes.
func (s *Session) beginUpgrade(to string) *upgrade {
	s.mu.Lock()
	defer s.mu.Unlock()
	better := slices.Index(transports, to) > slices.Index(transports, s.conn.Name())
	if !better || s.upgrade != nil || s.state != open {
		return nil
	}
	s.upgrade = &upgrade{ready: true, over: make(chan struct{})}
	return s.upgrade
}

// attach gives an upgrade its transport, and the time to prove itself. It
// reports false if the upgrade has been given up.
func (s *Session) attach(up *upgrade, conn transport.Conn) bool {
	s.mu.Lock()
	live := s.upgrade == up
	if live {
		up.conn = conn
	}
	s.mu.Unlock()
	if live {
		up.deadline.Owner = wheel.Func(func() { s.expire(up) })
		s.shard().wheel.Schedule(&up.deadline, s.server.config.UpgradeTimeout)
	}
	return live
}

// probe takes a packet from the transport that wants to take over.
func (s *Session) probe(up *upgrade, p transport.Packet) {
	s.mu.Lock()
	probed := up.probed
	s.mu.Unlock()
	switch {
	case p.Type == transport.Ping && string(p.Data) == "probe" && !probed:
		s.mu.Lock()
		up.probed = true
		up.ready = false
		s.mu.Unlock()
		ready := up.conn.Write(pongProbe)
		s.mu.Lock()
		up.ready = up.ready || ready // Ready may have said so meanwhile
		s.releasePoll()
		s.mu.Unlock()
		s.flush()
	case p.Type == transport.Upgrade && probed:
		s.takeOver(up)
	default:
		s.abandon(up)
	}
}

// releasePoll lets a client that upgrades out of its polling request: each one
// that is held, or comes, from the probe on is answered, if only with a noop.
// A client may send more than one; it waits for the last before it goes on. It
// is called with mu held, and what it queues is flushed by the caller.
func (s *Session) releasePoll() {
	if s.ready && s.out == nil && s.upgrade != nil && s.upgrade.probed && s.conn.Name() == "polling" && s.mayRelease(s.upgrade) {
		s.queue(noop, noop[0].Size())
	}
}

// releasePace is the time between two polling requests that are released: a
// client that does not hear the answer to its probe polls on, and must not do so
// as fast as it can.
const releasePace = 100 * time.Millisecond

// mayRelease reports whether it is time for the next polling request; if not,
// that is released when it is. It is called with mu held.
func (s *Session) mayRelease(up *upgrade) bool {
	now := s.server.now()
	if now >= up.next {
		up.next = now + releasePace
		return true
	}
	if up.late.Owner == nil {
		up.late.Owner = wheel.Func(s.releaseLate)
	}
	s.shard().wheel.Schedule(&up.late, up.next-now)
	return false
}

func (s *Session) releaseLate() {
	s.mu.Lock()
	s.releasePoll()
	s.mu.Unlock()
	s.flush()
}

// takeOver makes the new transport the session's. What waits leaves on it, and
// the session closes on it if it was closing.
func (s *Session) takeOver(up *upgrade) {
	s.mu.Lock()
	if s.upgrade != up {
		s.mu.Unlock()
		return
	}
	old := s.conn
	s.upgrade = nil
	s.conn = up.conn
	s.block(false)
	s.queued -= s.inflight
	s.inflight = 0
	s.ready = up.ready
	s.block(!up.ready)
	if s.pauses > 0 {
		s.conn.Pause()
	}
	writing := s.writing
	if writing { // perhaps on the old one
		s.left = &departure{old, s.left}
	}
	s.mu.Unlock()
	close(up.over)
	s.shard().wheel.Cancel(&up.deadline)
	if f := s.server.config.OnUpgraded; f != nil {
		f(old.Name(), up.conn.Name())
	}
	if !writing {
		old.Release()
	}
	s.flush()
}

// expire is called by the wheel when an upgrade has taken too long: unless the
// session is paused, for then the client may be waiting for the session.
func (s *Session) expire(up *upgrade) {
	s.mu.Lock()
	if s.upgrade == up && s.pauses > 0 {
		s.shard().wheel.Schedule(&up.deadline, s.server.config.UpgradeTimeout)
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	s.abandon(up)
}

// abandon gives up an upgrade. The session goes on with what it has.
func (s *Session) abandon(up *upgrade) {
	s.mu.Lock()
	if s.upgrade != up {
		s.mu.Unlock()
		return
	}
	s.upgrade = nil
	s.mu.Unlock()
	s.endUpgrade(up)
}
