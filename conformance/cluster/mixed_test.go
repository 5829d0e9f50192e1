// Package cluster_test has brio and the official server in one cluster.
package cluster_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/rueidis"
	"go.uber.org/goleak"

	"github.com/briohq/brio"
	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/adapter/cluster"
	"github.com/briohq/brio/adapter/postgres"
	"github.com/briohq/brio/adapter/redis"
	"github.com/briohq/brio/client"
	"github.com/briohq/brio/internal/brokers"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

const patience = 20 * time.Second

// mixed is a cluster of one server of each kind, with a client of each: "go" is with
// brio, "js" with the official server.
type mixed struct {
	*testing.T
	ns      *brio.Namespace
	emitter *brio.Namespace // of a server that only sends
	js      *member
	clients map[string]*guest
	deaf    bool // Node.js does not understand its own emitter, of which the last version is older than its adapter's

	mu    sync.Mutex // guards heard
	heard []string   // what the server on Node.js has said to brio's
}

// guest is a client that notes what it gets.
type guest struct {
	*client.Socket
	mu  sync.Mutex // guards got
	got []string
}

// has reports whether the client has got something, and forgets it.
func (g *guest) has(text string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.got, text)
	if i >= 0 {
		g.got = slices.Delete(g.got, i, i+1)
	}
	return i >= 0
}

func (g *guest) all() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.got)
}

func start(t *testing.T, a, emitter adapter.New, options map[string]any) *mixed {
	t.Helper()
	m := &mixed{T: t, clients: map[string]*guest{}}
	sender := brio.NewServer(brio.Config{Adapter: emitter})
	t.Cleanup(func() { _ = sender.Shutdown(context.Background()) })
	m.emitter = sender.Of("/x")
	server := brio.NewServer(brio.Config{Adapter: a})
	m.ns = server.Of("/x")
	m.ns.On("join", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		var rooms []string
		if err := args.Scan(&rooms); err != nil {
			return err
		}
		s.Join(rooms...)
		return args.Ack()
	})
	m.ns.OnServer("hello", func(_ context.Context, _ *brio.Namespace, args brio.Args) error {
		m.mu.Lock()
		m.heard = append(m.heard, show(args))
		m.mu.Unlock()
		return args.Ack("go "+show(args), []byte{1})
	})
	h := httptest.NewServer(server)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		h.Close()
	})
	m.js = startMember(t, options)
	m.clients["go"], m.clients["js"] = m.enter(h.URL), m.enter(m.js.address)
	m.eventually("they know each other", func() bool {
		return m.count(m.ns.Broadcast()) == 2
	})
	return m
}

// count returns how many sockets there are, -1 if a server doesn't say so soon: one that
// is just coming may not hear everything yet, and nobody asks it twice.
func (m *mixed) count(of brio.Target) int {
	ctx, cancel := context.WithTimeout(m.Context(), 2*time.Second)
	defer cancel()
	n, err := of.Count(ctx)
	if err != nil {
		return -1
	}
	return n
}

// enter connects a client that is in the room called after its server, and in "all".
func (m *mixed) enter(address string) *guest {
	m.Helper()
	name := "js"
	if len(m.clients) == 0 && address != m.js.address {
		name = "go"
	}
	g := &guest{Socket: client.New(address+"/x", client.Config{Auth: map[string]any{"name": name}, NoReconnect: true})}
	g.OnAny(func(_ context.Context, event string, args brio.Args) error {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.got = append(g.got, event+" "+show(args))
		if args.WantsAck() && event != "silent" {
			return args.Ack(name, []byte(name))
		}
		return nil
	})
	ctx, cancel := context.WithTimeout(m.Context(), patience)
	defer cancel()
	if err := g.Connect(ctx); err != nil {
		m.Fatal(err)
	}
	m.Cleanup(func() { _ = g.Close() })
	if _, err := g.Do(ctx, "join", []string{name, "all"}); err != nil {
		m.Fatal(err)
	}
	return g
}

// show is what is compared of arguments: bytes as {"$bytes":[…]}, as the member has it.
func show(args brio.Args) string {
	var all []string
	for i := range args.Len() {
		var v any
		dest := make([]any, i+1)
		for j := range dest {
			dest[j] = new(json.RawMessage)
		}
		var b brio.Binary
		dest[i] = &b
		if err := args.Scan(dest...); err == nil && b != nil {
			all = append(all, fmt.Sprintf("bytes%v", []byte(b)))
			continue
		}
		dest[i] = &v
		if err := args.Scan(dest...); err != nil {
			all = append(all, err.Error())
			continue
		}
		text, _ := json.Marshal(v)
		all = append(all, string(text))
	}
	return strings.Join(all, " ")
}

