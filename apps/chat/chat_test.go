package chat

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

func TestPeopleAreCountedNotTabs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHall(t, site.Config{Quiet: true})
		ada1, ada2, eve := h.connect(ada), h.connect(ada), h.connect(site.Person{})
		bob1 := h.connect(bob)
		for _, tab := range []*briotest.Client{ada1, ada2, bob1, eve} {
			h.open(tab, "foyer")
		}
		h.sees(bob1, "foyer", "Ada", "Bob")
		h.sees(eve, "foyer", "Ada", "Bob") // who looks on and is not listed

		h.open(ada2, "library")
		h.sees(bob1, "foyer", "Ada", "Bob")
		h.sees(ada2, "library", "Ada")
		ada1.Close()
		h.sees(bob1, "foyer", "Bob")
		h.sees(ada2, "library", "Ada")
		h.open(bob1, "library")
		h.sees(ada2, "library", "Ada", "Bob")
		ada2.Close()
		h.sees(bob1, "library", "Bob")

		rooms := h.rooms(bob1)
		if rooms["foyer"].People != 0 || rooms["library"].People != 1 || len(rooms) != 3 {
			t.Errorf("rooms: %+v", rooms)
		}
	})
}

// Whatever happens between two ticks is told once.
func TestAReloadIsNotSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHall(t, site.Config{Quiet: true})
		tab, watcher := h.connect(ada), h.connect(bob)
		h.open(tab, "foyer")
		h.open(watcher, "foyer")
		time.Sleep(1100 * time.Millisecond) // between two ticks
		briotest.Next(t, watcher, Present)
		tab.Close()
		h.open(h.connect(ada), "foyer")
		time.Sleep(time.Second)
		for _, e := range watcher.Events() {
			var p Presence
			if e.Name == string(Present) && e.Args.Scan(&p) == nil && len(p.People) != 2 {
				t.Errorf("seen in the foyer: %v", p.People)
			}
		}
	})
}

func TestPresenceIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHall(t, site.Config{Quiet: true})
		for i := range MaxListed + 5 {
			h.open(h.connect(site.Person{ID: fmt.Sprint("P", i), Name: "P"}), "foyer")
		}
		if p := h.open(h.connect(ada), "foyer"); len(p.People) != MaxListed {
			t.Errorf("%d people are listed, want %d", len(p.People), MaxListed)
		}
	})
}

// What is sent again after a lost acknowledgement is answered, and told nobody.
func TestSaidTwiceIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHall(t, site.Config{Quiet: true})
		tab, other, elsewhere := h.connect(ada), h.connect(bob), h.connect(bob)
		h.open(tab, "foyer")
		h.open(other, "foyer")
		h.open(elsewhere, "library")
		draft := Draft{Room: "foyer", Text: " hello\n there ", Key: "1"}
		first := briotest.Do(t, tab, Say, draft)
		time.Sleep(time.Second)
		if again := briotest.Do(t, tab, Say, draft); again != first || first.Text != "hello\n there" || first.From != ada {
			t.Errorf("answered with %+v, then with %+v", first, again)
		}
		if told := briotest.Next(t, other, Said); told != first {
			t.Errorf("bob hears %+v", told)
		}
		for _, c := range []*briotest.Client{tab, other, elsewhere} {
			briotest.None(t, c, Said)
		}
	})
}

func TestPrivateRoomsAreForTwo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHall(t, site.Config{Quiet: true})
		a, b1, b2, eve := h.connect(ada), h.connect(bob), h.connect(bob), h.connect(site.Person{ID: "EVE", Name: "Eve"})
		h.open(b2, "library")
		if p := h.open(a, "@ADA+BOB"); len(p.People) != 2 {
			t.Errorf("the conversation is of %v", p.People)
		}
		m := briotest.Do(t, a, Say, Draft{Room: "@ADA+BOB", Text: "psst", Key: "1"})
		for _, tab := range []*briotest.Client{b1, b2} {
			if got := briotest.Next(t, tab, Said); got != m {
				t.Errorf("a tab of bob's hears %+v", got)
			}
		}
		briotest.Send(t, b1, Read, Sign{Room: "@ADA+BOB", Upto: 9})
		for _, tab := range []*briotest.Client{a, b2} {
			if got := briotest.Next(t, tab, Read); got != (Sign{"@ADA+BOB", bob, 1}) {
				t.Errorf("told of bob's reading: %+v", got)
			}
		}
		briotest.Send(t, a, Typing, Sign{Room: "@ADA+BOB", From: bob})
		guest := h.connect(site.Person{}) // who has no name is nobody's partner
		briotest.Send(t, a, Typing, Sign{Room: "@+ADA"})
		briotest.None(t, guest, Typing)
		if got := briotest.Next(t, b2, Typing); got.From != ada {
			t.Errorf("ada types as %+v", got.From)
		}

		for _, room := range []string{"@ADA+BOB", "@ADA+BOB+EVE", "@BOB+ADA", "@EVE+ZOE", "@EVE+EVE", "@EVE+BOB", "@+EVE", "@EVE", "@EVE+", "+", "@"} {
			h.refused(eve, Open, Opening{Room: room})
			h.refused(eve, Older, Opening{Room: room, Before: 9})
			_, err := Say.Do(t.Context(), eve, Draft{Room: room, Text: "boo", Key: "1"})
			if err == nil {
				t.Errorf("eve writes in %s", room)
			}
			if _, err := brio.Call[Sign, brio.None](Read).Do(t.Context(), eve, Sign{Room: room, Upto: 1}); err == nil {
				t.Errorf("eve reads %s", room)
			}
		}
		briotest.None(t, a, Said)
		if rooms := h.rooms(h.connect(bob)); rooms["@ADA+BOB"].Last != 1 || *rooms["@ADA+BOB"].Read != 1 || *rooms["@ADA+BOB"].With != ada {
			t.Errorf("bob's rooms: %+v", rooms)
		}
		a.Close()
		synctest.Wait()
		if p := h.open(b1, "@ADA+BOB"); len(p.Messages) != 1 || len(p.People) != 2 {
			t.Errorf("when ada has gone, bob finds %+v", p)
		}
	})
}

