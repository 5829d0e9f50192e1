package brio_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/briohq/brio"
	"github.com/briohq/brio/adapter/adaptertest"
)

// nodes are servers in one cluster, called n0, n1 and so on.
type nodes struct {
	bus   adaptertest.Bus
	sites []*site
}

func newNodes(t *testing.T, n int, config brio.Config) *nodes {
	c := &nodes{}
	for i := range n {
		config.Adapter = c.bus.Node(fmt.Sprint("n", i))
		c.sites = append(c.sites, newSite(t, config))
	}
	return c
}

// each does the same on all nodes, which must have the same handlers.
func (c *nodes) each(do func(*site)) {
	for _, w := range c.sites {
		do(w)
	}
}

// crew is a namespace of a cluster of three with two clients on each node. The
// first of each is in room red, and the second on node n1 in room blue.
type crew struct {
	*nodes
	ns      []*brio.Namespace
	peers   [][2]*peer
	sockets [][2]*brio.Socket
}

func newCrew(t *testing.T) *crew {
	c := &crew{nodes: newNodes(t, 3, brio.Config{})}
	for i, w := range c.sites {
		ns := w.Of("/crew")
		pair := [2]*peer{w.connect("/crew", `{"as":"first"}`), w.connect("/crew", `{"as":"second"}`)}
		both := [2]*brio.Socket{ns.Socket(pair[0].id), ns.Socket(pair[1].id)}
		both[0].Join("red")
		if i == 1 {
			both[1].Join("blue")
		}
		c.ns, c.peers, c.sockets = append(c.ns, ns), append(c.peers, pair), append(c.sockets, both)
	}
	return c
}

// who returns the sockets for which holds, as "n0.1" for the second of node n0.
func (c *crew) who(holds func(*brio.Socket) bool) string {
	var list []string
	for i, pair := range c.sockets {
		for j, s := range pair {
			if holds(s) {
				list = append(list, fmt.Sprintf("n%d.%d", i, j))
			}
		}
	}
	return strings.Join(list, " ")
}

func (c *crew) in(room string) string {
	return c.who(func(s *brio.Socket) bool { return slices.Contains(s.Rooms(), room) })
}

func TestRoomsAreJoinedAndLeftByMany(t *testing.T) {
	c := newCrew(t)
	here := c.ns[0]
	tests := []struct {
		name   string
		target brio.Target
		want   string
	}{
		{"everyone", here.Broadcast(), "n0.0 n0.1 n1.0 n1.1 n2.0 n2.1"},
		{"a room", here.To("red"), "n0.0 n1.0 n2.0"},
		{"a room of another node", here.To("blue"), "n1.1"},
		{"rooms but one", here.To("red", "blue").Except(c.peers[2][0].id), "n0.0 n1.0 n1.1"},
		{"this node", here.Broadcast().Local(), "n0.0 n0.1"},
		{"others than a socket", c.sockets[0][0].To("red"), "n1.0 n2.0"},
		{"nobody", here.To(), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := test.target.JoinRooms("x", "y"); err != nil {
				t.Fatal(err)
			}
			diff(t, "in x", c.in("x"), test.want)
			diff(t, "in y", c.in("y"), test.want)
			n, err := here.To("x").Count(t.Context())
			if err != nil || n != len(strings.Fields(test.want)) {
				t.Errorf("Count: %d, %v", n, err)
			}
			if err := test.target.LeaveRooms("x"); err != nil {
				t.Fatal(err)
			}
			diff(t, "in x afterwards", c.in("x"), "")
			if err := here.Broadcast().LeaveRooms("y", "none"); err != nil {
				t.Fatal(err)
			}
		})
	}
	if err := here.Broadcast().LeaveRooms(c.peers[1][1].id); err != nil { // can't be left
		t.Fatal(err)
	}
	if err := here.To(c.peers[1][1].id).Emit("still"); err != nil {
		t.Fatal(err)
	}
	c.peers[1][1].expect(`2/crew,["still"]`)
}

func TestManyDisconnect(t *testing.T) {
	c := newCrew(t)
	c.each(func(w *site) { w.Of("/other") })
	stays := c.peers[1][0]
	stays.namespace = "/other,"
	stays.auth("")
	if err := c.ns[0].To("red").Disconnect(); err != nil {
		t.Fatal(err)
	}
	for i, pair := range c.peers {
		pair[0].expect("1/crew,")
		ctx := c.sockets[i][0].Context()
		<-ctx.Done()
		why, _ := errors.AsType[*brio.Disconnect](context.Cause(ctx))
		diff(t, "reason", why.Reason, brio.ServerNamespaceDisconnect)
	}
	if err := c.sites[1].Of("/other").Emit("still here"); err != nil {
		t.Fatal(err)
	}
	stays.expect(`2/other,["still here"]`)
	if n, err := c.ns[2].Broadcast().Count(t.Context()); n != 3 || err != nil {
		t.Errorf("Count: %d, %v", n, err)
	}

	if err := c.ns[0].Broadcast().Local().Close(); err != nil {
		t.Fatal(err)
	}
	diff(t, "packets of a connection that is closed", c.peers[0][1].rest(), []string(nil))
	if err := c.ns[0].Broadcast().Close(); err != nil {
		t.Fatal(err)
	}
	c.peers[1][1].rest()
	c.peers[2][1].rest()
	eventually(t, "nobody is left", func() bool {
		n, err := c.ns[0].Broadcast().Count(t.Context())
		return n == 0 && err == nil
	})
}

