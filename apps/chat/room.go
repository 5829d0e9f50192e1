package chat

import (
	"cmp"
	"slices"
	"strings"
)

// The bounds of what the chat holds.
const (
	MaxRooms   = 50  // that people made
	MaxPrivate = 500 // conversations
	MaxListed  = 100 // people named in a presence
	PageSize   = 50  // messages
)

// room is a public room, or the private one of two people.
type room struct {
	name    string
	keep    bool      // it was there from the start
	pair    [2]Person // of a private room
	made    uint64    // when, by the hall's count
	used    uint64    // when somebody last wrote in it
	tabs    map[string]int
	version uint64
	told    uint64 // the version that its people know
	history history
}

func (r *room) private() bool { return isPrivate(r.name) }

// enter counts a tab of somebody in the room.
func (r *room) enter(id string) {
	r.tabs[id]++
	r.version++
}

// leave uncounts it.
func (r *room) leave(id string) {
	r.tabs[id]--
	if r.tabs[id] <= 0 {
		delete(r.tabs, id)
	}
	r.version++
}

// present lists those who are in the room and have a name.
func (r *room) present(all people) Presence {
	p := Presence{Room: r.name, Version: r.version, People: []Person{}}
	for id := range r.tabs {
		if g := all[id]; g != nil && g.Name != "" {
			p.People = append(p.People, g.Person)
		}
	}
	slices.SortFunc(p.People, func(a, b Person) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	p.Count = len(p.People)
	p.People = p.People[:min(p.Count, MaxListed)]

	return p
}

// audience names the server's rooms that what is said here goes to.
func (r *room) audience() []string {
	if r.private() {
		return []string{personRoom(r.pair[0].ID), personRoom(r.pair[1].ID)}
	}

	return []string{publicRoom(r.name)}
}

// other is whom somebody talks to in a private room.
func (r *room) other(id string) *Person {
	if !r.private() {
		return nil
	}
	other := r.pair[0]
	if other.ID == id {
		other = r.pair[1]
	}

	return &other
}

// self is somebody's own half of a private room.
func (r *room) self(id string) *Person {
	if r.pair[0].ID == id {
		return &r.pair[0]
	}

	return &r.pair[1]
}

// isMember reports whether somebody is one of the two of a private room.
func isMember(id, name string) bool {
	a, b := members(name)

	return id == a || id == b
}

// members splits the name of a private room into the two it belongs to.
func members(name string) (a, b string) {
	a, b, _ = strings.Cut(strings.TrimPrefix(name, "@"), "+")

	return a, b
}

func isPrivate(name string) bool    { return strings.HasPrefix(name, "@") }
func publicRoom(name string) string { return "room:" + name }
func personRoom(id string) string   { return "person:" + id }
