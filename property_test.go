package brio_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/briohq/brio"
)

// Whatever clients and handlers do, in whichever order: the handlers of a socket
// run in order, one at a time, between its connect and its disconnect handler;
// every question has at most one answer; nobody hears of a namespace that it is
// not in; nobody waits for what will not come; and in the end nothing is left.
func TestServerKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rapid.SyncTest(t, func(t *rapid.T) {
			w := newHouse(t)
			defer w.close()
			w.begin()
			t.Repeat(map[string]func(*rapid.T){"step": w.step})
			if rapid.Bool().Draw(t, "goes on") {
				w.goesOn()
			}
			w.end()
		})
	})
}

// begin has some guests come and go in.
func (w *house) begin() {
	for range rapid.IntRange(1, 3).Draw(w.t, "guests") {
		w.arrive()
		for _, name := range names[:rapid.IntRange(0, len(names)).Draw(w.t, "namespaces")] {
			w.guests[len(w.guests)-1].enter(name, "")
		}
	}
	time.Sleep(2 * w.link.Latency)
	synctest.Wait()
}

// arrive has a guest come.
func (w *house) arrive() {
	g, err := newGuest(w.net, w.link)
	if err != nil {
		w.t.Fatal(err)
	}
	w.guests = append(w.guests, g)
}

// step has something happen, of what may.
func (w *house) step(t *rapid.T) {
	sockets := w.sockets()
	inside, outside, waiting := w.places((*guest).isInside), w.places((*guest).mayEnter), w.places((*guest).isWaiting)
	var possible []string
	actions := map[string]func(){}
	may := func(name string, is bool, do func()) {
		if is {
			possible = append(possible, name)
			actions[name] = do
		}
	}
	may("time passes", true, func() {
		time.Sleep(rapid.SampledFrom([]time.Duration{time.Millisecond, 100 * time.Millisecond, time.Second, 10 * time.Second}).Draw(t, "time"))
	})
	may("arrives", len(w.guests) < 5, w.arrive)
	may("enters", len(outside) > 0, func() { w.enters(w.one(outside)) })
	may("emits", len(inside) > 0, func() {
		w.emits(w.one(inside), "say", "slow", "fail", "panic", "reply", "call", "twice", "late")
	})
	may("emits more", len(inside) > 0, func() { w.emits(w.one(inside), "say", "slow", "reply", "call", "go", "close") })
	may("answers", len(inside) > 0, func() {
		p := w.one(inside)
		p.guest.answer(p.namespace, rapid.IntRange(0, 2).Draw(t, "times"))
	})
	may("leaves", len(inside) > 0, func() { p := w.one(inside); p.guest.leave(p.namespace) })
	may("comes back", len(inside) > 0, func() { p := w.one(inside); p.guest.leave(p.namespace); p.guest.enter(p.namespace, "") })
	may("gives up", len(waiting) > 0, func() {
		p := w.one(waiting)
		p.guest.mayBeThrownOut() // it may have been refused already
		p.guest.leave(p.namespace)
	})
	may("is told", len(sockets) > 0, func() { w.with(sockets, w.tell) })
	may("is asked", len(sockets) > 0, func() { w.with(sockets, func(s *brio.Socket) { w.ask(context.Background(), s) }) })
	may("is removed", len(sockets) > 0, func() { w.with(sockets, (*brio.Socket).Disconnect) })
	may("shouts", true, w.shout)
	may("asks all", true, func() { w.beside.Go(w.askAll(w.parent())) })
	may("ends", len(outside)+len(inside)+len(waiting) > 0, func() {
		p := w.one(slices.Concat(outside, inside, waiting))
		switch rapid.IntRange(0, 3).Draw(t, "how") {
		case 0, 1:
			p.guest.ends(rapid.Bool().Draw(t, "hard"))
		case 2:
			w.breaksIn(p.guest)
		case 3:
			for _, g := range w.guests {
				g.mayBeThrownOut() // whichever it is
			}
			w.with(sockets, (*brio.Socket).Close)
		}
	})
	actions[rapid.SampledFrom(possible).Draw(t, "action")]()
	if rapid.Bool().Draw(t, "settle") {
		synctest.Wait()
	}
	w.check()
}

// spot is a guest and a namespace.
type spot struct {
	guest     *guest
	namespace string
}

