package adaptertest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"go.uber.org/goleak"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/adapter/adaptertest"
	"github.com/briohq/brio/protocol"
)

// Whatever a test started must have ended with it.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBus(t *testing.T) {
	for _, nodes := range []int{1, 2, 5} {
		t.Run(fmt.Sprint(nodes), func(t *testing.T) {
			adaptertest.Run(t, nodes, func(*testing.T) adaptertest.Cluster {
				var bus adaptertest.Bus
				var c adaptertest.Cluster
				for i := range nodes {
					c.Nodes = append(c.Nodes, bus.Node(fmt.Sprint(i)))
				}
				c.Kill = func(node int) { bus.Kill(fmt.Sprint(node)) }
				return c
			})
		})
	}
}

func TestMemory(t *testing.T) {
	adaptertest.Run(t, 1, func(*testing.T) adaptertest.Cluster {
		return adaptertest.Cluster{Nodes: []adapter.New{adapter.Memory}}
	})
}

// mute sockets never reply to the end.
type mute struct {
	asked chan struct{}
}

func (mute) Deliver(*protocol.Packet, adapter.Options) {}
func (mute) Do(adapter.Request)                        {}
func (m mute) Answer(ctx context.Context, r adapter.Request) iter.Seq2[adapter.Reply, error] {
	return func(yield func(adapter.Reply, error) bool) {
		switch r.Op {
		case adapter.Rooms:
			yield(adapter.Reply{}, errors.New("no rooms"))
			return
		case adapter.Call:
			if !yield(adapter.Reply{Asked: []string{"x"}}, nil) {
				return
			}
		}
		m.asked <- struct{}{}
		<-ctx.Done()
		if r.Op != adapter.Call {
			yield(adapter.Reply{}, context.Cause(ctx))
		}
	}
}

// pair returns the adapter of a node, and that of another, which is asked.
func pair(t *testing.T, bus *adaptertest.Bus, other mute) (here, there adapter.Adapter) {
	here, err := bus.Node("here")("/", mute{make(chan struct{}, 1)})
	if err != nil {
		t.Fatal(err)
	}
	there, err = bus.Node("there")("/", other)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = here.Close()
		_ = there.Close()
	})
	return here, there
}

// A node that leaves while it is asked is missing, with the sockets whose answers
// are awaited.
func TestBusNodeClosesWhileItIsAsked(t *testing.T) {
	for _, op := range []adapter.Op{adapter.Emit, adapter.Call} {
		var bus adaptertest.Bus
		other := mute{make(chan struct{}, 1)}
		here, there := pair(t, &bus, other)
		ctx, cancel := context.WithCancel(t.Context())
		closed := make(chan error, 1)
		go func() {
			<-other.asked
			closed <- there.Close()
			cancel() // for the sockets of this node
		}()
		var missing *adapter.MissingError
		for _, err := range here.Ask(ctx, adapter.Request{Op: op}) {
			errors.As(err, &missing)
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if missing == nil || len(missing.Nodes) != 1 || missing.Nodes[0] != "there" || !errors.Is(missing, adaptertest.ErrClosed) {
			t.Errorf("%s: %v", op, missing)
		}
	}
}

func TestBusCarriesErrors(t *testing.T) {
	var bus adaptertest.Bus
	here, _ := pair(t, &bus, mute{make(chan struct{}, 1)})
	failed := map[string]error{}
	for reply, err := range here.Ask(t.Context(), adapter.Request{Op: adapter.Rooms}) {
		failed[reply.Node] = err
	}
	if len(failed) != 2 || failed["there"] == nil || failed["there"].Error() != "no rooms" {
		t.Errorf("%v", failed)
	}
}

func TestBusForgetsTheDead(t *testing.T) {
	var bus adaptertest.Bus
	here, there := pair(t, &bus, mute{make(chan struct{}, 1)})
	bus.Kill("there")
	bus.Forget("there")
	for range here.Ask(t.Context(), adapter.Request{Op: adapter.Emit}) {
		t.Error("somebody replies")
	}
	if err := there.Tell(adapter.Request{Op: adapter.Emit}); err != nil {
		t.Error(err)
	}
}

func TestMissingErrorNamesNodes(t *testing.T) {
	e := &adapter.MissingError{Nodes: []string{"a", ""}, Err: context.Canceled}
	if got, want := e.Error(), "no answer from node a, (unknown): context canceled"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(e, context.Canceled) {
		t.Error("does not say why")
	}
}
