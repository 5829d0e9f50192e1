package brio

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/engine"
	"github.com/briohq/brio/protocol"
	"github.com/briohq/brio/transport"
)

// absence is a socket that has disconnected and may come back.
type absence struct {
	socket *Socket // nil once it has come back, or will not
	until  time.Time
	size   int
}

// absenceSize is what an absence counts for beside its rooms.
const absenceSize = 1024

// claim makes a new socket the one that its client had before, if the client has
// asked for that and it can be done: it gets the other's id, data and rooms, but
// is not told of it yet. A socket that has not been found out to be gone is
// ended first; claim waits until its handlers have run.
func (r *recovery) claim(s *Socket) bool {
	var wanted struct {
		Session string  `json:"pid"`
		Offset  *string `json:"offset"`
	}
	if s.connection.old() || json.Unmarshal([]byte(s.auth), &wanted) != nil || wanted.Session == "" {
		return false
	}
	found := r.reclaim(s, wanted.Session, wanted.Offset)
	if f := r.namespace.server.observer.Recovery; f != nil {
		f(s, found)
	}
	return found
}

// reclaim is claim by the secret id of the other, for a client that says up to where
// it has got what was sent.
func (r *recovery) reclaim(s *Socket, session string, offset *string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for old := r.live[session]; old != nil; old = r.live[session] {
		r.mu.Unlock()
		gone := s.takeOver(old)
		r.mu.Lock()
		if !gone {
			return false
		}
	}
	a := r.away[session]
	if a == nil {
		return false
	}
	old := a.socket
	got, ok := old.trail.since, true
	if offset != nil { // otherwise it has got nothing yet
		got, ok = r.position(*offset)
	}
	if !ok || !r.log.complete(got, old.trail.proven) || r.tooMuch(old, got) {
		r.expire(a)
		return false
	}
	r.remove(a)
	s.id = old.id
	old.mu.Lock()
	s.data = slices.Clone(old.data)
	old.mu.Unlock()
	t := s.trail
	t.session, t.since, t.stays, t.proven = old.trail.session, old.trail.since, old.trail.stays, old.trail.proven
	t.claimed, t.got, t.listed = true, got, true
	s.recovered = true
	r.live[t.session] = s
	r.namespace.local.Add(s)
	r.namespace.local.Join(s, t.rooms()...)
	r.namespace.release() // s holds it too
	return true
}

// takeOver ends a socket that still seems to be there, and waits until it has
// departed. It reports false if the new socket has gone meanwhile, or if it is the
// older of the two: its client has turned to another connection since.
func (s *Socket) takeOver(old *Socket) bool {
	if old.connection.brief.began > s.connection.brief.began {
		return false
	}
	if old.connection != s.connection {
		old.connection.session.Abort(TransportClose)
	}
	select {
	case <-old.trail.over:
		return true
	case <-s.Context().Done():
		return false
	}
}

// tooMuch reports whether a socket has missed more than may wait for one client.
func (r *recovery) tooMuch(s *Socket, got uint64) bool {
	size := 0
	for _, f := range r.replay(s, got) {
		size += f.Size()
	}
	return size > r.namespace.server.config.MaxBacklog/2
}

// replay returns the frames of what a socket was sent after a position: of a key
// the latest, as if all of it had waited for the client.
func (r *recovery) replay(s *Socket, got uint64) []*transport.Frame {
	var parts [][]*transport.Frame
	latest := map[string]bool{}
	missing := r.log.after(got)
	for i, position := len(missing)-1, r.log.last(); i >= 0; i, position = i-1, position-1 {
		one := &missing[i]
		if latest[one.options.Latest] || !s.missed(position, &one.options) {
			continue
		}
		if key := one.options.Latest; key != "" {
			latest[key] = true
		}
		parts = append(parts, one.frames)
	}
	slices.Reverse(parts)
	return slices.Concat(parts...)
}

// list puts a new socket into the namespace's index, in which it is alone in the
// room of its id.
func (r *recovery) list(s *Socket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.trail.listed = true
	r.namespace.local.Add(s)
}