// places returns those for which something is true, of guests that are there.
func (w *house) places(is func(g *guest, namespace string) bool) (list []spot) {
	for _, g := range w.guests {
		for _, name := range names {
			if !g.isOver() && is(g, name) {
				list = append(list, spot{g, name})
			}
		}
	}
	return list
}

func (w *house) one(list []spot) spot {
	return list[rapid.IntRange(0, len(list)-1).Draw(w.t, "place")]
}

// sockets returns those of the server, the oldest first.
func (w *house) sockets() (list []*brio.Socket) {
	for _, name := range parents {
		list = slices.AppendSeq(list, w.server.Of(name).Sockets())
	}
	slices.SortFunc(list, func(a, b *brio.Socket) int { return w.record(a).order - w.record(b).order })
	return list
}

// with does something with a socket, beside the test.
func (w *house) with(sockets []*brio.Socket, do func(*brio.Socket)) {
	if len(sockets) > 0 {
		s := sockets[rapid.IntRange(0, len(sockets)-1).Draw(w.t, "socket")]
		w.beside.Go(func() { do(s) })
	}
}

// enters has a guest ask to be let in.
func (w *house) enters(p spot) {
	auths := []string{"", `{"wait":0}`, `{"wait":200000000}`, `{"refuse":true}`, `{"wait":200000000,"refuse":true}`}
	p.guest.enter(p.namespace, rapid.SampledFrom(auths).Draw(w.t, "auth"))
}

func (w *house) emits(p spot, events ...string) {
	ack := rapid.Bool().Draw(w.t, "ack")
	for range rapid.IntRange(1, 3).Draw(w.t, "events") {
		event := rapid.SampledFrom(events).Draw(w.t, "event")
		if event == "close" {
			p.guest.mayBeThrownOut()
		}
		p.guest.emit(p.namespace, event, ack)
	}
}

// breaksIn has a guest do what ends its connection.
func (w *house) breaksIn(g *guest) {
	g.mayBeThrownOut()
	g.ignore()
	illegal := [][]string{
		{`2/none,["say",1]`},
		{"0", "0"},
		{`4{"message":"x"}`},
		{`51-["say",{"_placeholder":true,"num":0}]`, "0"},
		{"nonsense"},
	}
	for _, packet := range rapid.SampledFrom(illegal).Draw(w.t, "packets") {
		g.say(packet)
	}
}

// parent draws a namespace, or that of all children.
func (w *house) parent() *brio.Namespace {
	return w.server.Of(rapid.SampledFrom(parents).Draw(w.t, "namespace"))
}

// shout sends the next number to all.
func (w *house) shout() {
	w.shouts++
	n := w.shouts
	ns := w.parent()
	target := ns.Broadcast()
	if rapid.Bool().Draw(w.t, "lobby") {
		target = ns.To("lobby")
	}
	if err := target.Emit("shout", "", n); err != nil {
		w.t.Fatal(err)
	}
}

// askAll returns what asks all sockets of a namespace.
func (w *house) askAll(ns *brio.Namespace) func() {
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		seen := map[string]bool{}
		for a, err := range ns.Broadcast().All(ctx, "ask", "", 7) {
			var n int
			if err == nil {
				if err := a.Value.Scan(&n); err != nil || n != 7 {
					w.blame("all are asked, and one answers %d, %v", n, err)
				}
			}
			if seen[a.Socket] {
				w.blame("%s answers twice", a.Socket)
			}
			seen[a.Socket] = true
		}
	}
}

// check checks what must be true at any time.
func (w *house) check() {
	w.t.Helper()
	for _, g := range w.guests {
		if err := w.checkGuest(g, false); err != nil {
			w.t.Fatal(err)
		}
	}
	w.mu.Lock()
	wrong := slices.Clone(w.wrong)
	w.mu.Unlock()
	if len(wrong) > 0 {
		w.t.Fatal(wrong)
	}
}

// checkGuest compares what a guest and the server have noted. If all is set,
// nothing may be missing of the places where the guest is inside.
func (w *house) checkGuest(g *guest, all bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case len(g.wrong) > 0:
		return fmt.Errorf("a guest heard %q", g.wrong)
	case g.thrownOut && !g.mayBe:
		return errors.New("a guest is thrown out that broke no rule")
	}
	for _, s := range g.all {
		if err := w.compare(s, all && s.state == inside && !g.over); err != nil {
			return fmt.Errorf("in %s: %w", s.namespace, err)
		}
	}
	return nil
}

