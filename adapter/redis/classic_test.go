package redis

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/adapter/adaptertest"
	"github.com/briohq/brio/adapter/cluster"
	"github.com/briohq/brio/internal/brokers"
	"github.com/briohq/brio/protocol"
)

var quick = cluster.Config{HeartbeatInterval: 200 * time.Millisecond, HeartbeatTimeout: time.Minute}

func TestClassic(t *testing.T) {
	r := brokers.StartRedis(t)
	adaptertest.Run(t, 3, func(t *testing.T) adaptertest.Cluster {
		config := Config{Key: "test " + t.Name(), Cluster: quick}
		return adaptertest.Cluster{Nodes: []adapter.New{New(connect(t, r.Address), config), New(connect(t, r.Address), config), New(connect(t, r.Address), config)}}
	})
}

// In a Redis Cluster what is published reaches all of its nodes, and each knows only
// who is connected to it.
func TestClassicCluster(t *testing.T) {
	addresses := brokers.StartRedisCluster(t)
	adaptertest.Run(t, 3, func(t *testing.T) adaptertest.Cluster {
		config := Config{Key: "test " + t.Name(), Cluster: quick}
		return adaptertest.Cluster{Nodes: []adapter.New{New(connect(t, addresses...), config), New(connect(t, addresses...), config), New(connect(t, addresses...), config)}}
	})
}

// noted are sockets that note what is delivered to them.
type noted struct {
	mu  sync.Mutex // guards got
	got []string
}

func (n *noted) Deliver(p *protocol.Packet, _ adapter.Options) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.got = append(n.got, string(p.Data))
}

func (n *noted) Do(adapter.Request) {}

func (n *noted) Answer(context.Context, adapter.Request) iter.Seq2[adapter.Reply, error] {
	return func(func(adapter.Reply, error) bool) {}
}

func (n *noted) has(data string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, one := range n.got {
		if one == data {
			return true
		}
	}
	return false
}

// eventually waits until something holds, which it tries again and again.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("never: ", what)
		}
	}
}

var everyone = adapter.Options{Everyone: true}

func event(name string) *protocol.Packet {
	return &protocol.Packet{Type: protocol.Event, Namespace: "/x", Data: []byte(`["` + name + `"]`)}
}

func TestOutage(t *testing.T) {
	r := brokers.StartRedis(t)
	config := Config{Cluster: quick}
	adaptertest.Outage(t, [2]adapter.New{New(connect(t, r.Address), config), New(connect(t, r.Address), config)}, r.Kill, func() { r.Start(t) })
}

// What can't be reached is refused at the start, with what to look at.
func TestUnreachable(t *testing.T) {
	r := brokers.StartRedis(t)
	c := connect(t, r.Address)
	r.Kill()
	_, err := New(c, Config{Cluster: cluster.Config{JoinTimeout: 300 * time.Millisecond}})("/x", &noted{})
	if err == nil || !strings.Contains(err.Error(), "check the address") {
		t.Errorf("the error is %v", err)
	}
}

// More than may wait is refused, and what waited has been sent.
func TestBacklog(t *testing.T) {
	r := brokers.StartRedis(t)
	there := &noted{}
	one, err := New(connect(t, r.Address), Config{Cluster: quick, MaxPending: 100_000})("/x", &noted{})
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	two, err := New(connect(t, r.Address), Config{Cluster: quick})("/x", there)
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	big := event(strings.Repeat("x", 60_000))
	refused := false
	for range 1000 {
		if err := one.Broadcast(big, everyone); errors.Is(err, ErrBacklog) {
			refused = true
			break
		}
	}
	if !refused {
		t.Error("nothing was refused")
	}
	eventually(t, "there is room again", func() bool { return one.Broadcast(event("after"), everyone) == nil })
	eventually(t, "it arrives", func() bool { return there.has(`["after"]`) && there.has(string(big.Data)) })
}

// Names of channels that look like patterns are not taken for them, and "/" does not
// hear what is for a namespace whose channel looks like one of its rooms.
func TestGlob(t *testing.T) {
	r := brokers.StartRedis(t)
	all := map[string]*noted{"/": {}, "/*": {}, "/a": {}, "/[a]": {}, "/#a": {}}
	nodes := map[string]adapter.Adapter{}
	for name, n := range all {
		for i, s := range []*noted{n, {}} {
			a, err := New(connect(t, r.Address), Config{Cluster: quick})(name, s)
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			if i == 1 {
				nodes[name] = a
			}
		}
	}
	for name, a := range nodes {
		p := &protocol.Packet{Type: protocol.Event, Namespace: name, Data: []byte(`["` + name + `"]`)}
		if err := a.Broadcast(p, everyone); err != nil {
			t.Error(err)
		}
		if err := a.Broadcast(p, adapter.Options{Rooms: []string{"r"}}); err != nil {
			t.Error(err)
		}
	}
	for name, n := range all {
		eventually(t, name+" hears", func() bool {
			n.mu.Lock()
			defer n.mu.Unlock()
			return len(n.got) >= 2
		})
		n.mu.Lock()
		for _, one := range n.got {
			if one != `["`+name+`"]` {
				t.Errorf("%s hears %s", name, one)
			}
		}
		n.mu.Unlock()
	}
}
