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
	places func(M) *Places[M]

	mu    sync.RWMutex // guards what follows, and the Places of every member
	ids   map[string]M
	all   room[M]
	rooms map[string]*room[M]
}

// Places are the rooms of one member. Every member carries its own, for Local
// to use.
type Places[M comparable] struct {
	id   string
	list []place[M] // the first is in all
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

// NewLocal returns an empty index. places returns where a member carries its
// Places.
func NewLocal[M comparable](places func(M) *Places[M]) *Local[M] {
	return &Local[M]{places: places, ids: map[string]M{}, rooms: map[string]*room[M]{}}
}

// Add adds a member that is in no room but the one named by its id. It does
// nothing for one that has been added.
func (l *Local[M]) Add(m M, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.places(m)
	if len(p.list) > 0 {
		return
	}
	p.id = id
	l.ids[id] = m
	l.enter(m, p, &l.all)
}

// Remove takes a member out of the index and its rooms.
func (l *Local[M]) Remove(m M) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.places(m)
	for len(p.list) > 0 {
		l.exit(p, len(p.list)-1)
	}
	if l.ids[p.id] == m {
		delete(l.ids, p.id)
	}
}

// Join puts a member into rooms. It does nothing for one that has not been
// added or has been removed.
func (l *Local[M]) Join(m M, rooms ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.places(m)
	if len(p.list) == 0 {
		return
	}
	for _, name := range rooms {
		if name == p.id || p.find(name) > 0 {
			continue
		}
		r := l.rooms[name]
		if r == nil {
			r = &room[M]{name: name}
			l.rooms[name] = r
		}
		l.enter(m, p, r)
	}
}

// Leave takes a member out of rooms. It can't leave the one of its id.
func (l *Local[M]) Leave(m M, rooms ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.places(m)
	for _, name := range rooms {
		if i := p.find(name); i > 0 {
			l.exit(p, i)
		}
	}
}

// find returns which of the places is the named room; 0, which is that of
// all, if none is.
func (p *Places[M]) find(name string) int {
	for i := 1; i < len(p.list); i++ {
		if p.list[i].room.name == name {
			return i
		}
	}
	return 0
}

func (l *Local[M]) enter(m M, p *Places[M], r *room[M]) {
	p.list = append(p.list, place[M]{r, len(r.members)})
	r.members = append(r.members, m)
}

// exit takes a member out of its place i. The room's last member fills the
// gap, and an empty room is forgotten.
func (l *Local[M]) exit(p *Places[M], i int) {
	r, gap := p.list[i].room, p.list[i].index
	last := len(r.members) - 1
	if gap != last {
		moved := r.members[last]
		r.members[gap] = moved
		for j, q := range l.places(moved).list {
			if q.room == r {
				l.places(moved).list[j].index = gap
				break
			}
		}
	}
	var none M
	r.members[last] = none
	r.members = r.members[:last]
	if last == 0 && r != &l.all {
		delete(l.rooms, r.name)
	}
	if i == 0 {
		p.list = nil // the last to be left
		return
	}
	end := len(p.list) - 1
	p.list[i] = p.list[end]
	p.list[end] = place[M]{}
	p.list = p.list[:end]
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
	return len(l.all.members)
}

// Rooms returns the rooms of a member, the one of its id first; none if it is
// not in the index.
func (l *Local[M]) Rooms(m M) []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	p := l.places(m)
	if len(p.list) == 0 {
		return nil
	}
	rooms := make([]string, 1, len(p.list))
	rooms[0] = p.id
	for _, q := range p.list[1:] {
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
		dst = append(dst, l.all.members...)
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
