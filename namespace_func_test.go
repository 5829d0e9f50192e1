package brio_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
)

func TestFunctionDecidesWhichNamespacesThereAre(t *testing.T) {
	server, dial := patternServe(t, brio.Config{})
	var asked atomic.Int32
	teams := server.OfFunc(func(name string, h brio.Handshake) bool {
		asked.Add(1)
		var auth struct{ Team string }
		if err := h.ScanAuth(&auth); err != nil || h.URL.Query().Get("EIO") != "4" || h.Address == "" {
			t.Errorf("handshake: %v, %v", h, err)
		}
		if name == "/panic" {
			panic(name)
		}
		return name == "/team-"+auth.Team
	})
	teams.OnConnect(func(_ context.Context, s *brio.Socket) error {
		return s.Emit("hello", s.Namespace().Name(), s.PathValue("id"))
	})
	c := dial()
	c.send(`0/team-a,{"team":"a"}`)
	if got := c.next(); !strings.HasPrefix(got, `0/team-a,{"sid"`) {
		t.Fatalf("came %q", got)
	}
	c.want(`2/team-a,["hello","/team-a",""]`)
	other := dial()
	for _, name := range []string{"/team-a", "/team-", "/panic"} { // the first is there, but not for everyone
		other.send("0" + name + `,{"team":"b"}`)
		other.want("4" + name + `,{"message":"Invalid namespace"}`)
	}
	n := asked.Load()
	other.wantRefused("/team-\x7f", "Invalid namespace")
	if asked.Load() != n {
		t.Error("a function is asked about a control character")
	}
	if server.Stats().Panics != 1 {
		t.Error("a panic is not counted")
	}

	if err := teams.Emit("all"); err != nil {
		t.Fatal(err)
	}
	c.want(`2/team-a,["all"]`)
	one, err := teams.Child("/team-z") // the function is not asked
	if err != nil || one.Name() != "/team-z" || asked.Load() != n {
		t.Errorf("child: %v, %v", one, err)
	}
	patternPanics(t, func() { teams.Child("team") })
	patternPanics(t, func() { teams.Child("/") })
	patternPanics(t, func() { teams.Child("/\x00") })
	patternPanics(t, func() { server.Of("/team-a") })
	if teams.Name() == "" || server.OfFunc(nil).Name() == teams.Name() {
		t.Error("parents are not told apart")
	}
}

func TestFunctionsAndPatternsAreAskedInOrder(t *testing.T) {
	server, dial := patternServe(t, brio.Config{})
	accept := func(prefix string) func(string, brio.Handshake) bool {
		return func(name string, _ brio.Handshake) bool { return strings.HasPrefix(name, prefix) }
	}
	parents := map[string]*brio.Namespace{}
	parents["one"] = server.OfFunc(accept("/a-b"))
	parents["two"] = server.Of("/a-{rest}")
	parents["three"] = server.OfFunc(accept("/"))
	parents["four"] = server.Of("/z-{rest}")
	for name, parent := range parents {
		parent.OnConnect(func(_ context.Context, s *brio.Socket) error { return s.Emit(name) })
	}
	server.Of("/a-bc").OnConnect(func(_ context.Context, s *brio.Socket) error { return s.Emit("static") })
	c := dial()
	for name, want := range map[string]string{"/a-b": "one", "/a-c": "two", "/x": "three", "/z-1": "three", "/a-bc": "static"} {
		c.join(name)
		c.want("2" + name + `,["` + want + `"]`)
	}
	patternPanics(t, func() { parents["three"].Child("/a-c") })
	patternPanics(t, func() { parents["one"].Child("/x") })
}

// A name belongs to the parent that has a child of it, as long as there is one:
// two adapters of one name would be mistaken for each other.
func TestANameHasOneParentAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cluster := &patternCluster{t: t, closing: time.Second}
		server, dial := patternServe(t, brio.Config{Adapter: cluster.new, NamespaceIdle: time.Minute, ConnectTimeout: time.Hour})
		as := func(who string) func(string, brio.Handshake) bool {
			return func(_ string, h brio.Handshake) bool { return strings.Contains(string(h.Auth), who) }
		}
		for _, who := range []string{"ada", "bob"} {
			server.OfFunc(as(who)).OnConnect(func(_ context.Context, s *brio.Socket) error { return s.Emit(who) })
		}
		c := dial()
		c.send(`0/x,{"as":"bob"}`)
		c.next()
		c.want(`2/x,["bob"]`)
		other := dial()
		other.send(`0/x,{"as":"ada"}`)
		other.want(`4/x,{"message":"Invalid namespace"}`)
		c.leave("/x")
		time.Sleep(time.Minute + time.Second/2) // its adapter is being closed
		other.send(`0/x,{"as":"ada"}`)
		other.want(`4/x,{"message":"Invalid namespace"}`)
		time.Sleep(time.Second)
		other.send(`0/x,{"as":"ada"}`)
		other.next()
		other.want(`2/x,["ada"]`)
		cluster.wantEvents("open /x", "close /x", "open /x")
	})
}

// No lock is held while a function decides: it may use the server, and others
// come and go meanwhile.
func TestFunctionsAreAskedWithoutALock(t *testing.T) {
	server, dial := patternServe(t, brio.Config{NamespaceIdle: time.Nanosecond})
	static := 0
	var mu sync.Mutex
	server.OfFunc(func(name string, _ brio.Handshake) bool {
		mu.Lock()
		defer mu.Unlock()
		static++
		server.Of(fmt.Sprint("/static-", static))
		server.Stats()
		return true
	})
	var clients sync.WaitGroup
	for i := range 4 {
		c := dial()
		clients.Go(func() {
			for j := range 50 {
				name := fmt.Sprint("/n", (i+j)%3)
				c.send("0" + name + ",")
				if p := c.next(); !strings.HasPrefix(p, "0"+name+`,{"sid"`) {
					t.Errorf("came %q", p)
					return
				}
				c.leave(name)
			}
		})
	}
	clients.Wait()
	// The function makes the name that is asked for itself.
	server.Of("/made-{x}")
	c := dial()
	c.join("/static-1")
}