func (w *house) compare(s *stay, all bool) error {
	r := w.rooms[s.sid]
	if r == nil {
		return nil
	}
	switch {
	case !counts(r.handled, s.said, all):
		return fmt.Errorf("the guest has said %d, handled were %v", s.said, r.handled)
	case !counts(s.told, len(r.told)+1, false) || all && len(s.told) != len(r.told): // one may be on its way already
		return fmt.Errorf("the server told %v, heard were %v", r.told, s.told)
	case !slices.IsSorted(s.shouted) || len(slices.Compact(slices.Clone(s.shouted))) < len(s.shouted):
		return fmt.Errorf("shouts were heard in the order %v", s.shouted)
	case s.state == removed && r.reason != "" && r.reason != brio.ServerNamespaceDisconnect:
		return fmt.Errorf("the guest was disconnected by the server, for %s", r.reason)
	case all && len(s.asked) > 0:
		return fmt.Errorf("not acknowledged: %v", s.asked)
	}
	return nil
}

// counts reports whether list is 1, 2, … up to n, or all to n.
func counts(list []int, n int, all bool) bool {
	for i, got := range list {
		if got != i+1 {
			return false
		}
	}
	return len(list) == n || !all && len(list) < n
}

// goesOn checks that what is alive is so: guests get in, and hear, and are
// heard.
func (w *house) goesOn() {
	for _, g := range w.guests {
		for _, name := range names {
			if g.state(name) == "" {
				g.enter(name, "")
			}
		}
	}
	time.Sleep(5 * time.Minute) // whatever handlers wait for is over
	w.beside.Wait()
	synctest.Wait()
	w.check()
	for _, g := range w.guests {
		if g.isOver() && !g.hasEnded() {
			w.t.Fatal("a guest that breaks the rules is not thrown out")
		}
		for _, name := range names {
			switch {
			case g.isOver():
			case g.state(name) == waits:
				w.t.Fatalf("a CONNECT to %s has no answer", name)
			case g.state(name) == inside:
				g.emit(name, "reply", true)
			}
		}
	}
	time.Sleep(2 * time.Second)
	synctest.Wait()
	for _, g := range w.guests {
		if err := w.checkGuest(g, true); err != nil {
			w.t.Fatal(err)
		}
	}
	for _, name := range parents {
		for s := range w.server.Of(name).Sockets() {
			if n := s.PendingAcks() + s.Backlog(); n != 0 {
				w.t.Fatalf("socket %s still waits for something", s.ID())
			}
		}
	}
}

// end ends everything, and checks that it has.
func (w *house) end() {
	if rapid.Bool().Draw(w.t, "guests go first") {
		for _, g := range w.guests {
			g.ends(rapid.Bool().Draw(w.t, "hard"))
		}
		time.Sleep(2 * time.Minute) // more than heartbeats and idle namespaces take
		synctest.Wait()
		w.gone(2)
	}
	for _, g := range w.guests {
		g.mayBeThrownOut()
	}
	w.shutdown()
	w.beside.Wait()
	synctest.Wait()
	w.gone(-1)
	time.Sleep(10 * time.Second)
	synctest.Wait()
	if n := w.net.Open(); n > 0 {
		w.t.Fatalf("%d connections are open", n)
	}
	w.check()
	w.mu.Lock()
	rooms := maps.Clone(w.rooms)
	w.mu.Unlock()
	for id, r := range rooms {
		if r.begun && r.ended != 1 || r.running || r.socket.Context().Err() == nil {
			w.t.Fatalf("socket %s is left: %+v", id, r)
		}
	}
}

// gone checks that nothing is left, but namespaces unless there may be any
// number.
func (w *house) gone(namespaces int) {
	stats := w.server.Stats()
	if stats.Connections != 0 || stats.Sockets != 0 || namespaces >= 0 && stats.Namespaces != namespaces {
		w.t.Fatalf("left: %+v", stats)
	}
}

func (w *house) shutdown() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.server.Shutdown(ctx); err != nil {
		w.t.Fatalf("shutdown: %v", err)
	}
}

// close ends what still runs.
func (w *house) close() {
	for _, g := range w.guests {
		g.ends(true)
	}
	_ = w.http.Close()
	<-w.served
	w.shutdown()
	w.beside.Wait()
}
