package chat

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio"
)

func TestPeopleAreCountedNotTabs(t *testing.T) {
	h := testHall("ada", "bob")
	h.arrive("ada", "") // a second tab
	enter(t, h, "ada", "", "foyer")
	enter(t, h, "ada", "", "foyer")
	enter(t, h, "bob", "", "foyer")
	check(t, h, "foyer", "ada", "bob")

	enter(t, h, "ada", "foyer", "library") // one of the tabs goes elsewhere
	check(t, h, "foyer", "ada", "bob")
	check(t, h, "library", "ada")

	h.depart("ada", "foyer")
	check(t, h, "foyer", "bob")
	check(t, h, "library", "ada")

	h.depart("ada", "library")
	check(t, h, "library")
	if h.people["ada"] != nil {
		t.Error("ada is still known after her last tab is gone")
	}
}

func TestOnlookersAreNotListed(t *testing.T) {
	h := testHall("ada")
	h.arrive("eve", "")
	enter(t, h, "ada", "", "foyer")
	enter(t, h, "eve", "", "foyer")
	check(t, h, "foyer", "ada")

	if _, _, err := h.say("eve", Draft{Room: "foyer", Text: "hi", Key: "1"}, time.Now()); !refused(err) {
		t.Errorf("somebody without a name may speak: %v", err)
	}
	if _, err := h.rename("eve", "Eve"); err != nil {
		t.Fatal(err)
	}
	check(t, h, "foyer", "ada", "Eve")
}

func TestNamesAreUnique(t *testing.T) {
	h := testHall("ada", "bob")
	if _, err := h.rename("bob", "ADA"); !refused(err) {
		t.Errorf("bob takes ada's name: %v", err)
	}
	if _, err := h.rename("ada", "Ada"); err != nil {
		t.Errorf("ada can't change her own name: %v", err)
	}
	if g := h.arrive("cid", "bob"); g.You.Name != "" || g.Refused == "" {
		t.Errorf("a newcomer is greeted as %q, refused %q; want no name and the reason", g.You.Name, g.Refused)
	}
	if g := h.arrive("ada", "Countess"); g.You.Name != "Ada" {
		t.Errorf("a second tab renames ada to %q", g.You.Name)
	}
}

func TestPresenceIsToldOnceItChanges(t *testing.T) {
	h := testHall("ada")
	if rooms, presences := h.changes(); rooms != nil || presences != nil {
		t.Errorf("changes before anything happened: %v, %v", rooms, presences)
	}

	enter(t, h, "ada", "", "foyer")
	rooms, presences := h.changes()
	want := []RoomInfo{{Name: "foyer", People: 1}, {Name: "library"}}
	if diff := cmp.Diff(want, rooms); diff != "" {
		t.Errorf("rooms (-want +got):\n%s", diff)
	}
	if len(presences) != 1 || presences[0].Room != "foyer" || presences[0].Count != 1 {
		t.Errorf("presences: %+v", presences)
	}
	if rooms, presences := h.changes(); rooms != nil || presences != nil {
		t.Errorf("told again: %v, %v", rooms, presences)
	}
}

func TestPresenceListsSome(t *testing.T) {
	h := testHall()
	for i := range MaxListed + 5 {
		id := fmt.Sprint("p", i)
		h.arrive(id, id)
		enter(t, h, id, "", "foyer")
	}
	p := h.rooms["foyer"].present(h.people)
	if p.Count != MaxListed+5 || len(p.People) != MaxListed {
		t.Errorf("%d counted and %d listed, want %d and %d", p.Count, len(p.People), MaxListed+5, MaxListed)
	}
}

