package brio

import (
	"encoding/base64"
	"sync"
	"sync/atomic"
	"time"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/engine"
	"github.com/briohq/brio/internal/wheel"
	"github.com/briohq/brio/protocol"
	"github.com/briohq/brio/transport"
)

// Recovery lets sockets survive a short disconnection. A client that comes back
// in time gets its socket again, with its id, rooms and data, and the events that
// it has missed, each once and in order, before the handlers of
// [Namespace.OnConnect] run; these see [Socket.Recovered]. A client that can't be
// given all of them gets a new socket like any other. It can tell by its property
// recovered.
//
// What a client has missed is all that was sent to it, but for volatile events
// and those that ask for an acknowledgement, and of what was sent with one key
// all but the last, see [Target.Latest]. For that each event has one more
// argument, a string, which is the client's position; official clients of
// version 4.6 and later give it back. A client that comes back before the server
// has noticed that it had gone takes over: its old connection is closed.
//
// Sockets that are away can be told to join and leave rooms, and to disconnect, by
// a [Target] that they would be in: so whoever was disconnected while away does not
// come back without being asked for credentials.
//
// Clients of Socket.IO 2 know nothing of this: theirs are not kept.
//
// What is kept is in memory, on the node that the client was connected to. A
// socket is not kept if it was disconnected on purpose, from either side; that
// is, for [ClientNamespaceDisconnect] and [ServerNamespaceDisconnect].
type Recovery struct {
	// MaxDisconnection is how long a socket is kept once it has disconnected.
	// Default 2 min.
	MaxDisconnection time.Duration
	// MaxBytes bounds what is kept for all namespaces together: events, for as
	// long as a client may have missed them, and sockets that are away. When it
	// is reached, the oldest events of the namespace that has more to keep are
	// dropped, then its sockets that are away the longest. Default 64 MiB.
	MaxBytes int
	// Middleware runs the namespace's middleware for sockets that come back.
	// Default: it is skipped, for it has let them in before.
	Middleware bool
	// OnExpire hears of each socket that was kept and will not come back, after
	// its OnDisconnect: its time is over, there was no room for it, or the
	// server is shut down. Its data are still there; its rooms are not. It may be
	// called concurrently. Default: nobody hears.
	OnExpire func(s *Socket)
}

func (r Recovery) withDefaults() *Recovery {
	if r.MaxDisconnection <= 0 {
		r.MaxDisconnection = 2 * time.Minute
	}
	if r.MaxBytes <= 0 {
		r.MaxBytes = 64 << 20
	}
	return &r
}

// recovery is what a namespace keeps for those who come back.
type recovery struct {
	namespace *Namespace
	config    *Recovery
	epoch     string        // of its positions, so that those of another server are told apart
	patience  time.Duration // how long an event may be on its way, or missed
	total     *atomic.Int64 // bytes kept by all namespaces

	// mu is held while an event is put into the log and into the queues of its
	// sockets: in all of them the order is that of the positions. It is held
	// while sockets come, go, join and leave: who was to get an event can be told
	// afterwards. It guards what follows, and the trail of each socket.
	mu      sync.Mutex
	log     log
	live    map[string]*Socket // by the id of the session
	away    map[string]*absence
	waiting []*absence // those in away and some that have come back, the oldest first
	sweep   wheel.Entry
	due     time.Time // of the sweep, zero if none is planned
	ended   bool      // the server has been shut down
}

func newRecovery(ns *Namespace) *recovery {
	config := ns.server.config.Recovery
	if config == nil {
		return nil
	}
	r := &recovery{
		namespace: ns,
		config:    config,
		epoch:     engine.NewID()[:epochSize],
		patience:  config.MaxDisconnection + 2*ns.server.engine.Patience(),
		total:     &ns.server.kept,
		live:      map[string]*Socket{},
		away:      map[string]*absence{},
	}
	r.sweep.Owner = wheel.Func(r.tidy)
	return r
}

// trail is where a socket has been, as far as that matters for what it may have
// missed. It is guarded by its namespace's recovery.
type trail struct {
	session string    // the secret id with which the client asks for the socket; "" before it is known
	since   uint64    // the position from which on it was a target
	stays   []stay    // in rooms
	listed  bool      // in the namespace's index, or away
	claimed bool      // it has come back, but was not told so yet
	got     uint64    // the position up to which the client has got what it was sent, if claimed
	proven  time.Time // what was sent before has been received

	welcomed time.Time     // when it was told that it has connected
	over     chan struct{} // closed when it has departed
}

// stay is the time that a socket was in a room: from after one position, to
// another.
type stay struct {
	room        string
	from, until uint64
}

const forever = ^uint64(0)

// join puts a socket into rooms, and notes that it is there.
func (r *recovery) join(s *Socket, rooms []string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.enter(s, rooms)
}

// enter is join with mu held. A socket that is away is in no room of the index, but
// what is noted of the others has the same rooms as that.
func (r *recovery) enter(s *Socket, rooms []string) bool {
	t := s.trail
	if in := r.namespace.local.Join(s, rooms...); !t.listed {
		return in
	}
	before, left := len(t.stays), r.namespace.server.config.MaxRooms-len(t.rooms())
	for _, room := range rooms {
		if room == s.id || t.current(room) >= 0 {
			continue
		}
		if left--; left < 0 {
			t.stays = t.stays[:before]
			return false
		}
		t.stays = append(t.stays, stay{room, r.log.last(), forever})
	}
	return true
}

