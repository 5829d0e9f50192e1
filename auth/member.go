package auth

import (
	"context"
	"slices"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/internal/wheel"
)

// member is a socket with a token, from when it is let in until it is gone.
type member[C any] struct {
	wheel.Entry
	auth   *Auth[C]
	socket *brio.Socket

	// Guarded by auth.mu:
	token  Token[C]
	warned bool
	gone   bool
}

// add makes a socket a member, unless its subject has too many.
func (a *Auth[C]) add(s *brio.Socket, t Token[C]) error {
	m := &member[C]{auth: a, socket: s, token: t}
	m.Owner = m
	a.mu.Lock()
	all := a.users[t.Subject]
	var oldest *member[C]
	if a.config.MaxSockets > 0 && len(all) >= a.config.MaxSockets {
		if !a.config.Replace {
			a.mu.Unlock()
			return refuse(TooMany, "You are connected too often. Close another window first.")
		}
		oldest = all[0]
		all = slices.Delete(all, 0, 1) // it counts no more, however long it takes to go
		oldest.gone = true
	}
	a.users[t.Subject] = append(all, m)
	a.mu.Unlock()

	if oldest != nil {
		oldest.end(Ending{Replaced, "You have connected from somewhere else."})
	}
	a.key().Set(s, m)
	s.Join(Room(t.Subject))
	context.AfterFunc(s.Context(), m.leave) // also if it is refused after all

	return nil
}

// leave forgets the member.
func (m *member[C]) leave() {
	a := m.auth
	a.wheel.Cancel(&m.Entry)
	a.mu.Lock()
	defer a.mu.Unlock()
	m.gone = true
	all := slices.DeleteFunc(a.users[m.token.Subject], func(other *member[C]) bool { return other == m })
	if len(all) == 0 {
		delete(a.users, m.token.Subject)
	} else {
		a.users[m.token.Subject] = all
	}
}

// schedule sets the time of the next thing to be done. It is called with auth.mu held.
func (m *member[C]) schedule() {
	if m.gone || m.token.Expires.IsZero() {
		m.auth.wheel.Cancel(&m.Entry)
		return
	}
	next := m.token.Expires.Add(m.auth.config.Leeway)
	if warn := m.auth.config.Warn; warn > 0 && !m.warned {
		next = m.token.Expires.Add(-warn)
	}
	m.auth.wheel.Schedule(&m.Entry, max(0, time.Until(next)))
}

// Expire is called by the wheel, which must not be held up.
func (m *member[C]) Expire() {
	m.socket.Go(func(context.Context) error { return m.due() })
}

// due warns, or ends.
func (m *member[C]) due() error {
	a := m.auth
	a.mu.Lock()
	if m.gone {
		a.mu.Unlock()
		return nil
	}
	over := !m.token.Expires.IsZero() && time.Until(m.token.Expires.Add(a.config.Leeway)) <= 0
	warn := !over && !m.warned && a.config.Warn > 0 && time.Until(m.token.Expires) <= a.config.Warn
	m.gone, m.warned = over, m.warned || warn
	m.schedule()
	session := m.session()
	a.mu.Unlock()
	switch {
	case over:
		m.end(Ending{Expired, "The token has expired. Connect again with a new one."})
	case warn:
		return Expiring.Emit(m.socket, session)
	}

	return nil
}

// end tells the client why, and disconnects it.
func (m *member[C]) end(why Ending) {
	_ = Ended.Emit(m.socket, why) // one that is gone already needs no reason
	m.socket.Disconnect()
}

func (m *member[C]) session() Session {
	if m.token.Expires.IsZero() {
		return Session{}
	}

	return Session{m.token.Expires.UnixMilli()}
}
