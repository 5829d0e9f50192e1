package brio_test

import (
	"maps"
	"sync"
	"testing"

	"github.com/briohq/brio"
	"github.com/briohq/brio/adapter"
)

// keeper is the adapter of a node that is alone, and knows which rooms there are.
type keeper struct {
	mu       sync.Mutex // guards what follows
	interest adapter.Interest
	watched  bool
	changed  []string
}

func (w *keeper) new(name string, sockets adapter.Sockets) (adapter.Adapter, error) {
	if name == "/" {
		w.interest = sockets.(adapter.Interest)
		w.watched = w.interest.Watch(func(room string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.changed = append(w.changed, room)
		})
	}
	return adapter.Memory(name, sockets)
}

// rooms returns those of which it has heard and that there are.
func (w *keeper) rooms() map[string]bool {
	w.mu.Lock()
	list := w.changed
	w.mu.Unlock()
	rooms := map[string]bool{}
	for _, room := range list {
		if w.interest.Has(room) {
			rooms[room] = true
		}
	}
	return rooms
}

// An adapter can know which rooms matter: those of which a socket is there.
func TestInterest(t *testing.T) {
	var w keeper
	server := newSite(t, brio.Config{Adapter: w.new})
	ns := server.Of("/")
	if !w.watched {
		t.Fatal("not told")
	}
	p, q := server.connect("/", ""), server.connect("/", "")
	id, other := p.id, q.id
	want := func(what string, rooms ...string) {
		t.Helper()
		set := map[string]bool{}
		for _, room := range rooms {
			set[room] = true
		}
		eventually(t, what, func() bool { return maps.Equal(w.rooms(), set) })
	}
	want("their own", id, other)
	ns.Socket(id).Join("a", "b")
	ns.Socket(other).Join("b", "c")
	want("those they have joined", id, other, "a", "b", "c")
	ns.Socket(id).Leave("a", "b")
	_ = ns.To("c").LeaveRooms("c")
	want("those they have not left", id, other, "b")
	p.close()
	want("those of the other", other, "b")
	q.close()
	want("none")
}

// Who is away needs what is sent to its rooms, too.
func TestInterestOfRecovery(t *testing.T) {
	var w keeper
	newSite(t, brio.Config{Adapter: w.new, Recovery: &brio.Recovery{}})
	if w.watched {
		t.Error("told, though everything matters")
	}
}