func (r *recovery) leave(s *Socket, rooms []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.exit(s, rooms)
}

// exit is leave with mu held.
func (r *recovery) exit(s *Socket, rooms []string) {
	r.namespace.local.Leave(s, rooms...)
	s.trail.leave(rooms, &r.log)
}

// leave ends the stays in the rooms, and forgets those that ended before what
// the log has.
func (t *trail) leave(rooms []string, l *log) {
	for _, room := range rooms {
		if i := t.current(room); i >= 0 {
			t.stays[i].until = l.last()
		}
	}
	kept := t.stays[:0]
	for _, one := range t.stays {
		if one.until > max(one.from, l.dropped) {
			kept = append(kept, one)
		}
	}
	clear(t.stays[len(kept):])
	t.stays = kept
}

// current returns which of the stays is in the room and has not ended, -1 if
// none is.
func (t *trail) current(room string) int {
	for i, one := range t.stays {
		if one.room == room && one.until == forever {
			return i
		}
	}
	return -1
}

// rooms returns the rooms that the socket has not left.
func (t *trail) rooms() []string {
	var rooms []string
	for _, one := range t.stays {
		if one.until == forever {
			rooms = append(rooms, one.room)
		}
	}
	return rooms
}

// missed reports whether a packet of that position was for the socket.
func (s *Socket) missed(position uint64, o *adapter.Options) bool {
	t := s.trail
	in := func(room string) bool {
		if room == s.id {
			return true
		}
		for _, one := range t.stays {
			if one.room == room && one.from < position && position <= one.until {
				return true
			}
		}
		return false
	}
	if position <= t.since {
		return false
	}
	for _, room := range o.Except {
		if in(room) {
			return false
		}
	}
	if o.Everyone {
		return true
	}
	for _, room := range o.Rooms {
		if in(room) {
			return true
		}
	}
	return false
}

// deliver is sockets.Deliver: it keeps what it delivers. It appends those it has
// delivered to to list.
func (r *recovery) deliver(list []*Socket, p *protocol.Packet, o adapter.Options) []*Socket {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.live)+len(r.away) == 0 {
		return list // there is nobody who could get it, now or later
	}
	position := r.log.last()
	if !o.Volatile {
		position++
	}
	frames, err := r.frames(p, position, o)
	if err != nil {
		r.namespace.unencodable(err)
		return list
	}
	list = r.namespace.local.Append(list, o)
	r.namespace.queue(list, frames, o)
	if !o.Volatile {
		r.keep(frames, o) // with a time that is not before it was queued
	}
	return list
}

// send is Socket.Emit: it keeps what it sends.
func (r *recovery) send(s *Socket, event string, args []any) error {
	if cause := s.cause.Load(); cause != nil {
		return cause
	}
	p, err := s.namespace.newEvent(event, args)
	if err != nil {
		return err
	}
	s.hear(event, args)
	r.mu.Lock()
	frames, err := r.frames(p, r.log.last()+1, adapter.Options{})
	if err == nil && s.trail.claimed {
		r.keep(frames, adapter.Options{Rooms: []string{s.id}}) // it is sent with what was missed
		r.mu.Unlock()
		s.namespace.emitted(event, p, 1)
		return nil
	}
	if err == nil {
		err = s.queue(frames, s.when()|s.namespace.server.config.SlowClient.sending(), func() {
			r.keep(frames, adapter.Options{Rooms: []string{s.id}})
			r.mu.Unlock() // what is left is to write, which others need not wait for
		})
	}
	if err != nil {
		r.mu.Unlock()
		return err
	}
	s.namespace.emitted(event, p, 1)
	return nil
}

// frames returns those of an event with its position as one more argument. A
// volatile event has the position of the event before: it is no part of what can
// be missed, but if its last argument is a string, clients would take that for
// their position.
func (r *recovery) frames(p *protocol.Packet, position uint64, o adapter.Options) ([]*transport.Frame, error) {
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	own := *p
	own.Data = append((*buf)[:0], p.Data[:len(p.Data)-1]...)
	own.Data = append(own.Data, `,"`...)
	own.Data = r.appendOffset(own.Data, position)
	own.Data = append(own.Data, `"]`...)
	*buf = own.Data
	return r.namespace.server.encodeFor(&own, o)
}

// epochSize is the number of characters that come before a position.
const epochSize = 6

// appendOffset appends a position as clients know it.
func (r *recovery) appendOffset(b []byte, position uint64) []byte {
	var n [8]byte
	size := 0
	for rest := position; rest > 0; rest >>= 8 {
		n[size] = byte(rest)
		size++
	}
	b = append(b, r.epoch...)
	return base64.RawURLEncoding.AppendEncode(b, n[:size])
}

// position reads an offset, which a client may have made up. It reports false
// for one that is not of this namespace in the life of this server.
func (r *recovery) position(offset string) (uint64, bool) {
	if len(offset) < epochSize || len(offset) > 2*epochSize+8 || offset[:epochSize] != r.epoch {
		return 0, false
	}
	n, err := base64.RawURLEncoding.DecodeString(offset[epochSize:])
	if err != nil || len(n) > 8 {
		return 0, false
	}
	var position uint64
	for i, b := range n {
		position |= uint64(b) << (8 * i)
	}
	return position, position <= r.log.last()
}