func (m *mixed) eventually(what string, holds func() bool) {
	m.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			for name, g := range m.clients {
				m.Logf("%s has %q", name, g.all())
			}
			m.Fatal("never: ", what)
		}
	}
}

// reaches waits until exactly those clients have got something: a mark that comes
// after it tells that the others have not.
func (m *mixed) reaches(what string, who ...string) {
	m.Helper()
	for _, name := range who {
		m.eventually(what+" reaches "+name, func() bool { return m.clients[name].has(what) })
	}
	mark := fmt.Sprintf("mark-%d", time.Now().UnixNano())
	if err := m.ns.Emit(mark); err != nil {
		m.Fatal(err)
	}
	m.js.do("emit", command{"args": []any{mark + "js"}})
	for name, g := range m.clients {
		m.eventually("the marks reach "+name, func() bool { return g.has(mark + " ") })
		m.eventually("the marks reach "+name, func() bool { return g.has(mark + "js ") })
		if left := g.all(); len(left) > 0 {
			m.Errorf("after %s %s has %q", what, name, left)
			for _, one := range left {
				g.has(one)
			}
		}
	}
}

// TestMixedRedis is the table of docs/deploy/mixed.md for Redis' pub/sub.
func TestMixedRedis(t *testing.T) {
	r := brokers.StartRedis(t)
	for name, specific := range map[string]bool{"common responses": false, "specific responses": true} {
		t.Run(name, func(t *testing.T) {
			c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{r.Address}, DisableCache: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.Close)
			key := "mixed " + name
			m := start(t, redis.New(c, redis.Config{Key: key, SpecificResponses: specific}), redis.NewEmitter(c, redis.Config{Key: key}),
				map[string]any{"kind": "redis", "url": r.URL(), "adapter": map[string]any{"key": key, "publishOnSpecificResponseChannel": specific}})
			m.both()
		})
	}
}

