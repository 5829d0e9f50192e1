package brio_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio"
	"github.com/briohq/brio/adapter"
)

// patternCluster makes adapters of one node that keep account of what is made
// of them, and fails the test if two of a name are open at once or if one that is
// closed is used.
type patternCluster struct {
	t       *testing.T
	closing time.Duration // how long it takes

	mu     sync.Mutex // guards what follows
	log    []string
	open   map[string]bool
	broken error
}

func (c *patternCluster) new(name string, sockets adapter.Sockets) (adapter.Adapter, error) {
	if name == "/" {
		return adapter.Memory(name, sockets) // is always there
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil {
		return nil, c.broken
	}
	if c.open[name] {
		c.t.Errorf("two adapters of %s are open", name)
	}
	if c.open == nil {
		c.open = map[string]bool{}
	}
	c.open[name] = true
	c.log = append(c.log, "open "+name)
	alone, err := adapter.Memory(name, sockets)
	return &patternNode{alone, c, name, false}, err
}

func (c *patternCluster) events() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	log := c.log
	c.log = nil
	return log
}

func (c *patternCluster) wantEvents(want ...string) {
	c.t.Helper()
	if diff := cmp.Diff(want, c.events()); diff != "" {
		c.t.Error(diff)
	}
}

type patternNode struct {
	adapter.Adapter
	cluster *patternCluster
	name    string
	closed  bool
}

func (n *patternNode) Close() error {
	if n.cluster.closing > 0 {
		time.Sleep(n.cluster.closing)
	}
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	if n.closed {
		n.cluster.t.Errorf("adapter of %s is closed twice", n.name)
	}
	n.closed = true
	n.cluster.open[n.name] = false
	n.cluster.log = append(n.cluster.log, "close "+n.name)
	return nil
}

func TestIdleNamespaceIsCollected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &patternCluster{t: t}
		server, dial := patternServe(t, brio.Config{Adapter: cluster.new})
		orgs := server.Of("/org-{id}")
		one, two := dial(), dial()
		one.join("/org-1")
		two.join("/org-1")
		child := func() *brio.Namespace {
			for s := range orgs.Sockets() {
				return s.Namespace()
			}
			return nil
		}()
		one.leave("/org-1")
		time.Sleep(2 * time.Minute)
		cluster.wantEvents("open /org-1") // the other is there

		two.leave("/org-1")
		time.Sleep(59 * time.Second)
		two.join("/org-1") // in time
		time.Sleep(2 * time.Minute)
		cluster.wantEvents()
		if n := server.Stats().Namespaces - 1; n != 1 {
			t.Errorf("there are %d namespaces, want 1", n)
		}

		two.close()
		time.Sleep(59 * time.Second)
		cluster.wantEvents()
		time.Sleep(2 * time.Second)
		cluster.wantEvents("close /org-1")
		if n := server.Stats().Namespaces - 1; n != 0 {
			t.Errorf("there are %d namespaces, want 0", n)
		}
		if err := child.Emit("late"); err != nil {
			t.Error("emitting to a namespace that has been collected:", err)
		}

		three := dial()
		three.join("/org-1")
		cluster.wantEvents("open /org-1")
		if err := orgs.Emit("hello"); err != nil {
			t.Fatal(err)
		}
		three.want(`2/org-1,["hello"]`)
	})
}

func TestIdleNamespaceIsKeptForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &patternCluster{t: t}
		server, dial := patternServe(t, brio.Config{Adapter: cluster.new, NamespaceIdle: -1})
		server.Of("/org-{id}")
		c := dial()
		c.join("/org-1")
		c.close()
		time.Sleep(24 * time.Hour)
		cluster.wantEvents("open /org-1")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Fatal(err)
		}
		cluster.wantEvents("close /org-1")
	})
}

func TestChildThatTheServerAsksFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &patternCluster{t: t}
		server, _ := patternServe(t, brio.Config{Adapter: cluster.new})
		orgs := server.Of("/org-{id}")
		one, err := orgs.Child("/org-1")
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := orgs.Child("/org-1"); again != one || one.PathValue("id") != "1" {
			t.Errorf("asked again, it is %v with id %s", again, again.PathValue("id"))
		}
		cluster.wantEvents("open /org-1")
		time.Sleep(61 * time.Second)
		cluster.wantEvents("close /org-1")

		cluster.mu.Lock()
		cluster.broken = errors.New("no cluster")
		cluster.mu.Unlock()
		if _, err := orgs.Child("/org-1"); !errors.Is(err, cluster.broken) {
			t.Errorf("without a cluster: %v", err)
		}
	})
}

