package main

import (
	"bytes"
	"fmt"

	"github.com/briohq/brio/bench/internal/frame"
)

// A socket is a client in its room.
type socket struct {
	conn   *conn // of a WebSocket
	poll   *poll // of one that polls
	id     int
	room   *room
	slot   int // in room.members
	spoken bool
}

// A room is those who get what is published in it.
type room struct{ members []*socket }

func (s *server) newSocket(name string) *socket {
	r := s.rooms[name]
	if r == nil {
		r = &room{}
		s.rooms[name] = r
	}
	s.sockets++

	return &socket{id: s.sockets, room: r, slot: -1}
}

// leave leaves the room, whose last member takes the place.
func (k *socket) leave() {
	if k.slot < 0 {
		return
	}
	m := k.room.members
	last := m[len(m)-1]
	m[k.slot], last.slot = last, k.slot
	k.room.members = m[:len(m)-1]
	k.slot = -1
}

func (k *socket) sid() string { return fmt.Sprintf("%020d", k.id) }

// handshake is what Engine.IO begins with. There are no pings.
func (k *socket) handshake(upgrades string) []byte {
	return fmt.Appendf(nil, `0{"sid":"%s","upgrades":[%s],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`, k.sid(), upgrades)
}

// message handles a packet, of which p is modified.
func (k *socket) message(s *server, p []byte) {
	switch {
	case len(p) < 2 || p[0] != '4':
	case p[1] == '0' && k.slot < 0:
		k.slot = len(k.room.members)
		k.room.members = append(k.room.members, k)
		k.send(fmt.Appendf(nil, `40{"sid":"%s"}`, k.sid()))
	case p[1] == '2':
		k.spoken = true
		k.event(s, p)
	}
}

func (k *socket) event(s *server, p []byte) {
	// 42["pub",… becomes 42["msg",… in place.
	if bytes.HasPrefix(p, []byte(`42["pub"`)) {
		copy(p[4:], "msg")
		s.frame = frame.Append(s.frame[:0], frame.Text, p)
		for _, m := range k.room.members {
			m.spoken = true
			m.publish(p, s.frame, s.coalesce)
		}
		return
	}
	if bracket := bytes.IndexByte(p, '['); bracket > 2 {
		// 42ID["echo",… is acknowledged by 43ID[….
		if _, arguments, ok := bytes.Cut(p[bracket:], []byte(",")); ok {
			k.send(fmt.Appendf(nil, "43%s[%s", p[2:bracket], arguments))
		}
		return
	}
	k.send(p)
}

// send sends to this socket, with whatever else there is at the end of the turn.
func (k *socket) send(p []byte) {
	if k.conn == nil {
		k.poll.send(p)
		return
	}
	k.conn.out = frame.Append(k.conn.out, frame.Text, p)
	k.conn.send(nil, true)
}

func (k *socket) publish(p, framed []byte, gather bool) {
	if k.conn == nil {
		k.poll.send(p)
		return
	}
	k.conn.send(framed, gather)
}
