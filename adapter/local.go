package adapter

import (
	"slices"
	"sync"
)

// Local is the index of one namespace's sockets on this node: by id, and by
// room. M is how a socket is known, usually a pointer, so that a socket can't
// be mistaken for another that got its id.
//
// What an operation costs depends on the rooms it names and on the rooms of
// the socket it is about, never on how many others there are. Its methods may
// be called concurrently.
type Local[M comparable] struct {
	// MaxRooms is how many rooms one member may be in, beside that of its id. It is set
	// before there are members. Default 0: any number.
	MaxRooms int

	id     func(M) string
	places func(M) *Places[M]

	mu    sync.RWMutex // guards what follows, and the Places of every member
	heed  func(room string)
	ids   map[string]M
	all   []M // without gaps
	rooms map[string]*room[M]
}

// Places are the rooms of one member. Every member carries its own, for Local
// to use.
type Places[M comparable] struct {
	list []place[M]
	all  int32 // which of all it is, from 1 on; 0 if it is not in the index
}

type place[M comparable] struct {
	room  *room[M]
	index int // of the member in room.members
}

// room keeps its members without gaps, so that copying them is one move of
// memory. Where a member stands is noted in its Places.
type room[M comparable] struct {
	name    string
	members []M
}

// NewLocal returns an empty index. id returns the id of a member, which stays the
// same while it is in the index, and places where it carries its Places.
func NewLocal[M comparable](id func(M) string, places func(M) *Places[M]) *Local[M] {
	return &Local[M]{id: id, places: places, ids: map[string]M{}, rooms: map[string]*room[M]{}}
}

// Add adds a member that is in no room but the one named by its id. It does
// nothing for one that has been added.
func (l *Local[M]) Add(m M) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.places(m)
	if p.all > 0 {
		return
	}
	l.ids[l.id(m)] = m
	l.tell(l.id(m))
	l.all = append(l.all, m)
	p.all = int32(len(l.all))
}

// Remove takes a member out of the index and its rooms.
func (l *Local[M]) Remove(m M) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.places(m)
	if p.all == 0 {
		return
	}
	for len(p.list) > 0 {
		l.exit(p, len(p.list)-1)
	}
	p.list = nil
	if id := l.id(m); l.ids[id] == m {
		delete(l.ids, id)
		l.tell(id)
	}
	var moved bool
	if l.all, moved = fill(l.all, int(p.all-1)); moved {
		l.places(l.all[p.all-1]).all = p.all
	}
	p.all = 0
	if len(l.all) == 0 { // maps never shrink
		l.ids, l.rooms, l.all = map[string]M{}, map[string]*room[M]{}, nil
	}
}

// Join puts a member into rooms, and reports whether it is in all of them. It does
// nothing for one that has not been added or has been removed, nor if there were
// more than MaxRooms then.
func (l *Local[M]) Join(m M, rooms ...string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.places(m)
	if p.all == 0 {
		return false
	}
	id, before := l.id(m), len(p.list)
	for _, name := range rooms {
		if name == id || p.find(name) >= 0 {
			continue
		}
		r := l.rooms[name]
		if r == nil {
			r = &room[M]{name: name}
			l.rooms[name] = r
			l.tell(name)
		}
		l.enter(m, p, r)
		if l.MaxRooms > 0 && len(p.list) > l.MaxRooms {
			for len(p.list) > before {
				l.exit(p, len(p.list)-1)
			}
			return false
		}
	}
	return true
}

// Leave takes a member out of rooms. It can't leave the one of its id.
func (l *Local[M]) Leave(m M, rooms ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.places(m)
	for _, name := range rooms {
		if i := p.find(name); i >= 0 {
			l.exit(p, i)
		}
	}
}

// find returns which of the places is the named room, -1 if none is.
func (p *Places[M]) find(name string) int {
	return slices.IndexFunc(p.list, func(q place[M]) bool { return q.room.name == name })
}

func (l *Local[M]) enter(m M, p *Places[M], r *room[M]) {
	p.list = append(p.list, place[M]{r, len(r.members)})
	r.members = append(r.members, m)
}

