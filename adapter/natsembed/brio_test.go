package natsembed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

const (
	Join   brio.Call[string, int]        = "join" // a room; answers how many are there
	Number brio.Event[int]               = "number"
	Name   brio.Call[struct{}, string]   = "name"
	Hello  brio.Call[string, string]     = "hello" // between servers
	Here   brio.Call[struct{}, []string] = "here"  // the ids of all in the socket's rooms
)

// site is a brio server with clients, on a node of its own.
type site struct {
	*briotest.Site
	server *brio.Server
}

func newServer(bus *Server, config brio.Config) *brio.Server {
	config.Adapter = bus.Adapter()
	server := brio.NewServer(config)
	for _, name := range []string{"/", "/org-{id}"} {
		ns := server.Of(name)
		Join.Handle(ns, func(ctx context.Context, s *brio.Socket, room string) (int, error) {
			s.Join(room)
			return s.In(room).Count(ctx)
		})
		Here.Handle(ns, func(ctx context.Context, s *brio.Socket, _ struct{}) ([]string, error) {
			var ids []string
			for p, err := range s.Namespace().To(s.Rooms()...).Peers(ctx) {
				if err != nil {
					return nil, err
				}
				ids = append(ids, p.ID)
			}
			return ids, nil
		})
		Hello.OnServer(ns, func(_ context.Context, ns *brio.Namespace, who string) (string, error) {
			return "hello " + who + " of " + ns.Name(), nil
		})
	}
	return server
}

// sites serves on nodes, which are one cluster when it returns.
func sites(t *testing.T, config brio.Config, buses ...*Server) []site {
	var list []site
	for _, bus := range buses {
		server := newServer(bus, config)
		list = append(list, site{briotest.Serve(t, server), server})
	}
	for _, one := range list {
		eventually(t, "the nodes know each other", func() bool {
			n := 0
			for _, err := range Hello.ServerAll(t.Context(), one.server.Of("/"), "x") {
				if err != nil {
					return false
				}
				n++
			}
			return n == len(list)-1
		})
	}
	return list
}

func three(t *testing.T) []*Server {
	one := start(t, Config{})
	buses := []*Server{one, start(t, Config{}, one), start(t, Config{}, one)}
	form(t, buses...)
	return buses
}

