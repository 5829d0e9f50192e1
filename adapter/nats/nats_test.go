package nats

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/adapter/adaptertest"
	"github.com/briohq/brio/adapter/cluster"
)

var quick = cluster.Config{HeartbeatInterval: 200 * time.Millisecond, HeartbeatTimeout: time.Minute}

func quickly(c *Config) { c.Cluster = quick }

func TestAdapter(t *testing.T) {
	adaptertest.Run(t, 3, func(t *testing.T) adaptertest.Cluster {
		s := serve(t)
		var c adaptertest.Cluster
		var conns []*nats.Conn
		for range 3 {
			conn := connect(t, s.ClientURL())
			conns = append(conns, conn)
			c.Nodes = append(c.Nodes, New(conn, Config{Cluster: quick}))
		}
		c.Kill = func(i int) { conns[i].Close() }
		return c
	})
}

// Several servers of a program may share a connection.
func TestSharedConnection(t *testing.T) {
	adaptertest.Run(t, 2, func(t *testing.T) adaptertest.Cluster {
		one := New(connect(t, serve(t).ClientURL()), Config{Cluster: quick})
		return adaptertest.Cluster{Nodes: []adapter.New{one, one}}
	})
}

// A node gets what is for rooms that it has sockets in, and for others nothing; of
// rooms that may be sockets only what it has is decoded.
func TestInterest(t *testing.T) {
	const id, other = "abcdefghij0123456789", "abcdefghij012345678_"
	s := serve(t)
	conns := []*nats.Conn{connect(t, s.ClientURL()), connect(t, s.ClientURL()), connect(t, s.ClientURL())}
	here, some, all := newCrowd(), newCrowd("x", id, "/x#"+id), newCrowd()
	a := open(t, conns[0], here)
	nodes := []adapter.Adapter{a, open(t, conns[1], some), open(t, conns[2], hermit{all})}
	eventually(t, "it is subscribed", func() bool { return len(subscribed(t, s, toRoom)) == 3 })
	some.be(true, "late")
	some.be(true, "z")
	some.be(false, "z")
	eventually(t, "it is subscribed", func() bool { return len(subscribed(t, s, toRoom)) == 4 })

	for i := range 2 { // once all has come, what that made others say, too
		begin := fmt.Sprint("begin ", i)
		for _, one := range nodes {
			if err := one.Broadcast(event(begin), everyone); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, "all know each other", func() bool { return here.count(begin)+some.count(begin)+all.count(begin) == 9 })
	}
	base := []uint64{conns[1].Stats().InMsgs, conns[2].Stats().InMsgs}
	const n = 50
	for range n {
		for _, room := range []string{"x", "y", "z", "late", id, other, "/x#" + id, "/x#" + other} {
			if err := a.Broadcast(event(room), in(room)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := a.Broadcast(event("end"), everyone); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all has come", func() bool { return some.count("end")+all.count("end") == 2 })
	for i, want := range []uint64{5*n + 1, 8*n + 1} { // both ids come
		if got := conns[i+1].Stats().InMsgs - base[i]; got != want {
			t.Errorf("node %d has received %d messages, want %d", i+1, got, want)
		}
	}
	want := map[string]int{"x": n, "late": n, id: n, "/x#" + id: n, "end": 1, "begin 0": 3, "begin 1": 3}
	if !maps.Equal(some.got, want) {
		t.Errorf("there came %v, want %v", some.got, want)
	}
	if len(here.got) != 8+3 {
		t.Errorf("here came %v", here.got)
	}
}

// Whatever sockets do at once, in the end the node is subscribed to the rooms that it has.
func TestJoinAndLeaveAtOnce(t *testing.T) {
	s := serve(t)
	c := newCrowd()
	a := open(t, connect(t, s.ClientURL()), c)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 2000 {
				c.be(rand.IntN(2) == 0, fmt.Sprint("r", rand.IntN(20)))
			}
		})
	}
	group.Wait()
	var want []string
	for room := range c.rooms {
		want = append(want, "brio."+token(namespace)+"."+toRoom+room)
	}
	slices.Sort(want)
	eventually(t, "it is subscribed to what it has", func() bool { return slices.Equal(subscribed(t, s, toRoom), want) })
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	eventually(t, "it is subscribed to nothing", func() bool { return len(subscribed(t, s, "brio.")) == 0 })
	c.be(true, "after")
}