// What is read in a public room is told to one's own tabs alone.
func TestReadingInPublicIsOnesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHall(t, site.Config{Quiet: true})
		tab, other, watcher := h.connect(ada), h.connect(ada), h.connect(bob)
		for _, c := range []*briotest.Client{tab, other, watcher} {
			h.open(c, "foyer")
		}
		briotest.Do(t, watcher, Say, Draft{Room: "foyer", Text: "hello", Key: "1"})
		briotest.Send(t, tab, Read, Sign{Room: "foyer", Upto: 1})
		if got := briotest.Next(t, other, Read); got != (Sign{"foyer", ada, 1}) {
			t.Errorf("the other tab is told of %+v", got)
		}
		briotest.None(t, watcher, Read)
		if rooms := h.rooms(h.connect(ada)); *rooms["foyer"].Read != 1 || rooms["library"].Read != nil {
			t.Errorf("next time, ada's rooms are %+v", rooms)
		}
	})
}

func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHall(t, site.Config{Quiet: true})
		tab, guest := h.connect(ada), h.connect(site.Person{})
		long := strings.Repeat("ж", MaxText)
		for _, test := range []struct {
			draft Draft
			want  string // empty: it is taken
		}{
			{Draft{"foyer", long, "1"}, ""},
			{Draft{"foyer", long + "ж", "2"}, "are 2001"},
			{Draft{"foyer", " \n ", "3"}, "are 0"},
			{Draft{"foyer", "x", ""}, "key"},
			{Draft{"foyer", "x", strings.Repeat("k", 64)}, ""},
			{Draft{"foyer", "x", strings.Repeat("k", 65)}, "key"},
			{Draft{"nowhere", "x", "4"}, "not there"},
		} {
			_, err := Say.Do(t.Context(), tab, test.draft)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%.9q under key %.9q: %v, want %q", test.draft.Text, test.draft.Key, err, test.want)
			}
		}
		for name, want := range map[string]string{
			" Big  Hall ": "big-hall", "Łódź_2": "łódź_2", "": "", " ": "", "a/b": "", "A\u202e": "", "@x": "", "bot:Mira": "",
			strings.Repeat("é", 16): strings.Repeat("é", 16), strings.Repeat("é", 17): "",
		} {
			page, err := Open.Do(t.Context(), tab, Opening{Room: name})
			if (err != nil) != (want == "") || page.Room != want {
				t.Errorf("room %q opens as %q, %v; want %q", name, page.Room, err, want)
			}
		}

		h.refused(guest, Open, Opening{Room: "guests-own"})
		if _, err := Say.Do(t.Context(), guest, Draft{"foyer", "x", "1"}); err == nil || !strings.Contains(err.Error(), "pass") {
			t.Errorf("somebody without a pass speaks: %v", err)
		}
	})
}

func TestSimulatedPeopleTalkWhileSomebodyIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHall(t, site.Config{})
		time.Sleep(time.Hour)
		if n := h.said("foyer"); n != 8 {
			t.Errorf("nobody is there, and they have said %d things, want the 8 before", n)
		}
		tab := h.connect(ada)
		h.open(tab, "foyer")
		h.sees(tab, "foyer", "Ada", "Ines", "Jonas", "Mira", "Teo")
		time.Sleep(2 * time.Minute)
		lively := h.said("foyer")
		if n := lively - 8; n < 10 || n > 60 {
			t.Errorf("they say %d things in two minutes: that's no human pace", n)
		}
		if got := briotest.Next(t, tab, Typing); got.Room != "foyer" || got.From.Role != "simulated" {
			t.Errorf("typing: %+v", got)
		}

		briotest.Do(t, tab, site.Simulate, false)
		h.sees(tab, "foyer", "Ada")
		h.refused(tab, Open, Opening{Room: "@ADA+bot:Mira"})
		before := h.said("foyer")
		time.Sleep(time.Minute)
		if n := h.said("foyer") - before; n > 0 {
			t.Errorf("switched off, they say %d things", n)
		}
		briotest.Do(t, tab, site.Simulate, true)
		h.sees(tab, "foyer", "Ada", "Ines", "Jonas", "Mira", "Teo")
		time.Sleep(time.Minute)
		if h.said("foyer") == before {
			t.Error("switched on again, they stay silent")
		}
	})
}

func TestSimulatedPeopleAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := openHall(t, site.Config{})
		tab := h.connect(ada)
		h.open(tab, "@ADA+bot:Mira")
		briotest.Do(t, tab, Say, Draft{"@ADA+bot:Mira", "Are you real?", "1"})
		answer := briotest.Next(t, tab, Said)
		if answer.From != bot("Mira") || answer.Room != "@ADA+bot:Mira" || !strings.Contains(file("script.txt"), answer.Text) {
			t.Errorf("the answer is %+v", answer)
		}
		if rooms := h.rooms(h.connect(ada)); rooms["@ADA+bot:Mira"].Seen != 2 {
			t.Errorf("who answered has not read: %+v", rooms["@ADA+bot:Mira"])
		}

		h.open(tab, "foyer")
		briotest.Do(t, tab, Say, Draft{"foyer", "Hello!", "1"})
		for {
			if m := briotest.Next(t, tab, Said); strings.Contains(m.Text, "Ada") {
				break
			}
		}
	})
}

// The script is text that one edits by hand.
func TestScript(t *testing.T) {
	if len(script) != 3 {
		t.Fatalf("%d parts, want 3", len(script))
	}
	for i, part := range script {
		for line := range strings.Lines(part) {
			name, text, ok := strings.Cut(strings.TrimSpace(line), ": ")
			if !ok || text == "" || !slices.Contains(cast, name) {
				t.Errorf("who says %q?", line)
			}
			if strings.Contains(text, "NAME") != (i == 1) {
				t.Errorf("in part %d: %s", i, text)
			}
		}
	}
}

// hall is a chat on a network in memory.
type hall struct {
	t    *testing.T
	site *site.Site
	chat *Chat
	net  *briotest.Site
}

func openHall(t *testing.T, config site.Config) hall {
	t.Helper()
	config.Unlimited = true
	s, err := site.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	c := New(s)
	t.Cleanup(c.Close)

	return hall{t, s, c, briotest.Serve(t, s.Server)}
}

// connect opens a tab of somebody, or of who only looks on.
func (h hall) connect(who site.Person) *briotest.Client {
	h.t.Helper()
	auth := map[string]string{}
	if who.ID != "" {
		pass, err := h.site.Passes.Make(who)
		if err != nil {
			h.t.Fatal(err)
		}
		auth["pass"] = pass
	}

	return h.net.Connect(h.t, "/chat", client.Config{Auth: auth})
}

func (h hall) open(tab *briotest.Client, room string) Page {
	h.t.Helper()

	return briotest.Do(h.t, tab, Open, Opening{Room: room})
}

// sees checks who is in a room, as its newest presence has it.
func (h hall) sees(tab *briotest.Client, room string, want ...string) {
	h.t.Helper()
	time.Sleep(time.Second)
	synctest.Wait()
	var last Presence
	for _, e := range tab.Events() {
		if e.Name == string(Present) {
			if err := e.Args.Scan(&last); err != nil {
				h.t.Fatal(err)
			}
		}
	}
	var names []string
	for _, p := range last.People {
		names = append(names, p.Name)
	}
	if diff := cmp.Diff(want, names); diff != "" || last.Room != room {
		h.t.Errorf("in %s, seen in %s (-want +got):\n%s", room, last.Room, diff)
	}
}

// rooms returns the newest list of rooms that a tab was sent, over what it was sent first.
func (h hall) rooms(tab *briotest.Client) map[string]Room {
	h.t.Helper()
	time.Sleep(time.Second)
	synctest.Wait()
	rooms := map[string]Room{}
	for _, e := range tab.Events() {
		var list []Room
		if e.Name != string(Welcome) && e.Name != string(Rooms) || e.Args.Scan(&list) != nil {
			continue
		}
		for _, r := range list {
			if r.Read == nil {
				r.Read = rooms[r.Name].Read
			}
			rooms[r.Name] = r
		}
	}

	return rooms
}

func (h hall) said(room string) int64 {
	h.t.Helper()
	rooms, err := listRooms.do(h.site.DB, "")
	if err != nil {
		h.t.Fatal(err)
	}

	return rooms[slices.IndexFunc(rooms, func(r Room) bool { return r.Name == room })].Last
}

// refused checks that a call is refused in words.
func (h hall) refused(tab *briotest.Client, call brio.Call[Opening, Page], o Opening) {
	h.t.Helper()
	if _, err := call.Do(h.t.Context(), tab, o); !refused(err) || strings.Contains(err.Error(), "internal") {
		h.t.Errorf("%s %+v: %v, want a refusal", call, o, err)
	}
}