// welcome tells the client that its socket has connected, and sends what it has
// missed; from then on it is a target. It reports false if the socket has been
// disconnected while it came back. The reference implementation sends what was
// missed first, but its client keeps that if the connection breaks before it is
// told, and would have it twice the next time.
func (r *recovery) welcome(s *Socket) bool {
	r.mu.Lock()
	if s.gone.Load() && !s.ended() {
		r.mu.Unlock()
		return false
	}
	t := s.trail
	session := t.session
	if !t.claimed {
		session = engine.NewID()
	}
	frames, err := s.connection.encode(protocol.Connect, s.namespace.name, s.connection.greeting(struct {
		ID      string `json:"sid"`
		Session string `json:"pid"`
	}{s.id, session})...)
	if err == nil && t.claimed {
		frames = append(frames, r.replay(s, t.got)...)
	}
	if err == nil {
		err = s.connection.session.SendThen(frames, 0, func() {
			s.connected.Store(true)
			t.welcomed = time.Now()
			if !t.claimed {
				t.session, t.since, t.proven = session, r.log.last(), t.welcomed
				r.live[session] = s
			}
			t.claimed = false
			r.mu.Unlock()
		})
	}
	if err != nil { // the connection has gone, and the socket ends with it
		r.mu.Unlock()
	}
	return true
}

// part takes a socket out of the index. If it may come back, it is away from now
// on and keeps its namespace; part reports whether that is so.
func (r *recovery) part(s *Socket) bool {
	reason := s.cause.Load().Reason
	r.mu.Lock()
	defer r.mu.Unlock()
	t := s.trail
	defer close(t.over)
	r.namespace.local.Remove(s)
	delete(r.live, t.session)
	left := reason == ServerNamespaceDisconnect || reason == ClientNamespaceDisconnect || s.gone.Load() || s.connection.old()
	if left && t.claimed {
		r.lost(s)
	}
	if left || t.session == "" || r.ended {
		t.listed = false
		return false
	}
	if heard := s.connection.session.Heard(); !t.claimed && heard.After(t.welcomed) {
		t.proven = heard
	}
	a := &absence{socket: s, until: time.Now().Add(r.config.MaxDisconnection), size: absenceSize}
	for _, one := range t.stays {
		a.size += len(one.room) + 32
	}
	r.away[t.session] = a
	r.waiting = append(r.waiting, a)
	r.total.Add(int64(a.size))
	r.trim()
	return true
}

// do does to sockets that may come back what a node has told: they come back to
// the rooms that they were put into meanwhile, and not at all if they were
// disconnected.
func (r *recovery) do(request adapter.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := r.log.last() + 1
	for _, a := range r.away {
		s := a.socket
		switch {
		case !s.missed(next, &request.Options):
		case request.Op == adapter.Join:
			r.enter(s, request.Rooms)
		case request.Op == adapter.Leave:
			s.trail.leave(request.Rooms, &r.log)
		case request.Op == adapter.Disconnect, request.Op == adapter.Dismiss:
			r.expire(a)
		}
	}
	for _, s := range r.live {
		switch {
		case s.Connected() || !s.missed(next, &request.Options): // others are about to be away, or to come back
		case request.Op == adapter.Join:
			r.enter(s, request.Rooms)
		case request.Op == adapter.Leave:
			r.exit(s, request.Rooms)
		case request.Op == adapter.Disconnect, request.Op == adapter.Dismiss:
			s.gone.Store(true)
		}
	}
}

// remove ends an absence. It is called with mu held.
func (r *recovery) remove(a *absence) {
	delete(r.away, a.socket.trail.session)
	a.socket.trail.listed = false
	r.total.Add(-int64(a.size))
	a.socket = nil
}

// expire ends an absence whose socket will not come back. It is called with mu
// held.
func (r *recovery) expire(a *absence) {
	s := a.socket
	r.remove(a)
	r.lost(s)
	r.namespace.release()
}

// expireOldest ends the oldest absence, unless its socket has come back.
func (r *recovery) expireOldest() {
	a := r.waiting[0]
	r.waiting[0] = nil
	r.waiting = r.waiting[1:]
	if a.socket != nil {
		r.expire(a)
	}
}

// lost says that a socket that was kept will not come back.
func (r *recovery) lost(s *Socket) {
	if f := r.config.OnExpire; f != nil {
		r.namespace.server.group.Go(func() {
			_ = s.guard("expire", func() error { f(s); return nil }) // a panic has been logged
		})
	}
}

// end forgets everything. Nothing is kept from now on.
func (r *recovery) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	for len(r.waiting) > 0 {
		r.expireOldest()
	}
	for r.log.oldest() != nil {
		r.total.Add(-int64(r.log.drop()))
	}
	r.namespace.server.wheel.Cancel(&r.sweep)
}