// Rooms cost no goroutines.
func TestManyRooms(t *testing.T) {
	s := serve(t)
	c := newCrowd()
	open(t, connect(t, s.ClientURL()), c)
	before := runtime.NumGoroutine()
	const n = 10_000
	for i := range n {
		c.be(true, fmt.Sprint("room ", i))
	}
	eventually(t, "it is subscribed", func() bool { return int(s.NumSubscriptions()) >= n })
	if now := runtime.NumGoroutine(); now > before+10 {
		t.Errorf("there were %d goroutines and are %d", before, now)
	}
}

// While NATS is away a node goes on for itself, and says so; when it is back so is the
// cluster, with all that has changed meanwhile.
func TestServerRestarts(t *testing.T) {
	s := serve(t)
	port := s.Addr().String()[len("127.0.0.1:"):]
	here, there := newCrowd(), newCrowd("r")
	one, two := connect(t, s.ClientURL()), connect(t, s.ClientURL())
	a := open(t, one, here, quickly)
	open(t, two, there, quickly)
	reached := func(room string) func() bool {
		return func() bool {
			was := there.count(room)
			err := a.Broadcast(event(room), in(room))
			return err == nil && was > 0
		}
	}
	eventually(t, "what is sent arrives", reached("r"))

	var sent atomic.Int64
	done := make(chan struct{})
	var traffic sync.WaitGroup
	traffic.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if err := a.Broadcast(event("traffic"), everyone); err != nil && !errors.Is(err, ErrDisconnected) && !errors.Is(err, ErrBacklog) {
				t.Error(err)
			}
			sent.Add(1)
			runtime.Gosched()
		}
	})
	for range 2 {
		stop(s)
		eventually(t, "it says so", func() bool { return errors.Is(a.Broadcast(event("x"), everyone), ErrDisconnected) })
		was := here.count("traffic")
		eventually(t, "it goes on here", func() bool { return here.count("traffic") > was+10 })
		_, err := count(t, a)
		if !errors.Is(err, ErrDisconnected) {
			t.Error("asked: ", err)
		}
		there.be(false, "r")
		there.be(true, "new")
		s = serve(t, func(o *natsd.Options) { _, _ = fmt.Sscan(port, &o.Port) })
		was = there.count("traffic")
		eventually(t, "it goes on there", func() bool { return there.count("traffic") > was })
		eventually(t, "a room of meanwhile is reached", reached("new"))
		eventually(t, "its rooms are known", func() bool { return len(subscribed(t, s, toRoom)) == 1 })
		eventually(t, "they know each other", func() bool { n, err := count(t, a); return n == 2 && err == nil })
		there.be(true, "r")
		there.be(false, "new")
		eventually(t, "what is sent arrives", reached("r"))
	}
	close(done)
	traffic.Wait()
	if n := int64(here.count("traffic")); n != sent.Load() {
		t.Errorf("here came %d of %d", n, sent.Load())
	}
}

// Nodes go on while their server is gone, as every adapter has to.
func TestOutage(t *testing.T) {
	s := serve(t)
	port := s.Addr().String()[len("127.0.0.1:"):]
	one, two := connect(t, s.ClientURL()), connect(t, s.ClientURL())
	adaptertest.Outage(t, [2]adapter.New{New(one, Config{Cluster: quick}), New(two, Config{Cluster: quick})},
		func() { stop(s) },
		func() { s = serve(t, func(o *natsd.Options) { _, _ = fmt.Sscan(port, &o.Port) }) })
}