func TestRefusedClientLeavesNoNamespace(t *testing.T) {
	for _, idle := range []time.Duration{0, -1} {
		t.Run(fmt.Sprint(idle), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cluster := &patternCluster{t: t}
				server, dial := patternServe(t, brio.Config{Adapter: cluster.new, NamespaceIdle: idle})
				server.Of("/org-{id}").Use(func(context.Context, *brio.Socket) error { return brio.Errorf("no") })
				c := dial()
				c.wantRefused("/org-1", "no")
				synctest.Wait()
				cluster.wantEvents("open /org-1", "close /org-1")
				if n := server.Stats().Namespaces - 1; n != 0 {
					t.Errorf("there are %d namespaces, want 0", n)
				}
			})
		})
	}
}

func TestNamespaceWithoutAdapterRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &patternCluster{t: t, broken: errors.New("no cluster")}
		server, dial := patternServe(t, brio.Config{Adapter: cluster.new})
		server.Of("/org-{id}")
		c := dial()
		c.wantRefused("/org-1", "internal error")
		synctest.Wait()
		cluster.mu.Lock()
		cluster.broken = nil
		cluster.mu.Unlock()
		c.join("/org-1")
	})
}

func TestNewNamespaceWaitsForTheOldOneToClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &patternCluster{t: t, closing: 5 * time.Second}
		server, dial := patternServe(t, brio.Config{Adapter: cluster.new, NamespaceIdle: time.Second})
		orgs := server.Of("/org-{id}")
		c := dial()
		c.join("/org-1")
		c.leave("/org-1")
		time.Sleep(2 * time.Second) // it is being closed
		start := time.Now()
		c.join("/org-1")
		if waited := time.Since(start); waited < 3*time.Second {
			t.Errorf("was let in after %v, while the old adapter was open", waited)
		}
		cluster.wantEvents("open /org-1", "close /org-1", "open /org-1")
		if err := orgs.Emit("hello"); err != nil {
			t.Fatal(err)
		}
		c.want(`2/org-1,["hello"]`)
	})
}

func TestIdleNamespacesAreNotKeptByTheThousand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, dial := patternServe(t, brio.Config{})
		server.Of("/org-{id}")
		c := dial()
		for i := range 1100 {
			name := fmt.Sprintf("/org-%d", i)
			c.join(name)
			c.leave(name)
			synctest.Wait()
		}
		if n := server.Stats().Namespaces - 1; n != 1000 {
			t.Errorf("there are %d idle namespaces, want 1000", n)
		}
		time.Sleep(61 * time.Second)
		if n := server.Stats().Namespaces - 1; n != 0 {
			t.Errorf("there are %d namespaces after a while, want 0", n)
		}
	})
}

// Clients come to a name while it is collected, again and again: each must be in
// a namespace that is live.
func TestCollectingDoesNotRaceWithClients(t *testing.T) {
	cluster := &patternCluster{t: t}
	server, dial := patternServe(t, brio.Config{Adapter: cluster.new, NamespaceIdle: time.Nanosecond})
	orgs := server.Of("/org-{id}")
	orgs.On("say", func(_ context.Context, s *brio.Socket, _ brio.Args) error {
		return s.Namespace().To(s.ID()).Emit("said")
	})
	var clients sync.WaitGroup
	for range 2 {
		c := dial()
		clients.Go(func() {
			for range 300 {
				c.send("0/org-1,")
				if p := c.next(); !strings.HasPrefix(p, `0/org-1,{"sid"`) {
					t.Errorf("came %q", p)
					return
				}
				c.send(`2/org-1,["say"]`)
				if p := c.next(); p != `2/org-1,["said"]` {
					t.Errorf("came %q", p)
					return
				}
				c.leave("/org-1")
			}
		})
	}
	clients.Wait()
	patternUntil(t, func() bool { return server.Stats().Namespaces == 1 })
	opened, closed := 0, 0
	for _, e := range cluster.events() {
		if strings.HasPrefix(e, "open") {
			opened++
		} else {
			closed++
		}
	}
	if opened != closed {
		t.Errorf("%d adapters were opened, %d closed", opened, closed)
	}
	t.Logf("%d namespaces were made", opened)
}