func TestSentTwiceIsOneMessage(t *testing.T) {
	h := testHall("ada", "bob")
	enter(t, h, "ada", "", "foyer")
	draft := Draft{Room: "foyer", Text: "hi", Key: "1"}

	first, audience, err := h.say("ada", draft, time.Now())
	if err != nil || len(audience) == 0 {
		t.Fatalf("say: audience %v, %v", audience, err)
	}
	again, audience, err := h.say("ada", draft, time.Now().Add(time.Hour))
	if err != nil || len(audience) != 0 {
		t.Errorf("said again, it goes to %v, %v; want nobody", audience, err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("said again, it is another message:\n%s", diff)
	}
	if other, _, _ := h.say("bob", draft, time.Now()); other.ID == first.ID {
		t.Error("bob's message under the same key is taken for ada's")
	}
}

func TestCatchUp(t *testing.T) {
	h := testHall("ada")
	r := enter(t, h, "ada", "", "foyer")
	for i := range 2*PageSize + 10 {
		say(t, h, "ada", "foyer", fmt.Sprint(i))
	}
	last := r.history.last

	for _, test := range []struct {
		what         string
		o            Opening
		first, last  uint64
		reset, newer bool
	}{
		{"newcomer", Opening{}, last - PageSize + 1, last, true, false},
		{"up to date", Opening{Since: last, Epoch: h.epoch}, last + 1, last, false, false},
		{"missed a few", Opening{Since: last - 3, Epoch: h.epoch}, last - 2, last, false, false},
		{"missed more than a page", Opening{Since: 20, Epoch: h.epoch}, 21, 20 + PageSize, false, true},
		{"missed what is forgotten", Opening{Since: 3, Epoch: h.epoch}, last - PageSize + 1, last, true, false},
		{"of another epoch", Opening{Since: last, Epoch: "then"}, last - PageSize + 1, last, true, false},
		{"from the future", Opening{Since: last + 9, Epoch: h.epoch}, last - PageSize + 1, last, true, false},
	} {
		t.Run(test.what, func(t *testing.T) {
			page := h.catchUp("ada", r, test.o)
			if page.Reset != test.reset || page.Newer != test.newer {
				t.Errorf("reset %v, newer %v; want %v, %v", page.Reset, page.Newer, test.reset, test.newer)
			}
			if n := uint64(len(page.Messages)); n != test.last-test.first+1 {
				t.Fatalf("%d messages, want %d to %d", n, test.first, test.last)
			}
			if len(page.Messages) > 0 && page.Messages[0].ID != test.first {
				t.Errorf("begins at %d, want %d", page.Messages[0].ID, test.first)
			}
		})
	}
}

func TestPagingBackToTheBound(t *testing.T) {
	h := testHall("ada") // remembers 100
	r := enter(t, h, "ada", "", "foyer")
	for i := range 130 {
		say(t, h, "ada", "foyer", fmt.Sprint(i))
	}
	page, held := h.catchUp("ada", r, Opening{}), 0
	for held += len(page.Messages); page.Older; held += len(page.Messages) {
		var err error
		if page, err = h.older("ada", Earlier{Room: "foyer", Before: page.Messages[0].ID}); err != nil {
			t.Fatal(err)
		}
	}
	if held != 100 || page.Messages[0].ID != 31 {
		t.Errorf("paged back over %d messages to number %d, want 100 to 31", held, page.Messages[0].ID)
	}
}

func TestPrivateRoomsAreForTwo(t *testing.T) {
	h := testHall("ada", "bob", "eve")
	enter(t, h, "ada", "", "@ada+bob")
	m := say(t, h, "ada", "@ada+bob", "psst")
	if m.To == nil || m.To.ID != "bob" {
		t.Errorf("addressed to %+v, want bob", m.To)
	}
	_, audience, _ := h.say("bob", Draft{Room: "@ada+bob", Text: "yes?", Key: "2"}, time.Now())
	if diff := cmp.Diff([]string{"person:ada", "person:bob"}, audience); diff != "" {
		t.Errorf("audience (-want +got):\n%s", diff)
	}

	if _, err := h.enter("eve", "", "@ada+bob"); !refused(err) {
		t.Errorf("eve opens it: %v", err)
	}
	if _, err := h.older("eve", Earlier{Room: "@ada+bob", Before: 9}); !refused(err) {
		t.Errorf("eve reads it: %v", err)
	}
	if _, _, err := h.say("eve", Draft{Room: "@ada+bob", Text: "boo", Key: "1"}, time.Now()); !refused(err) {
		t.Errorf("eve writes in it: %v", err)
	}
	for _, name := range []string{"@eve+zoe", "@eve+eve", "@bob+ada", "@eve", "@"} {
		if _, err := h.enter("eve", "", name); !refused(err) {
			t.Errorf("eve opens %q: %v", name, err)
		}
	}

	g := h.arrive("bob", "")
	if len(g.Private) != 1 || g.Private[0].With.Name != "ada" || g.Private[0].Last != 2 {
		t.Errorf("bob's conversations: %+v", g.Private)
	}
	if g := h.arrive("eve", ""); len(g.Private) != 0 || len(g.Rooms) != 2 {
		t.Errorf("eve is shown %+v and %+v", g.Private, g.Rooms)
	}
}

func TestRoomsAreBounded(t *testing.T) {
	h := testHall("ada")
	for i := range MaxRooms + 20 { // each is left for the next: the idlest goes
		enter(t, h, "ada", "", fmt.Sprint("room", i))
		h.rooms[fmt.Sprint("room", i)].leave("ada")
	}
	if len(h.rooms) != MaxRooms+2 {
		t.Errorf("%d rooms, want %d and the two that stay", len(h.rooms), MaxRooms)
	}
	if h.rooms["room0"] != nil || h.rooms["library"] == nil {
		t.Error("not the idlest went, or one that was to stay")
	}

	for _, r := range h.rooms {
		r.enter("ada")
	}
	if _, err := h.enter("ada", "", "one-more"); !refused(err) {
		t.Errorf("one room too many: %v", err)
	}
}

func testHall(names ...string) *hall {
	h := newHall("now", 100, []string{"foyer", "library"})
	for _, name := range names {
		h.arrive(name, name)
	}

	return h
}

func enter(t *testing.T, h *hall, id, from, name string) *room {
	t.Helper()
	r, err := h.enter(id, from, name)
	if err != nil {
		t.Fatalf("%s enters %s: %v", id, name, err)
	}

	return r
}

func say(t *testing.T, h *hall, id, room, text string) Message {
	t.Helper()
	m, _, err := h.say(id, Draft{Room: room, Text: text, Key: text}, time.Now())
	if err != nil {
		t.Fatalf("%s says %q: %v", id, text, err)
	}

	return m
}

func check(t *testing.T, h *hall, name string, want ...string) {
	t.Helper()
	got := []string{}
	for _, p := range h.rooms[name].present(h.people).People {
		got = append(got, p.Name)
	}
	if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
		t.Errorf("in %s (-want +got):\n%s", name, diff)
	}
}

// refused reports whether an error is one that the page shows.
func refused(err error) bool {
	var refusal *brio.Error

	return errors.As(err, &refusal)
}