// TestMixedPostgres is its table for PostgreSQL.
func TestMixedPostgres(t *testing.T) {
	p := brokers.StartPostgres(t)
	pool, err := pgxpool.New(t.Context(), p.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	m := start(t, postgres.New(pool, postgres.Config{}), postgres.NewEmitter(pool, postgres.Config{}), map[string]any{"kind": "postgres", "url": p.URL()})
	m.deaf = true
	m.both()
}

// both tests every operation, in both directions.
func (m *mixed) both() {
	for _, step := range []struct {
		name string
		test func()
	}{
		{"brio emits", func() { m.brioEmits(m.ns) }},
		{"brio's emitter emits", func() { m.brioEmits(m.emitter) }},
		{"brio's emitter acts", m.emitterActs},
		{"node emits", func() { m.nodeEmits("") }},
		{"the emitter emits", func() { m.nodeEmits("emitter") }},
		{"acknowledgements", m.acknowledgements},
		{"fetch", m.fetch},
		{"servers", m.servers},
		{"rooms", m.rooms},
		{"disconnect", m.disconnect},
	} {
		outer := m.T
		if !outer.Run(step.name, func(t *testing.T) {
			m.T, m.js.t = t, t
			step.test()
		}) {
			m.T, m.js.t = outer, outer
			return
		}
		m.T, m.js.t = outer, outer
	}
}

func (m *mixed) emitterActs() {
	if err := errors.Join(m.emitter.To("js").JoinRooms("new"), m.emitter.To("go").JoinRooms("new")); err != nil {
		m.Error(err)
	}
	in := func(want int) bool {
		return m.count(m.ns.To("new")) == want
	}
	m.eventually("both are in the room", func() bool { return in(2) })
	if err := m.emitter.To("new").LeaveRooms("new"); err != nil {
		m.Error(err)
	}
	m.eventually("none is in the room", func() bool { return in(0) })
	if err := m.emitter.ServerEmit("hello", "from the emitter"); err != nil {
		m.Error(err)
	}
	m.eventually("both servers hear it", func() bool {
		m.mu.Lock()
		here := slices.Contains(m.heard, `"from the emitter"`)
		m.mu.Unlock()
		return here && strings.Contains(m.js.do("heard", nil), `["from the emitter"]`)
	})
	if _, err := m.emitter.To("new").Count(m.Context()); !errors.Is(err, cluster.ErrEmitter) {
		m.Errorf("it counts with %v", err)
	}
}

func (m *mixed) brioEmits(ns *brio.Namespace) {
	id := func(name string) string { return m.clients[name].ID() }
	emit := func(what string, err error, who ...string) {
		m.Helper()
		if err != nil {
			m.Error(err)
		}
		m.reaches(what, who...)
	}
	emit(`a 1 {"b":"é"}`, ns.Emit("a", 1, map[string]any{"b": "é"}), "go", "js")
	emit(`b bytes[1 2] "x" bytes[]`, ns.To("all").Emit("b", []byte{1, 2}, "x", []byte{}), "go", "js")
	emit(`c `, ns.To("js").Emit("c"), "js")
	emit(`c `, ns.To("go", "js").Emit("c"), "go", "js")
	emit(`d `, ns.Broadcast().Except("js").Emit("d"), "go")
	emit(`d `, ns.To("all").Except("go").Emit("d"), "js")
	emit(`e "x"`, ns.To(id("js")).Emit("e", "x"), "js")
	emit(`f `, ns.Broadcast().Volatile().Emit("f"), "go", "js")
}

func (m *mixed) nodeEmits(by string) {
	emit := func(what string, c command, who ...string) {
		m.Helper()
		c["by"] = by
		m.js.do("emit", c)
		if m.deaf && by != "" {
			who = slices.DeleteFunc(who, func(name string) bool { return name == "js" })
		}
		m.reaches(what, who...)
	}
	emit(`a 1 {"b":"é"}`, command{"args": []any{"a", 1, map[string]any{"b": "é"}}}, "go", "js")
	bytes := map[string]any{"$bytes": []int{1, 2}}
	emit(`b bytes[1 2] "x"`, command{"to": []string{"all"}, "args": []any{"b", bytes, "x"}}, "go", "js")
	emit(`c `, command{"to": []string{"go"}, "args": []any{"c"}}, "go")
	emit(`d `, command{"except": []string{"go"}, "args": []any{"d"}}, "js")
	emit(`d `, command{"to": []string{"all"}, "except": []string{"js"}, "args": []any{"d"}}, "go")
	emit(`e `, command{"to": []string{m.clients["go"].ID()}, "args": []any{"e"}}, "go")
	emit(`f 1.5 null [true]`, command{"args": []any{"f", 1.5, nil, []any{true}}, "flags": map[string]any{"volatile": true}}, "go", "js")
}

func (m *mixed) acknowledgements() {
	ctx, cancel := context.WithTimeout(m.Context(), patience)
	defer cancel()
	var got []string
	for a, err := range m.ns.Broadcast().All(ctx, "ask", 1) {
		if err != nil {
			m.Error(err)
			continue
		}
		got = append(got, show(a.Value))
	}
	slices.Sort(got)
	if want := []string{`"go" bytes[103 111]`, `"js"`}; !slices.Equal(got, want) { // Node.js sends the first argument
		m.Errorf("brio is answered %q, want %q", got, want)
	}
	m.reaches("ask 1", "go", "js")

	result := m.js.do("ask", command{"args": []any{"ask", 2}, "flags": map[string]any{"timeout": 5000}})
	var list []string
	_ = json.Unmarshal([]byte(result), &list)
	slices.Sort(list)
	if !slices.Equal(list, []string{"go", "js"}) {
		m.Errorf("Node.js is answered %s", result)
	}
	m.reaches("ask 2", "go", "js")

	short, cancel := context.WithTimeout(m.Context(), 300*time.Millisecond)
	defer cancel()
	failures := 0
	for _, err := range m.ns.Broadcast().All(short, "silent") {
		if errors.Is(err, context.DeadlineExceeded) {
			failures++
		}
	}
	if failures < 2 {
		m.Errorf("%d failures of two that are silent", failures)
	}
	m.reaches("silent ", "go", "js")
}

func (m *mixed) fetch() {
	ctx, cancel := context.WithTimeout(m.Context(), patience)
	defer cancel()
	got := map[string]brio.Peer{}
	for p, err := range m.ns.To("all").Peers(ctx) {
		if err != nil {
			m.Error(err)
			continue
		}
		got[p.ID] = p
	}
	js := got[m.clients["js"].ID()]
	if len(got) != 2 || !slices.Equal(js.Rooms, []string{js.ID, "js", "all"}) || string(js.Data["name"]) != `"js"` ||
		js.Handshake.Header.Get("User-Agent") == "" || js.Handshake.Time.IsZero() || !strings.Contains(string(js.Handshake.Auth), `"js"`) {
		m.Errorf("brio sees %+v", got)
	}
	if n, err := m.ns.To("js").Count(ctx); n != 1 || err != nil {
		m.Errorf("brio counts %d, %v", n, err)
	}
	if rooms, err := m.ns.Rooms(ctx); err != nil || rooms["js"] != 1 || rooms["go"] != 1 || rooms["all"] != 2 || len(rooms) != 3 {
		m.Errorf("brio sees rooms %v, %v", rooms, err)
	}
	var seen []struct {
		ID        string
		Rooms     []string
		Handshake struct {
			Headers map[string]any
			Query   map[string]any
			Auth    map[string]any
			URL     string
			Issued  int64
			Address string
		}
	}
	_ = json.Unmarshal([]byte(m.js.do("fetch", command{"to": []string{"all"}})), &seen)
	for _, s := range seen {
		if s.ID == m.clients["go"].ID() {
			h := s.Handshake
			if !slices.Equal(s.Rooms, slices.Sorted(slices.Values([]string{s.ID, "go", "all"}))) || h.Headers["user-agent"] == nil || h.Query["EIO"] != "4" || h.Auth["name"] != "go" || h.Issued == 0 || h.Address == "" {
				m.Errorf("Node.js sees %+v", s)
			}
		}
	}
	if len(seen) != 2 {
		m.Errorf("Node.js sees %+v", seen)
	}
	if rooms := m.js.do("rooms", nil); !strings.Contains(rooms, `"go"`) || !strings.Contains(rooms, `"js"`) {
		m.Errorf("Node.js sees rooms %s", rooms)
	}
}

func (m *mixed) servers() {
	ctx, cancel := context.WithTimeout(m.Context(), patience)
	defer cancel()
	if err := m.ns.ServerEmit("hello", 1, "x"); err != nil {
		m.Error(err)
	}
	m.eventually("Node.js hears brio", func() bool { return strings.Contains(m.js.do("heard", nil), `[1,"x"]`) })
	answers := 0
	for a, err := range m.ns.ServerAll(ctx, "hello", "who") {
		if err != nil || show(a.Value) != `{"args":["who"],"node":"js"}` {
			m.Errorf("brio is answered %s, %v", show(a.Value), err)
		}
		answers++
	}
	if answers != 1 {
		m.Errorf("brio is answered %d times", answers)
	}
	m.js.do("serverSideEmit", command{"args": []any{"hello", 2}})
	m.eventually("brio hears Node.js", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return slices.Contains(m.heard, "2")
	})
	m.js.do("serverSideEmit", command{"by": "emitter", "args": []any{"hello", 3}})
	m.eventually("brio hears the emitter", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return slices.Contains(m.heard, "3")
	})
	if got := m.js.do("serverSideAsk", command{"args": []any{"hello", "you"}}); got != `["go \"you\""]` {
		m.Errorf("Node.js is answered %s", got)
	}
}

