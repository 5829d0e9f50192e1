package brio_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/briohq/brio"
)

// hall is a namespace with three sockets: a in room red, b in red and blue, c
// in none.
type hall struct {
	ns      *brio.Namespace
	peers   map[string]*peer
	sockets map[string]*brio.Socket
}

func newHall(t *testing.T, w *site) *hall {
	h := &hall{ns: w.Of("/hall"), peers: map[string]*peer{}, sockets: map[string]*brio.Socket{}}
	h.ns.Use(func(_ context.Context, s *brio.Socket) error {
		var rooms []string
		if err := s.Handshake().ScanAuth(&struct{ Rooms *[]string }{&rooms}); err != nil {
			return err
		}
		s.Join(rooms...)
		return nil
	})
	for name, auth := range map[string]string{"a": `{"rooms":["red"]}`, "b": `{"rooms":["red","blue"]}`, "c": `{}`} {
		h.peers[name] = w.connect("/hall", auth)
		h.sockets[name] = h.ns.Socket(h.peers[name].id)
		if h.sockets[name] == nil {
			t.Fatal("no socket with the id that its client was told")
		}
	}
	return h
}

func TestTargetReaches(t *testing.T) {
	h := newHall(t, newSite(t, brio.Config{}))
	a, c := h.sockets["a"], h.sockets["c"]
	tests := []struct {
		name   string
		target brio.Target
		want   string
	}{
		{"one room", h.ns.To("red"), "ab"},
		{"In is To", h.ns.In("red"), "ab"},
		{"several rooms, each socket once", h.ns.To("red", "blue"), "ab"},
		{"rooms added", h.ns.To("blue").To(c.ID()), "bc"},
		{"In added", h.ns.In("blue").In(c.ID()), "bc"},
		{"no rooms, nobody", h.ns.To(), ""},
		{"an unknown room, nobody", h.ns.To("green"), ""},
		{"everyone", h.ns.Broadcast(), "abc"},
		{"everyone but a room", h.ns.Broadcast().Except("blue"), "ac"},
		{"a room but another", h.ns.To("red").Except("blue"), "a"},
		{"an own id is a room", h.ns.To(c.ID()), "c"},
		{"and can be excepted", h.ns.Broadcast().Except(c.ID()), "ab"},
		{"this node", h.ns.To("red").Local(), "ab"},
		{"a socket's room, without it", a.To("red"), "b"},
		{"a socket's In", a.In("red"), "b"},
		{"a socket's own id", a.To(a.ID()), ""},
		{"a socket to no rooms", a.To(), ""},
		{"from outside the room", c.To("red"), "ab"},
		{"a socket's broadcast", a.Broadcast(), "bc"},
		{"a socket's except", a.Except("blue"), "c"},
		{"a socket, volatile", a.Volatile(), "a"},
		{"volatile for clients that keep up", h.ns.Broadcast().Volatile(), "abc"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := test.target.Emit("hit", 1); err != nil {
				t.Fatal(err)
			}
			if err := h.ns.Emit("end"); err != nil {
				t.Fatal(err)
			}
			var got, listed []string
			for name, p := range h.peers {
				p.t = t
				if events := p.until("end"); len(events) > 0 {
					diff(t, "what "+name+" got", events, []string{`["hit",1]`})
					got = append(got, name)
				}
			}
			for s := range test.target.Sockets() {
				for name, known := range h.sockets {
					if s == known {
						listed = append(listed, name)
					}
				}
			}
			slices.Sort(got)
			slices.Sort(listed)
			diff(t, "reached", strings.Join(got, ""), test.want)
			diff(t, "Sockets", strings.Join(listed, ""), test.want)
		})
	}
}

// Targets made from one another must not share what they append to, and one may
// be used by many goroutines.
func TestTargetIsAValue(t *testing.T) {
	h := newHall(t, newSite(t, brio.Config{}))
	base := h.ns.To("red").To("x").To("y").Except("u").Except("v")
	blue, c := base.To("blue"), base.To(h.sockets["c"].ID())
	_ = base.Except(h.sockets["b"].ID())
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				_ = c.Emit("hit")
				_ = base.Volatile().Local().Except("red").To("z").Emit("miss")
				for range blue.Sockets() {
				}
			}
		})
	}
	group.Wait()
	if err := h.ns.Emit("end"); err != nil {
		t.Fatal(err)
	}
	want := slices.Repeat([]string{`["hit"]`}, 160)
	for name, p := range h.peers {
		diff(t, "what "+name+" got", p.until("end"), want)
	}
}

func TestTargetIsDecidedWhenUsed(t *testing.T) {
	h := newHall(t, newSite(t, brio.Config{}))
	target := h.ns.To("late")
	h.sockets["c"].Join("late")
	h.sockets["a"].Join("late")
	h.sockets["a"].Leave("late")
	if err := target.Emit("hit"); err != nil {
		t.Fatal(err)
	}
	h.peers["c"].expect(`2/hall,["hit"]`)
	if got := slices.Collect(target.Sockets()); len(got) != 1 || got[0] != h.sockets["c"] {
		t.Errorf("Sockets: got %v", got)
	}
	for range h.ns.Sockets() {
		break // may be left early
	}
}

func TestRoomsOfASocket(t *testing.T) {
	h := newHall(t, newSite(t, brio.Config{}))
	b := h.sockets["b"]
	b.Join("green", "red", b.ID())
	b.Leave("blue", "none", b.ID())
	rooms := b.Rooms()
	diff(t, "first room", rooms[0], b.ID())
	slices.Sort(rooms[1:])
	diff(t, "other rooms", rooms[1:], []string{"green", "red"})
}

func TestWhatCannotBeEncodedIsSentToNobody(t *testing.T) {
	h := newHall(t, newSite(t, brio.Config{}))
	a := h.sockets["a"]
	if h.ns.Emit("bad", make(chan int)) == nil || a.Emit("bad", func() {}) == nil {
		t.Error("a channel or a function has been encoded")
	}
	if _, err := a.Do(t.Context(), "bad", make(chan int)); err == nil {
		t.Error("Do has encoded a channel")
	}
	failed := false
	for _, err := range h.ns.Broadcast().All(t.Context(), "bad", make(chan int)) {
		failed = err != nil
	}
	if !failed {
		t.Error("All has encoded a channel")
	}
	if err := h.ns.Emit("end"); err != nil {
		t.Fatal(err)
	}
	diff(t, "got", h.peers["a"].until("end"), []string(nil))
}

// A client that has not read what was sent before gets no volatile event, and
// all others.
func TestVolatileIsDroppedForWhoCannotTakeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, brio.Config{})
		ns := w.Of("/")
		p := w.connect("/", "")
		for i := range 3 {
			if ns.Emit("kept", i) != nil || ns.Broadcast().Volatile().Emit("dropped", i) != nil {
				t.Error("not emitted")
			}
			synctest.Wait()
			if ns.Broadcast().Volatile().Emit("dropped", i) != nil || ns.Socket(p.id).Volatile().Emit("dropped", i) != nil {
				t.Error("not emitted")
			}
		}
		if err := ns.Emit("end"); err != nil {
			t.Fatal(err)
		}
		kept := 0
		for _, e := range p.until("end") {
			if strings.HasPrefix(e, `["kept"`) {
				kept++
			}
			if e == `["dropped",1]` || e == `["dropped",2]` {
				t.Error("not dropped: ", e)
			}
		}
		diff(t, "events kept", kept, 3)
		synctest.Wait()
		if err := ns.Broadcast().Volatile().Emit("again"); err != nil {
			t.Fatal(err)
		}
		p.expect(`2["again"]`)
	})
}
