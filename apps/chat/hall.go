package chat

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/briohq/brio"
)

// hall is everybody and every room: all that the chat knows, and nothing of
// how it travels. Its methods may be called concurrently.
type hall struct {
	epoch   string        // immutable
	keep    int           // messages in a room; immutable
	changed chan struct{} // holds a token while somebody has something to be told

	mu     sync.Mutex // guards what follows
	people people
	rooms  map[string]*room
	used   uint64
	stale  bool // the list of rooms has changed since it was told
}

func newHall(epoch string, keep int, seeds []string) *hall {
	h := &hall{
		epoch:   epoch,
		keep:    keep,
		changed: make(chan struct{}, 1),
		people:  people{},
		rooms:   map[string]*room{},
	}
	for _, name := range seeds {
		h.add(name).keep = true
	}

	return h
}

// arrive counts somebody's new tab and greets it.
func (h *hall) arrive(id, name string) Greeting {
	h.mu.Lock()
	defer h.mu.Unlock()

	you, err := h.people.arrive(id, name)
	g := Greeting{You: you, Epoch: h.epoch, Rooms: h.list(), Private: []PrivateInfo{}}
	if err != nil {
		g.Refused = err.Error()
	}
	for _, r := range h.rooms {
		if with := r.other(id); with != nil && isMember(id, r.name) && r.history.last > 0 {
			g.Private = append(g.Private, PrivateInfo{Room: r.name, With: *with, Last: r.history.last})
		}
	}
	slices.SortFunc(g.Private, func(a, b PrivateInfo) int { return strings.Compare(a.With.Name, b.With.Name) })

	return g
}

// depart uncounts a tab that was in a room, or in none.
func (h *hall) depart(id, in string) {
	h.mu.Lock()
	defer h.mu.Unlock()

	if r := h.rooms[in]; r != nil {
		r.leave(id)
		h.touch()
	}
	h.people.depart(id)
}

// simulate counts in somebody whom no socket stands for.
func (h *hall) simulate(id, name string) {
	h.mu.Lock()
	defer h.mu.Unlock()

	h.people[id] = &guest{Person: Person{ID: id, Name: name, Simulated: true}, tabs: 1}
}

// place puts them into a room or takes them out of it.
func (h *hall) place(id, name string, in bool) {
	h.mu.Lock()
	defer h.mu.Unlock()

	if in {
		h.rooms[name].enter(id)
	} else {
		h.rooms[name].leave(id)
	}
	h.touch()
}

// rename gives somebody a name, in every room they are in.
func (h *hall) rename(id, name string) (Person, error) {
	h.mu.Lock()
	defer h.mu.Unlock()

	you, err := h.people.rename(id, name)
	if err != nil {
		return you, err
	}
	for _, r := range h.rooms {
		if r.tabs[id] > 0 {
			r.version++
		}
	}
	h.touch()

	return you, nil
}

// enter moves a tab from one public room into another, made if need be. A
// private room is only looked into: the tab stays where it is.
func (h *hall) enter(id, from, name string) (*room, error) {
	h.mu.Lock()
	defer h.mu.Unlock()

	r, err := h.find(id, name)
	if err != nil || r.private() || r.name == from {
		return r, err
	}
	if old := h.rooms[from]; old != nil {
		old.leave(id)
	}
	r.enter(id)
	h.touch()

	return r, nil
}

// catchUp returns what a page needs so that it has no gap.
func (h *hall) catchUp(id string, r *room, o Opening) Page {
	h.mu.Lock()
	defer h.mu.Unlock()

	page, joins := r.history.since(o.Since, PageSize)
	if o.Since == 0 || o.Epoch != h.epoch || !joins {
		page = r.history.newest(PageSize)
		page.Reset = true
	}
	page.Room, page.With = r.name, r.other(id)
	if !r.private() {
		present := r.present(h.people)
		page.Present = &present
	}

	return page
}

// older returns the page before a message.
func (h *hall) older(id string, e Earlier) (Page, error) {
	h.mu.Lock()
	defer h.mu.Unlock()

	r, err := h.allowed(id, e.Room)
	if err != nil {
		return Page{}, err
	}
	page := r.history.before(e.Before, PageSize)
	page.Room = r.name

	return page, nil
}

// say adds a message, once however often it is sent. It names whom to tell:
// nobody when it had been said before.
func (h *hall) say(id string, d Draft, at time.Time) (m Message, audience []string, err error) {
	if d, err = cleanDraft(d); err != nil {
		return m, nil, err
	}

	h.mu.Lock()
	defer h.mu.Unlock()

	r, from, err := h.speaks(id, d.Room)
	if err != nil {
		return m, nil, err
	}
	if m, again := r.history.find(id, d.Key); again {
		return m, nil, nil
	}
	m = r.history.add(Message{Room: r.name, From: from, To: r.other(id), Text: d.Text, At: at.UnixMilli(), Key: d.Key})
	if !r.private() {
		h.touch()
	}

	return m, r.audience(), nil
}