func TestRoomsOfANamespace(t *testing.T) {
	c := newCrew(t)
	c.sockets[0][0].Join("green")
	want := map[string]int{"red": 3, "blue": 1, "green": 1}
	for _, ns := range c.ns {
		rooms, err := ns.Rooms(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		diff(t, "rooms", rooms, want)
	}
}

// What the others have said counts; who said nothing is named.
func TestNodesThatDoNotAnswerAreNamed(t *testing.T) {
	c := newCrew(t)
	c.bus.Kill("n1")
	check := func(what string, err error) {
		t.Helper()
		missing, ok := errors.AsType[*brio.MissingError](err)
		if !ok || !slices.Equal(missing.Nodes, []string{"n1"}) || !errors.Is(err, errTest) {
			t.Errorf("%s: %v", what, err)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errTest)
	n, err := c.ns[0].Broadcast().Count(ctx)
	check("Count", err)
	diff(t, "Count", n, 4)
	_, err = c.ns[0].Rooms(ctx)
	check("Rooms", err)

	ctx, cancel = context.WithCancelCause(t.Context()) // until the two that live have said everything
	defer cancel(nil)
	seen, failed := 0, error(nil)
	for _, err := range c.ns[0].Broadcast().Peers(ctx) {
		if err != nil {
			failed = err
			continue
		}
		if seen++; seen == 4 {
			cancel(errTest)
		}
	}
	check("Peers", failed)

	c.peers[0][0].answerOne(`1`)
	c.peers[2][0].answerOne(`1`)
	ctx, cancel = context.WithCancelCause(t.Context())
	defer cancel(nil)
	seen, failed = 0, nil
	for a, err := range c.ns[0].To("red").All(ctx, "there?") {
		if err != nil {
			failed = err
			continue
		}
		diff(t, "node of an answer", a.Node, map[string]string{c.peers[0][0].id: "", c.peers[2][0].id: "n2"}[a.Socket])
		if seen++; seen == 2 {
			cancel(errTest)
		}
	}
	check("All", failed)
	diff(t, "answers", seen, 2)
}

func TestAllAsksAllNodes(t *testing.T) {
	c := newCrew(t)
	for i, pair := range c.peers {
		pair[0].answerOne(fmt.Sprint(i))
	}
	c.peers[1][1].group.Go(func() {
		c.peers[1][1].asked()
		c.peers[1][1].leave()
	})
	c.peers[2][1].group.Go(func() { c.peers[2][1].asked() }) // is silent

	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	got := map[string]string{}
	to := c.ns[0].To("red", "blue", c.peers[2][1].id)
	for a, err := range brio.Call[string, int]("grade").All(ctx, to, "soup") {
		switch failure, failed := errors.AsType[*brio.AckError](err); {
		case err == nil:
			got[a.Socket] = fmt.Sprint(a.Node, " ", a.Value)
		case !failed || failure.Socket != a.Socket || failure.Node != a.Node:
			t.Errorf("%v: %v", a, err)
		default:
			got[a.Socket] = fmt.Sprint(a.Node, " ", failure.Err)
		}
		if len(got) == 4 {
			cancel(errTest)
		}
	}
	diff(t, "answers", got, map[string]string{
		c.peers[0][0].id: " 0",
		c.peers[1][0].id: "n1 1",
		c.peers[2][0].id: "n2 2",
		c.peers[1][1].id: "n1 socket disconnected: client namespace disconnect",
		c.peers[2][1].id: "n2 " + errTest.Error(),
	})
	diff(t, "acknowledgements still awaited", c.sockets[2][1].PendingAcks(), 0)
}

func TestAllCarriesBinaryBetweenNodes(t *testing.T) {
	c := newCrew(t)
	p := c.peers[1][1]
	p.group.Go(func() {
		diff(t, "question", p.read(), `51-/crew,0["photo",{"_placeholder":true,"num":0}]`)
		diff(t, "attachment", p.read(), "\x00\x01")
		p.write(`61-/crew,0[{"_placeholder":true,"num":0}]`)
		p.writeBinary("\x02\x03")
	})
	for a, err := range c.ns[0].To("blue").All(t.Context(), "photo", []byte{0, 1}) {
		var photo []byte
		if err := errors.Join(err, a.Value.Scan(&photo)); err != nil {
			t.Fatal(err)
		}
		diff(t, "photo", photo, []byte{2, 3})
	}
}

// Leaving early gives up what other nodes wait for.
func TestAllLeftEarlyAwaitsNothingElsewhere(t *testing.T) {
	c := newCrew(t)
	c.peers[0][0].answerOne("1")
	for _, err := range c.ns[0].To("red").All(t.Context(), "there?") {
		if err != nil {
			t.Error(err)
		}
		break
	}
	for _, pair := range c.sockets[1:] {
		eventually(t, "nothing is awaited", func() bool { return pair[0].PendingAcks() == 0 })
	}
}
