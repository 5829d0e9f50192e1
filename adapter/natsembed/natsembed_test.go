package natsembed

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/briohq/brio"
	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/adapter/adaptertest"
	"github.com/briohq/brio/adapter/cluster"
	"github.com/briohq/brio/adapter/nats"
	"github.com/briohq/brio/client"
)

// limit is how long a test waits for what must come.
const limit = 20 * time.Second

var quick = nats.Config{Cluster: cluster.Config{HeartbeatInterval: 200 * time.Millisecond, HeartbeatTimeout: time.Minute}}

// start runs a server until the test ends, on a free port unless config says another.
func start(t testing.TB, config Config, routes ...*Server) *Server {
	t.Helper()
	config.Adapter = quick
	if config.Cluster == "" {
		config.Cluster = ":0"
	}
	for _, one := range routes {
		config.Routes = append(config.Routes, one.ClusterAddr().String())
	}
	s, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t testing.TB, s *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Error("shutdown: ", err)
	}
}

// form waits until servers are one cluster.
func form(t testing.TB, servers ...*Server) {
	t.Helper()
	for _, s := range servers {
		eventually(t, "the servers are connected", func() bool { return s.Routes() == len(servers)-1 })
	}
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	late := time.After(limit)
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("never: ", what)
		}
	}
}

// Three servers that know only one of each other are a cluster.
func TestAdapter(t *testing.T) {
	adaptertest.Run(t, 3, func(t *testing.T) adaptertest.Cluster {
		one := start(t, Config{Secret: "s"})
		two, three := start(t, Config{Secret: "s"}, one), start(t, Config{Secret: "s"}, one)
		servers := []*Server{one, two, three}
		form(t, servers...)
		c := adaptertest.Cluster{Kill: func(node int) { stop(t, servers[node]) }}
		for _, s := range servers {
			c.Nodes = append(c.Nodes, s.Adapter())
		}
		return c
	})
}

// A server without other nodes is one, and needs no port for others.
func TestAlone(t *testing.T) {
	adaptertest.Run(t, 1, func(t *testing.T) adaptertest.Cluster {
		s, err := New(Config{Adapter: quick})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stop(t, s) })
		if s.Addr() != nil || s.ClusterAddr() != nil {
			t.Errorf("it listens on %v and %v", s.Addr(), s.ClusterAddr())
		}
		return adaptertest.Cluster{Nodes: []adapter.New{s.Adapter()}}
	})
}

// A server that is replaced by another at its address is back in the cluster, without
// anything to be done at the others.
func TestReplaced(t *testing.T) {
	one := start(t, Config{})
	two := start(t, Config{}, one)
	form(t, one, two)
	stop(t, two)
	eventually(t, "it has gone", func() bool { return one.Routes() == 0 })
	two = start(t, Config{Cluster: two.config.Cluster}, one)
	form(t, one, two)
	stop(t, one)
	one = start(t, Config{Cluster: two.config.Routes[0]})
	form(t, one, two)
}

// Who has another secret, or is another cluster, is not let in.
func TestStrangers(t *testing.T) {
	one := start(t, Config{Secret: "s"})
	two := start(t, Config{Secret: "s"}, one)
	for name, config := range map[string]Config{
		"no secret":       {},
		"another secret":  {Secret: "x"},
		"another cluster": {Secret: "s", Name: "x"},
	} {
		t.Run(name, func(t *testing.T) {
			errs := &errorLog{said: make(chan string, 1000)}
			config.Adapter.Cluster.Logger = errs.logger()
			config.Cluster, config.Routes = ":0", []string{one.ClusterAddr().String()}
			s, err := New(config)
			if err != nil {
				t.Fatal(err)
			}
			defer stop(t, s)
			eventually(t, "it says why", func() bool {
				select {
				case text := <-errs.said:
					text = strings.ToLower(text)
					return strings.Contains(text, "authorization") || strings.Contains(text, "authentication") || strings.Contains(text, "cluster name")
				default:
					return false
				}
			})
			if s.Routes() != 0 {
				t.Error("it is let in")
			}
		})
	}
	form(t, one, two)
}

// Clients from outside need the secret, too.
func TestListen(t *testing.T) {
	s := start(t, Config{Secret: "s", Listen: ":0"})
	url := "nats://" + s.Addr().String()
	conn, err := nats.Connect(url, natsgo.Token("s"))
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if _, err := nats.Connect(url); !errors.Is(err, natsgo.ErrAuthorization) {
		t.Error(err)
	}
}

// Messages may be larger than NATS takes by default.
func TestLarge(t *testing.T) {
	one := start(t, Config{})
	two := start(t, Config{}, one)
	form(t, one, two)
	all := sites(t, brio.Config{MaxBacklog: 64 << 20}, one, two)
	c := all[1].Connect(t, "/", client.Config{})
	text := strings.Repeat("x", 5<<20)
	if err := all[0].server.Of("/").Emit("large", text); err != nil {
		t.Fatal(err)
	}
	if got := c.NextEvent(t); got.Args.Len() != 1 || len(got.Args.Raw(0)) != len(text)+2 {
		t.Error("it isn't what was sent")
	}
	if err := all[0].server.Of("/").Emit("large", text+text); !errors.Is(err, nats.ErrTooLarge) {
		t.Error(err)
	}
}

// What is wrong is said, with what to change.
func TestBadConfiguration(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for want, config := range map[string]Config{
		"Routes without Cluster":   {Routes: []string{"127.0.0.1:1"}},
		"it must be host:port":     {Cluster: "6222"},
		"it must be host:port: no": {Listen: "127.0.0.1:99999"},
		`route "x": it must be`:    {Cluster: ":0", Routes: []string{"x"}},
		"set Secret":               {Cluster: "0.0.0.0:0"},
		"set Secret, so":           {Listen: "example.org:4222"},
		"address already in use":   {Cluster: taken.Addr().String()},
		"already in use":           {Listen: taken.Addr().String()},
	} {
		s, err := New(config)
		if err == nil {
			stop(t, s)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: it doesn't say %q", err, want)
		}
	}
}