// An emitter reaches the sockets of all nodes, and is none.
func TestEmitter(t *testing.T) {
	s := serve(t)
	there := newCrowd("r")
	a := open(t, connect(t, s.ClientURL()), there, quickly)
	conn := connect(t, s.ClientURL())
	e, err := NewEmitter(conn, Config{})(namespace, newCrowd())
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is subscribed", func() bool { return len(subscribed(t, s, toRoom)) == 1 })
	for _, o := range []adapter.Options{everyone, in("r"), in("x"), in("r", "x")} {
		if err := e.Broadcast(event("news"), o); err != nil {
			t.Error(err)
		}
	}
	if _, err := count(t, e); !errors.Is(err, cluster.ErrEmitter) {
		t.Error(err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	conn.Close()
	eventually(t, "all has come", func() bool { return there.count("news") == 3 })
	if n, err := count(t, a); n != 1 || err != nil {
		t.Errorf("there are %d nodes, %v", n, err)
	}
	if n := conn.Stats().InMsgs; n != 0 {
		t.Errorf("the emitter has heard %d messages", n)
	}
}

// count returns how many nodes answer.
func count(t *testing.T, a adapter.Adapter) (n int, failure error) {
	for reply, err := range a.Ask(t.Context(), adapter.Request{Op: adapter.Count, Options: everyone}) {
		failure = errors.Join(failure, err)
		n += reply.Count
	}
	return n, failure
}

// A connection that takes nothing blocks nobody.
func TestStuckConnection(t *testing.T) {
	s := serve(t)
	h := newHose(t, s)
	here, there := newCrowd(), newCrowd()
	a := open(t, connect(t, h.url()), here, func(c *Config) { c.MaxPending = 1 << 20 })
	open(t, connect(t, s.ClientURL()), there)
	h.mu.Lock()
	large := strings.Repeat("x", 100_000)
	eventually(t, "no more can wait", func() bool { return errors.Is(a.Broadcast(event("a", large), everyone), ErrBacklog) })
	here.be(true, "r")
	here.be(true, "gone")
	here.be(false, "gone")
	h.mu.Unlock()
	eventually(t, "it goes on", func() bool { return a.Broadcast(event("b"), everyone) == nil })
	eventually(t, "it goes on there", func() bool { return there.count("b") > 0 })
	eventually(t, "it is subscribed", func() bool { return len(subscribed(t, s, toRoom)) == 1 })
	if n, m := here.count("a"), there.count("a"); n <= m || m == 0 {
		t.Errorf("here came %d, there %d", n, m)
	}
}

// Clusters of different prefixes don't hear each other.
func TestPrefixes(t *testing.T) {
	s := serve(t)
	prefix := func(p string) func(*Config) {
		return func(c *Config) { c.Prefix, c.Cluster = p, quick }
	}
	crowds := map[string]*crowd{}
	var all []adapter.Adapter
	for _, p := range []string{"one", "two", "one.x"} {
		for _, node := range []string{"a", "b"} {
			c := newCrowd("r")
			crowds[p+" "+node] = c
			all = append(all, open(t, connect(t, s.ClientURL()), c, prefix(p)))
		}
	}
	for _, a := range all {
		eventually(t, "they know each other", func() bool { n, err := count(t, a); return n == 2 && err == nil })
	}
	for _, a := range all[:2] {
		_ = a.Broadcast(event("x"), everyone)
		_ = a.Broadcast(event("x"), in("r"))
	}
	for _, a := range all[2:] {
		_ = a.Broadcast(event("end"), everyone)
	}
	for name, c := range crowds {
		want := map[string]int{"end": 2}
		if strings.HasPrefix(name, "one ") {
			want = map[string]int{"x": 4}
		}
		eventually(t, name+" has all", func() bool {
			c.mu.Lock()
			defer c.mu.Unlock()
			return maps.Equal(c.got, want)
		})
	}
}

// What is wrong is said at the start, with what to change.
func TestBadConfiguration(t *testing.T) {
	s := serve(t, func(o *natsd.Options) {
		all := &natsd.SubjectPermission{Allow: []string{">"}}
		few := &natsd.SubjectPermission{Allow: []string{"brio.*.all", "brio.*.node.>", "brio.*.id.*"}}
		o.Users = []*natsd.User{
			{Username: "all", Password: "x"},
			{Username: "deaf", Password: "x", Permissions: &natsd.Permissions{Publish: all, Subscribe: few}},
			{Username: "mute", Password: "x", Permissions: &natsd.Permissions{Publish: few, Subscribe: all}},
		}
	})
	url := func(user string) string { return strings.Replace(s.ClientURL(), "nats://", "nats://"+user+"@", 1) }
	says := func(what string, err error, want ...string) {
		t.Helper()
		for _, text := range want {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %v: it doesn't say %q", what, err, text)
			}
		}
	}
	_, err := Connect("nats://127.0.0.1:1")
	says("wrong address", err, "is it running", "no servers")
	_, err = Connect(s.ClientURL())
	says("no password", err, "give the user and password")
	_, err = Connect("127.0.0.1:x")
	says("bad URL", err, "connect to NATS")
	for _, user := range []string{"deaf:x", "mute:x"} {
		conn := connect(t, url(user))
		for range 2 {
			_, err = New(conn, Config{})(namespace, newCrowd())
			says(user, err, "must let this user publish and subscribe to brio.>", "room.")
		}
	}
	good := connect(t, url("all:x"))
	_, err = New(good, Config{Prefix: "a.*"})(namespace, newCrowd())
	says("prefix", err, "prefix a.*: it must be letters")
	_, err = New(nil, Config{})(namespace, newCrowd())
	says("no connection", err, "no connection")
	gone := connect(t, url("all:x"))
	gone.Close()
	_, err = New(gone, Config{})(namespace, newCrowd())
	says("closed", err, "CLOSED")
	brief := connect(t, url("all:x"), nats.MaxReconnects(60))
	_, err = New(brief, Config{})(namespace, newCrowd())
	says("gives up", err, "MaxReconnects(-1)")
}

// A message that NATS doesn't take isn't sent, and who is asked says so.
func TestTooLarge(t *testing.T) {
	s := serve(t, func(o *natsd.Options) { o.MaxPayload = 10_000 })
	here, there := newCrowd(), newCrowd()
	a := open(t, connect(t, s.ClientURL()), here)
	open(t, connect(t, s.ClientURL()), there)
	err := a.Broadcast(event("large", strings.Repeat("x", 10_000)), everyone)
	if !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), "max_payload") {
		t.Error(err)
	}
	if err := a.Broadcast(event("small"), everyone); err != nil {
		t.Error(err)
	}
	eventually(t, "the small one comes", func() bool { return there.count("small") == 1 })
	if here.count("large") != 1 || there.count("large") != 0 {
		t.Error("the large one has come there, or not here")
	}
}

// What is no message is logged and left aside.
func TestGarbage(t *testing.T) {
	s := serve(t)
	conn := connect(t, s.ClientURL())
	there := newCrowd()
	var said journal
	open(t, conn, there, func(c *Config) { c.Cluster.Logger = slog.New(&said) })
	a := open(t, connect(t, s.ClientURL()), newCrowd())
	for _, text := range []string{"{", "\x00", "\x04null\x00", "\x02{}\x00", "\x02{}", "\x02{]\x00", "\x14" + `{"uid":"x","type":3}` + "\x00", "\x02{}\x00\xff"} {
		if err := conn.Publish("brio."+token(namespace)+".all", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	_ = conn.Flush()
	_ = a.Broadcast(event("end"), everyone)
	eventually(t, "what comes after it is taken", func() bool { return there.count("end") == 1 })
	if n := said.count("message of another node not understood"); n != 6 {
		t.Errorf("%d were logged", n)
	}
}