func (m *mixed) rooms() {
	if err := m.ns.To("js").JoinRooms("new"); err != nil {
		m.Error(err)
	}
	m.js.do("join", command{"to": []string{"go"}, "rooms": []string{"new"}})
	m.eventually("both are in the room", func() bool {
		return m.count(m.ns.To("new")) == 2
	})
	if err := m.ns.To("js").LeaveRooms("new"); err != nil {
		m.Error(err)
	}
	m.js.do("leave", command{"by": "emitter", "to": []string{"go"}, "rooms": []string{"new"}})
	m.eventually("none is in the room", func() bool {
		return m.count(m.ns.To("new")) == 0
	})
	m.js.do("join", command{"by": "emitter", "to": []string{"go"}, "rooms": []string{"new"}})
	m.js.do("leave", command{"to": []string{"go"}, "rooms": []string{"all"}})
	m.eventually("it is in the other room", func() bool {
		return m.count(m.ns.To("new")) == 1 && m.count(m.ns.To("all")) == 1
	})
}

func (m *mixed) disconnect() {
	if err := m.ns.To("js").Dismiss(); err != nil {
		m.Error(err)
	}
	m.eventually("brio sends Node's client away", func() bool { return !m.clients["js"].Connected() })
	m.js.do("disconnect", command{"to": []string{"go"}, "close": true})
	m.eventually("Node.js sends brio's client away", func() bool { return !m.clients["go"].Connected() })
	ctx, cancel := context.WithTimeout(m.Context(), patience)
	defer cancel()
	if err := m.clients["go"].Connect(ctx); err != nil {
		m.Fatal(err)
	}
	m.js.do("disconnect", command{"by": "emitter", "to": []string{m.clients["go"].ID()}})
	m.eventually("the emitter sends brio's client away", func() bool { return !m.clients["go"].Connected() })
	m.eventually("nobody is left", func() bool {
		return m.count(m.ns.Broadcast()) == 0
	})
}