// typing names whom to tell that somebody writes.
func (h *hall) typing(id, name string) (Typist, []string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()

	r, from, err := h.speaks(id, name)
	if err != nil {
		return Typist{}, nil, err
	}

	return Typist{Room: r.name, From: from}, r.audience(), nil
}

// changes returns the states that have changed since it was last asked; rooms
// is nil when the list has not.
func (h *hall) changes() (rooms []RoomInfo, presences []Presence) {
	h.mu.Lock()
	defer h.mu.Unlock()

	if h.stale {
		rooms, h.stale = h.list(), false
	}
	for _, r := range h.rooms {
		if r.told != r.version {
			r.told = r.version
			presences = append(presences, r.present(h.people))
		}
	}

	return rooms, presences
}

// speaks returns the room somebody may write in now, and who they are.
func (h *hall) speaks(id, name string) (*room, Person, error) {
	from, err := h.people.speaker(id)
	if err != nil {
		return nil, from, err
	}
	r, err := h.allowed(id, name)
	if err != nil {
		return nil, from, err
	}
	h.used++
	r.used = h.used
	if r.private() {
		*r.self(id) = from
	}

	return r, from, nil
}

// allowed returns a room that is there and not the private one of others.
func (h *hall) allowed(id, name string) (*room, error) {
	r := h.rooms[name]
	if r == nil || r.private() && !isMember(id, name) {
		return nil, brio.Errorf("That room is gone. Open it again.")
	}

	return r, nil
}

// find returns the room of a name, made if need be and if there is space.
func (h *hall) find(id, name string) (*room, error) {
	if isPrivate(name) {
		return h.findPrivate(id, name)
	}
	name, err := cleanRoom(name)
	if err != nil {
		return nil, err
	}
	if r := h.rooms[name]; r != nil {
		return r, nil
	}
	if !h.space(false, MaxRooms) {
		return nil, brio.Errorf("There are %d rooms already. Choose one of them.", MaxRooms)
	}
	h.touch()

	return h.add(name), nil
}

func (h *hall) findPrivate(id, name string) (*room, error) {
	if !isMember(id, name) {
		return nil, brio.Errorf("That conversation belongs to others.")
	}
	if r := h.rooms[name]; r != nil {
		return r, nil
	}
	a, b := members(name)
	one, err := h.people.speaker(id)
	if err != nil {
		return nil, err
	}
	first, second := h.people[a], h.people[b]
	if a >= b || first == nil || second == nil || first.Name == "" || second.Name == "" {
		return nil, brio.Errorf("They are not here now, %s. Choose somebody who is.", one.Name)
	}
	if !h.space(true, MaxPrivate) {
		return nil, brio.Errorf("There are too many conversations. Try again later.")
	}
	r := h.add(name)
	r.pair = [2]Person{first.Person, second.Person}

	return r, nil
}

func (h *hall) add(name string) *room {
	h.used++
	r := &room{name: name, made: h.used, used: h.used, tabs: map[string]int{}, history: history{limit: h.keep}}
	h.rooms[name] = r

	return r
}

// space makes space for one more room of a kind: when there are limit of them,
// the one unused for the longest goes, if any has nobody in it.
func (h *hall) space(private bool, limit int) bool {
	var idle *room
	n := 0
	for _, r := range h.rooms {
		if r.keep || r.private() != private {
			continue
		}
		n++
		if len(r.tabs) == 0 && (idle == nil || r.used < idle.used) {
			idle = r
		}
	}
	if n < limit {
		return true
	}
	if idle == nil {
		return false
	}
	delete(h.rooms, idle.name)

	return true
}

// list returns the public rooms in the order they were made.
func (h *hall) list() []RoomInfo {
	var rooms []*room
	for _, r := range h.rooms {
		if !r.private() {
			rooms = append(rooms, r)
		}
	}
	slices.SortFunc(rooms, func(a, b *room) int { return cmp.Compare(a.made, b.made) })

	infos := make([]RoomInfo, len(rooms))
	for i, r := range rooms {
		infos[i] = RoomInfo{Name: r.name, People: r.present(h.people).Count, Last: r.history.last}
	}

	return infos
}

// touch has everybody told, soon, of what has changed.
func (h *hall) touch() {
	h.stale = true
	select {
	case h.changed <- struct{}{}:
	default:
	}
}