// exit takes a member out of its place i. An empty room is forgotten.
func (l *Local[M]) exit(p *Places[M], i int) {
	r, gap := p.list[i].room, p.list[i].index
	var moved bool
	if r.members, moved = fill(r.members, gap); moved {
		q := l.places(r.members[gap]).list
		q[slices.IndexFunc(q, func(q place[M]) bool { return q.room == r })].index = gap
	}
	if len(r.members) == 0 {
		delete(l.rooms, r.name)
		l.tell(r.name)
	}
	end := len(p.list) - 1
	p.list[i] = p.list[end]
	p.list[end] = place[M]{}
	p.list = p.list[:end]
}

// fill returns the members without the one at gap, which the last one fills, and
// whether that has moved for it.
func fill[M any](members []M, gap int) ([]M, bool) {
	var none M
	last := len(members) - 1
	members[gap] = members[last]
	members[last] = none
	return members[:last], gap != last
}

// Watch has changed called with each room that gets its first member or loses its
// last, in order, and at once with those that have members: rooms of ids too. It is
// called with a lock held: it must not block, and leaves to others to ask what Has
// says by now. There is one who watches, or nobody, which is nil.
func (l *Local[M]) Watch(changed func(room string)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.heed = changed
	for id := range l.ids {
		l.tell(id)
	}
	for name := range l.rooms {
		l.tell(name)
	}
}

func (l *Local[M]) tell(room string) {
	if l.heed != nil {
		l.heed(room)
	}
}

// Has reports whether a room has members. Each id is the room of its member.
func (l *Local[M]) Has(room string) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	_, ok := l.ids[room]
	return ok || l.rooms[room] != nil
}

// Get returns the member with an id.
func (l *Local[M]) Get(id string) (M, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	m, ok := l.ids[id]
	return m, ok
}

// Len returns the number of members.
func (l *Local[M]) Len() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return len(l.all)
}

// Rooms returns the rooms of a member, the one of its id first; none if it is
// not in the index.
func (l *Local[M]) Rooms(m M) []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	p := l.places(m)
	if p.all == 0 {
		return nil
	}
	rooms := make([]string, 1, 1+len(p.list))
	rooms[0] = l.id(m)
	for _, q := range p.list {
		rooms = append(rooms, q.room.name)
	}
	return rooms
}

// Sizes returns how many members each room has. What is a room only because it
// is a member's id is left out.
func (l *Local[M]) Sizes() map[string]int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	sizes := make(map[string]int, len(l.rooms))
	for name, r := range l.rooms {
		sizes[name] = len(r.members)
	}
	return sizes
}

// Append appends the selected members to dst, each once. They are a copy: what
// is done with them holds no lock.
func (l *Local[M]) Append(dst []M, o Options) []M {
	l.mu.RLock()
	defer l.mu.RUnlock()
	start := len(dst)
	switch {
	case o.Everyone:
		dst = append(dst, l.all...)
	default:
		for _, name := range o.Rooms {
			dst = l.appendRoom(dst, name)
		}
	}
	unwanted := map[M]struct{}{}
	if len(o.Except) > 0 {
		var except []M
		for _, name := range o.Except {
			except = l.appendRoom(except, name)
		}
		for _, m := range except {
			unwanted[m] = struct{}{}
		}
	}
	several := len(o.Rooms) > 1 && !o.Everyone
	if len(unwanted) == 0 && !several {
		return dst
	}
	chosen := slices.DeleteFunc(dst[start:], func(m M) bool {
		_, drop := unwanted[m]
		if !drop && several {
			unwanted[m] = struct{}{} // once is enough
		}
		return drop
	})
	return dst[:start+len(chosen)]
}

func (l *Local[M]) appendRoom(dst []M, name string) []M {
	if m, ok := l.ids[name]; ok {
		dst = append(dst, m)
	}
	if r := l.rooms[name]; r != nil {
		dst = append(dst, r.members...)
	}
	return dst
}
