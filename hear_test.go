package brio_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/briohq/brio"
)

// heard is what OnAnyOutgoing has heard of.
type heard struct{ events chan string }

func hearing(ns *brio.Namespace) *heard {
	h := &heard{make(chan string, 100)}
	ns.OnAnyOutgoing(func(s *brio.Socket, event string, args brio.Args) {
		h.events <- fmt.Sprintf("%s %s %s %q", s.ID(), event, args.Raw(0), args.Attachments())
	})
	return h
}

// take returns what has been heard since.
func (h *heard) take() []string {
	var list []string
	for len(h.events) > 0 {
		list = append(list, <-h.events)
	}
	slices.Sort(list)
	return list
}

func TestOutgoingEventsAreHeard(t *testing.T) {
	c := newCrew(t)
	h := hearing(c.ns[0])
	one, two := c.sockets[0][0], c.sockets[0][1]
	both := func(text string) []string {
		list := []string{one.ID() + " " + text, two.ID() + " " + text}
		slices.Sort(list)
		return list
	}
	picture := []byte("p")
	tests := []struct {
		name string
		emit func() error
		want []string
	}{
		{"an event to a socket", func() error { return one.Emit("one", 1) }, []string{one.ID() + " one 1 []"}},
		{"a volatile one", func() error { return one.Volatile().Emit("one", 1) }, []string{one.ID() + " one 1 []"}},
		{"with an attachment", func() error { return one.Emit("pic", picture) }, []string{one.ID() + ` pic {"_placeholder":true,"num":0} ["p"]`}},
		{"a broadcast", func() error { return c.ns[0].Emit("all", "x") }, both(`all "x" []`)},
		{"a broadcast of another node", func() error { return c.ns[1].Emit("all", "x") }, both(`all "x" []`)},
		{"a broadcast without its sender", func() error { return one.Broadcast().Emit("others") }, []string{two.ID() + " others  []"}},
		{"to nobody here", func() error { return c.ns[0].To("blue").Emit("blue") }, nil},
		{"what can't be encoded", func() error { _ = one.Emit("bad", make(chan int)); return nil }, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := test.emit(); err != nil {
				t.Fatal(err)
			}
			diff(t, "heard", h.take(), test.want)
		})
	}
}

func TestQuestionsAreHeardAcknowledgementsAreNot(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	h := hearing(ns)
	ns.On("ping", func(_ context.Context, _ *brio.Socket, args brio.Args) error { return args.Ack("pong") })
	p := w.connect("/", "")
	p.call(`"ping"`)
	p.answerOne("1")
	if _, err := ns.Socket(p.id).Do(t.Context(), "do?", 1); err != nil {
		t.Fatal(err)
	}
	p.group.Wait()
	p.answerOne("1")
	for _, err := range ns.Broadcast().All(t.Context(), "all?") {
		if err != nil {
			t.Error(err)
		}
	}
	diff(t, "heard", h.take(), []string{p.id + " all?  []", p.id + " do? 1 []"})
	s := ns.Socket(p.id)
	p.leave()
	<-s.Context().Done()
	_ = s.Emit("late")
	diff(t, "heard", h.take(), []string(nil))
}

// Before an event reaches its client it has been heard of, in order; children
// have the listeners of their parent, and one that panics is no harm to others.
func TestOutgoingEventsAreHeardFirst(t *testing.T) {
	w := newSite(t, brio.Config{})
	parent := w.Of("/org-{id}")
	parent.OnAnyOutgoing(func(*brio.Socket, string, brio.Args) { panic("listener") })
	var names []string // of the one goroutine that emits
	parent.OnAnyOutgoing(func(s *brio.Socket, event string, _ brio.Args) { names = append(names, s.PathValue("id")+event) })
	p := w.connect("/org-1", "")
	for i := range 10 {
		to := brio.Emitter(parent)
		if i%2 == 0 {
			to = parent.Socket(p.id)
		}
		if err := to.Emit(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
		p.expect(fmt.Sprintf(`2/org-1,["%d"]`, i))
		diff(t, "heard", names[len(names)-1], fmt.Sprintf("1%d", i))
	}
	diff(t, "events", len(names), 10)
	diff(t, "panics counted", w.Stats().Panics, int64(10))
}

// What a listener keeps is not what the emitter goes on with.
func TestWhatIsHeardMayBeKept(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	var kept []brio.Args
	ns.OnAnyOutgoing(func(_ *brio.Socket, _ string, args brio.Args) { kept = append(kept, args) })
	p := w.connect("/", "")
	picture := []byte("p")
	if ns.Emit("pic", picture) != nil || ns.Socket(p.id).Emit("pic", picture) != nil {
		t.Fatal("not emitted")
	}
	picture[0] = 'q'
	for range 10 {
		ns.Socket(p.id).Emit("another", "which may use the same buffer")
	}
	for _, args := range kept[:2] {
		diff(t, "attachment", string(args.Attachments()[0]), "p")
		diff(t, "argument", string(args.Raw(0)), `{"_placeholder":true,"num":0}`)
	}
}

// Nobody pays for listeners that are not there.
func TestEmittingAllocatesNothingForListeners(t *testing.T) {
	server := brio.NewServer(brio.Config{})
	defer server.Shutdown(t.Context())
	ns := server.Of("/")
	if n, limit := testing.AllocsPerRun(100, func() { _ = ns.Emit("x", 1) }), 4.0; n > limit { // its arguments and its packet
		t.Errorf("%v allocations, want at most %v", n, limit)
	}
}
