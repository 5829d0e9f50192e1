package brio_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/briohq/brio"
)

// locked can be kept with a socket, but not encoded.
type locked struct{}

func (locked) MarshalJSON() ([]byte, error) { return nil, errTest }

// broken panics instead.
type broken struct{}

func (broken) MarshalJSON() ([]byte, error) { panic("broken") }

func TestPeersAreDescribed(t *testing.T) {
	type profile struct {
		Name string   `json:"name"`
		Tags []string `json:"tags"`
	}
	const (
		Profile brio.Key[profile] = "profile"
		Visits  brio.Key[int]     = "visits"
	)
	c := newCrew(t)
	for i, pair := range c.sockets {
		Profile.Set(pair[1], profile{fmt.Sprint("p", i), []string{"a", "ü"}})
		Visits.Set(pair[1], i)
		brio.Key[locked]("locked").Set(pair[1], locked{})
		brio.Key[broken]("broken").Set(pair[1], broken{})
		brio.Key[float64]("nan").Set(pair[1], math.NaN())
		brio.Key[func()]("func").Set(pair[1], func() {})
	}
	seen := map[string]brio.Peer{}
	for p, err := range c.ns[0].Broadcast().Peers(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		seen[p.ID] = p
	}
	diff(t, "peers", len(seen), 6)
	for i, pair := range c.sockets {
		s, p := pair[1], seen[pair[1].ID()]
		diff(t, "namespace", p.Namespace, "/crew")
		diff(t, "rooms", p.Rooms, s.Rooms())
		diff(t, "keys", len(p.Data), 2)
		diff(t, "data", Profile.Of(p), profile{fmt.Sprint("p", i), []string{"a", "ü"}})
		diff(t, "data", Visits.Of(p), i)
		diff(t, "data of the wrong type", brio.Key[string]("profile").Of(p), "")
		diff(t, "data that is not there", brio.Key[[]int]("none").Of(p), []int(nil))
		h, want := p.Handshake, s.Handshake()
		diff(t, "auth", string(h.Auth), string(want.Auth))
		diff(t, "address", h.Address, want.Address)
		diff(t, "URL", h.URL.String(), "/socket.io/?EIO=4&transport=websocket")
		diff(t, "query", h.URL.Query().Get("EIO"), "4")
		diff(t, "headers", h.Header, want.Header)
		if h.Secure || !h.Time.Equal(want.Time) {
			t.Errorf("handshake: %v, want %v", h, want)
		}
		diff(t, "rooms of the other", len(seen[pair[0].ID()].Rooms), 2)
	}
	if n := c.sites[2].Stats().Panics; n != 1 {
		t.Errorf("panics counted: %d", n)
	}
}

func TestPeerIsATarget(t *testing.T) {
	c := newCrew(t)
	for p, err := range c.ns[0].To("blue").Peers(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		to := p.Target()
		if err := errors.Join(to.Emit("hit"), to.JoinRooms("x"), to.LeaveRooms("blue"), to.Disconnect()); err != nil {
			t.Fatal(err)
		}
	}
	c.peers[1][1].expect(`2/crew,["hit"]`, "1/crew,")
	rooms, err := c.ns[0].Rooms(t.Context())
	if err != nil || rooms["blue"] != 0 {
		t.Errorf("%v, %v", rooms, err)
	}
	for range c.ns[0].Broadcast().Peers(t.Context()) {
		break // may be left early
	}
}

// A reply with many peers comes in parts.
func TestPeersOfALargeRoom(t *testing.T) {
	c := newNodes(t, 2, brio.Config{})
	c.each(func(w *site) { w.Of("/") })
	want := map[string]bool{}
	for range 120 {
		want[c.sites[1].connect("/", "").id] = true
	}
	got := map[string]bool{}
	for p, err := range c.sites[0].Of("/").Broadcast().Peers(t.Context()) {
		if err != nil || got[p.ID] {
			t.Fatal(p.ID, err)
		}
		got[p.ID] = true
	}
	diff(t, "peers", got, want)
}

// A parent asks its children on all nodes; a peer knows whose it is.
func TestParentBringsEverythingToItsChildren(t *testing.T) {
	c := newNodes(t, 2, brio.Config{})
	c.each(func(w *site) { w.Of("/org-{id}") })
	peers := map[string]*peer{} // by namespace and node
	for _, name := range []string{"/org-1", "/org-2"} {
		for i, w := range c.sites {
			p := w.connect(name, "")
			peers[fmt.Sprint(name, " ", i)] = p
			w.Of("/org-{id}").Socket(p.id).Join("room", name)
		}
	}
	parent := c.sites[0].Of("/org-{id}")
	rooms, err := parent.Rooms(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	diff(t, "rooms", rooms, map[string]int{"room": 4, "/org-1": 2, "/org-2": 2})
	if n, err := parent.To("/org-1").Count(t.Context()); n != 2 || err != nil {
		t.Errorf("Count: %d, %v", n, err)
	}
	if err := parent.To("/org-2").JoinRooms("new"); err != nil {
		t.Fatal(err)
	}
	var names []string
	for p, err := range parent.To("new").Peers(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, p.Namespace)
		if err := p.Target().Emit("hit", p.Namespace); err != nil {
			t.Fatal(err)
		}
	}
	diff(t, "namespaces of peers", names, []string{"/org-2", "/org-2"})
	for i := range 2 {
		peers[fmt.Sprint("/org-2 ", i)].expect(`2/org-2,["hit","/org-2"]`)
	}

	for name, p := range peers {
		p.answerOne(`"` + name + `"`)
	}
	var answers []string
	for a, err := range brio.Call[brio.None, string]("who").All(t.Context(), parent.To("room"), brio.None{}) {
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a.Value)
	}
	slices.Sort(answers)
	diff(t, "answers", answers, []string{"/org-1 0", "/org-1 1", "/org-2 0", "/org-2 1"})

	if err := parent.To("/org-1").Disconnect(); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		peers[fmt.Sprint("/org-1 ", i)].expect("1/org-1,")
	}
	c.bus.Kill("n1")
	if err := parent.Broadcast().Emit("on"); err != nil {
		t.Fatal(err)
	}
	peers["/org-2 0"].expect(`2/org-2,["on"]`)
}