// Clients of three servers are as those of one.
func TestClientsOfSeveralServers(t *testing.T) {
	all := sites(t, brio.Config{}, three(t)...)
	for _, namespace := range []string{"/", "/org-7"} {
		var clients []*briotest.Client
		for i, one := range all {
			c := one.Connect(t, namespace, client.Config{})
			Name.On(c.Socket, func(context.Context, struct{}) (string, error) { return fmt.Sprint("client ", i), nil })
			clients = append(clients, c)
		}
		for _, c := range clients {
			briotest.Do(t, c, Join, "r")
		}
		for _, c := range clients {
			eventually(t, "all have joined", func() bool { return briotest.Do(t, c, Join, "r") == len(clients)-1 })
		}
		for i, one := range all {
			ns := one.server.Of("/")
			if namespace != "/" {
				var err error
				if ns, err = one.server.Of("/org-{id}").Child(namespace); err != nil {
					t.Fatal(err)
				}
			}
			for _, target := range []brio.Target{ns.To("r"), ns.Broadcast(), ns.To("r", "x"), ns.To(clients[2].ID())} {
				if err := Number.Emit(target, i); err != nil {
					t.Error(err)
				}
			}
			var names []string
			for answer, err := range Name.All(t.Context(), ns.To("r"), struct{}{}) {
				if err != nil {
					t.Error(err)
				}
				names = append(names, answer.Value)
			}
			slices.Sort(names)
			if want := []string{"client 0", "client 1", "client 2"}; !slices.Equal(names, want) {
				t.Errorf("%s: the answers are %q", namespace, names)
			}
			if ids := briotest.Do(t, clients[i], Here, struct{}{}); len(ids) != 3 {
				t.Errorf("%s: the sockets are %q", namespace, ids)
			}
		}
		for i, c := range clients {
			var got []int
			for range 9 + 3*(i/2) {
				got = append(got, briotest.Next(t, c, Number))
			}
			slices.Sort(got)
			want := []int{0, 0, 0, 1, 1, 1, 2, 2, 2}
			if i == 2 {
				want = []int{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: client %d got %v", namespace, i, got)
			}
		}
	}
}

// What a socket misses while it is away is what was sent on any node.
func TestRecoveryHearsOtherNodes(t *testing.T) {
	buses := three(t)
	all := sites(t, brio.Config{Recovery: &brio.Recovery{}}, buses[:2]...)
	c := all[1].Connect(t, "/", client.Config{})
	briotest.Do(t, c, Join, "r")
	id := c.ID()
	if err := Number.Emit(all[0].server.Of("/").To("r"), 1); err != nil {
		t.Fatal(err)
	}
	if n := briotest.Next(t, c, Number); n != 1 {
		t.Fatal(n)
	}
	all[1].Part()
	c.Left(t)
	for n := 2; n < 10; n++ {
		if err := Number.Emit(all[0].server.Of("/").To("r"), n); err != nil {
			t.Fatal(err)
		}
	}
	marker := make(chan struct{})
	var once sync.Once
	brio.Event[int]("end").OnServer(all[1].server.Of("/"), func(context.Context, *brio.Namespace, int) error {
		once.Do(func() { close(marker) })
		return nil
	})
	if err := brio.Event[int]("end").ServerEmit(all[0].server.Of("/"), 1); err != nil {
		t.Fatal(err)
	}
	<-marker // so what was sent before has arrived
	all[1].Heal()
	for n := 2; n < 10; n++ {
		if got := briotest.Next(t, c, Number); got != n {
			t.Fatalf("got %d, want %d", got, n)
		}
	}
	if c.ID() != id {
		t.Error("it isn't the same socket")
	}
}

// Nodes die and are replaced, and those that stay miss nothing of each other.
func TestNodesDieUnderTraffic(t *testing.T) {
	buses := three(t)
	all := sites(t, brio.Config{}, buses[:2]...)
	var clients []*briotest.Client
	for _, one := range all {
		clients = append(clients, one.Connect(t, "/", client.Config{}))
	}
	for _, c := range clients {
		briotest.Do(t, c, Join, "r")
	}
	for _, c := range clients {
		eventually(t, "both have joined", func() bool { return briotest.Do(t, c, Join, "r") == 1 })
	}
	last := buses[2]
	const rounds, each = 5, 300
	for round := range rounds {
		// The one that dies is in the room, too.
		server := newServer(last, brio.Config{})
		mortal := briotest.Serve(t, server)
		guest := mortal.Connect(t, "/", client.Config{})
		eventually(t, "it is in the room", func() bool { return briotest.Do(t, guest, Join, "r") == 2 })
		for n := range each {
			if err := Number.Emit(all[0].server.Of("/").To("r"), round*each+n); err != nil {
				t.Error(err)
			}
			if n == each/2 {
				stop(t, last) // without a word of the server above it
			}
		}
		last = start(t, Config{}, buses[0], buses[1])
		form(t, buses[0], buses[1], last)
	}
	for i, c := range clients {
		for n := range rounds * each {
			if got := briotest.Next(t, c, Number); got != n {
				t.Fatalf("client %d: got %d, want %d", i, got, n)
			}
		}
		briotest.None(t, c, Number)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond) // shorter than they are waited for
	defer cancel()
	var missing *brio.MissingError
	if _, err := all[0].server.Of("/").Broadcast().Count(ctx); !errors.As(err, &missing) || len(missing.Nodes) < rounds {
		t.Errorf("the dead are not missing: %v", err)
	}
}
