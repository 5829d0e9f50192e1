package adaptertest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/protocol"
)

// Outage tests what two nodes do while their broker is gone, again and again: each goes
// on for its own sockets and says that others don't hear it; and when the broker is back
// they hear each other again, by themselves.
func Outage(t *testing.T, nodes [2]adapter.New, kill, start func()) {
	var all [2]*node
	for i, open := range nodes {
		n := newNode(i)
		var err error
		if n.Adapter, err = open(namespace, n); err != nil {
			t.Fatal("no adapter: ", err)
		}
		defer func() { _ = n.Close() }()
		all[i] = n
	}
	here, there := all[0], all[1]
	say := func(n *node, name string) error {
		return n.Broadcast(&protocol.Packet{Type: protocol.Event, Namespace: namespace, Data: []byte(`["` + name + `"]`)}, everyone)
	}
	within := func(what string, holds func() bool) {
		t.Helper()
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		late := time.After(3 * patience) // a broker may take its time to come back
		for !holds() {
			select {
			case <-tick.C:
			case <-late:
				t.Fatal("never: ", what)
			}
		}
	}
	within("they hear each other", func() bool {
		return say(here, "begun") == nil && there.heard("begun")
	})
	for i := range 2 {
		lost, back := fmt.Sprint("lost", i), fmt.Sprint("back", i)
		kill()
		within("it is said that others don't hear", func() bool { return say(here, lost) != nil })
		if !here.heard(lost) {
			t.Error("an event is not delivered to the sockets of the node itself")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		for _, err := range here.Ask(ctx, adapter.Request{Op: adapter.Count, Options: everyone}) {
			_ = err // that it ends is enough
		}
		cancel()
		start()
		within("they hear each other again", func() bool {
			_, _ = say(here, back), say(there, back)
			return here.heard(back) && there.heard(back)
		})
		within("nothing is said to be lost any more", func() bool { return say(here, back) == nil && say(there, back) == nil })
		within("they know each other again", func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			sum := 0
			for reply, err := range here.Ask(ctx, adapter.Request{Op: adapter.Count, Options: everyone}) {
				if err != nil {
					return false
				}
				sum += reply.Count
			}
			return sum == 4
		})
	}
}

// heard reports whether an event of that name has come to the node's sockets from
// another one.
func (n *node) heard(name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.ContainsFunc(n.sockets[0].got, func(one string) bool {
		return one == text(&protocol.Packet{Namespace: namespace, Data: []byte(`["` + name + `"]`)})+how(everyone)
	})
}
