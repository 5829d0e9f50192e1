package adaptertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/protocol"
)

const (
	namespace = "/test"
	patience  = 10 * time.Second // how long a test waits for what must come
	a         = 0                // the node that does things
)

// Cluster is what adapters of several nodes are made by.
type Cluster struct {
	Nodes []adapter.New
	// Kill makes a node die without a word, so that the others have to notice.
	// With nil that is not tested.
	Kill func(node int)
}

// Run tests an adapter, in clusters of that many nodes: 1 for one that knows no
// others. What open returns is not used after its test has ended. Nodes may take
// a moment to know of each other, and what is told may take its time to arrive.
func Run(t *testing.T, nodes int, open func(t *testing.T) Cluster) {
	for name, test := range map[string]func(*cluster){
		"Broadcast":              (*cluster).broadcast,
		"BroadcastKeepsItsOrder": (*cluster).order,
		"BroadcastSaysHow":       (*cluster).how,
		"TellSockets":            (*cluster).tellSockets,
		"TellServers":            (*cluster).tellServers,
		"Ask":                    (*cluster).ask,
		"AskServers":             (*cluster).askServers,
		"AskInVain":              (*cluster).askInVain,
		"AskServersInVain":       (*cluster).askServersInVain,
		"AskTheDead":             (*cluster).askTheDead,
		"AskIsLeftEarly":         (*cluster).leaveEarly,
		"AskAtOnce":              (*cluster).askAtOnce,
		"Close":                  (*cluster).close,
	} {
		t.Run(name, func(t *testing.T) { test(start(t, nodes, open(t))) })
	}
}

// cluster is the nodes that are tested, and others beside them, to which the
// test does by hand what the adapters should do.
type cluster struct {
	t      *testing.T
	kill   func(int)
	nodes  []*node
	models []*node
}

func start(t *testing.T, nodes int, made Cluster) *cluster {
	t.Helper()
	c := &cluster{t: t, kill: made.Kill}
	for i := range nodes {
		n := newNode(i)
		var err error
		if n.Adapter, err = made.Nodes[i](namespace, n); err != nil {
			t.Fatal("no adapter: ", err)
		}
		c.nodes, c.models = append(c.nodes, n), append(c.models, newNode(i))
		t.Cleanup(func() {
			if !n.closed {
				c.closeNode(n)
			}
		})
	}
	for _, n := range c.nodes {
		c.eventually("the nodes know each other", func() bool { return c.count(n) == 2*nodes })
	}
	return c
}

func (c *cluster) context() (context.Context, context.CancelFunc) {
	return context.WithTimeout(c.t.Context(), patience)
}

func (c *cluster) eventually(what string, holds func() bool) {
	c.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			c.t.Fatal("never: ", what)
		}
	}
}

// count returns how many sockets there seem to be, -1 if that is not known.
func (c *cluster) count(n *node) int {
	ctx, cancel := c.context()
	defer cancel()
	sum := 0
	for reply, err := range n.Ask(ctx, adapter.Request{Op: adapter.Count, Options: everyone}) {
		if err != nil {
			return -1
		}
		sum += reply.Count
	}
	return sum
}

// expect waits until the nodes are as their models.
func (c *cluster) expect(what string) {
	c.t.Helper()
	same := func() bool {
		return slices.EqualFunc(c.nodes, c.models, func(n, model *node) bool { return n.state() == model.state() })
	}
	defer func() {
		if c.t.Failed() {
			for i, n := range c.nodes {
				c.t.Logf("%s: node is\n%s\nand should be\n%s", what, n.state(), c.models[i].state())
			}
		}
	}()
	c.eventually(what, same)
}

var everyone = adapter.Options{Everyone: true}

// selections are options of all kinds.
var selections = map[string]adapter.Options{
	"everyone":        everyone,
	"nobody":          {},
	"a room":          {Rooms: []string{"kind 1"}},
	"rooms":           {Rooms: []string{"all", "kind 1"}},
	"an id elsewhere": {Rooms: []string{"b2"}},
	"an id here":      {Rooms: []string{"a1"}},
	"but a room":      {Everyone: true, Except: []string{"kind 2", "a1"}},
	"a room but some": {Rooms: []string{"all"}, Except: []string{"node b"}},
	"this node":       {Everyone: true, Local: true},
	"a room of this":  {Rooms: []string{"kind 2"}, Local: true},
}

// reached returns which models something of node a reaches.
func (c *cluster) reached(o adapter.Options) []*node {
	if o.Local {
		return c.models[:1]
	}
	return c.models
}

func event(name string, args ...any) *protocol.Packet {
	data, attachments, err := protocol.AppendEvent(nil, nil, name, args...)
	if err != nil {
		panic(err)
	}
	return &protocol.Packet{Type: protocol.Event, Namespace: namespace, Data: data, Attachments: attachments}
}

func (c *cluster) broadcast() {
	for name, o := range selections {
		p := event(name, 1, "ü", []byte{0, 255}, map[string]any{"b": []byte("x")})
		if err := c.nodes[a].Broadcast(p, o); err != nil {
			c.t.Fatal(name, ": ", err)
		}
		for _, model := range c.reached(o) {
			model.Deliver(p, o)
		}
		c.expect(name)
	}
}

func (c *cluster) order() {
	for i := range 200 {
		p := event("n", i)
		if err := c.nodes[a].Broadcast(p, everyone); err != nil {
			c.t.Fatal(err)
		}
		for _, model := range c.models {
			model.Deliver(p, everyone)
		}
	}
	c.expect("events in their order")
}

func (c *cluster) how() {
	for name, o := range map[string]adapter.Options{
		"volatile":     {Everyone: true, Volatile: true},
		"latest":       {Everyone: true, Latest: `a "key", ü`},
		"uncompressed": {Everyone: true, Uncompressed: true},
		"all of it":    {Rooms: []string{"kind 1"}, Volatile: true, Latest: "k", Uncompressed: true},
	} {
		p := event(name)
		if err := c.nodes[a].Broadcast(p, o); err != nil {
			c.t.Fatal(name, ": ", err)
		}
		for _, model := range c.models {
			model.Deliver(p, o)
		}
		c.expect(name)
	}
}

func (c *cluster) tellSockets() {
	tell := func(r adapter.Request) {
		c.t.Helper()
		if err := c.nodes[a].Tell(r); err != nil {
			c.t.Fatal(r, ": ", err)
		}
		for _, model := range c.reached(r.Options) {
			model.Do(r)
		}
		c.expect(fmt.Sprint(r))
	}
	for name, o := range selections {
		tell(adapter.Request{Op: adapter.Join, Options: o, Rooms: []string{"x " + name, "y " + name}})
		tell(adapter.Request{Op: adapter.Leave, Options: o, Rooms: []string{"x " + name, "node a"}})
	}
	tell(adapter.Request{Op: adapter.Disconnect, Options: adapter.Options{Rooms: []string{"kind 1"}, Local: true}})
	tell(adapter.Request{Op: adapter.Disconnect, Options: adapter.Options{Rooms: []string{"kind 1"}}})
	tell(adapter.Request{Op: adapter.Close, Options: everyone})
}

func (c *cluster) tellServers() {
	for i := range 20 {
		r := adapter.Request{Op: adapter.Emit, Event: event("n", i, []byte("x"))}
		if err := c.nodes[a].Tell(r); err != nil {
			c.t.Fatal(err)
		}
		for _, model := range c.models[1:] {
			model.Do(r)
		}
	}
	c.expect("events of the servers, on the other nodes only")
}

// lines are replies in a form that can be compared: each of their parts, without
// the node, in order.
func lines(r adapter.Reply) []string {
	var list []string
	for _, id := range r.Asked {
		list = append(list, "asked "+id)
	}
	if r.Answer != nil {
		line := fmt.Sprintf("answer of %q: %s %q", r.Answer.Socket, r.Answer.Ack.Args().Raw(0), r.Answer.Ack.Attachments)
		if f := r.Answer.Failure; f != nil {
			line += fmt.Sprintf(" failed: %s %s", f.Message, f.Data)
		}
		list = append(list, line)
	}
	for _, p := range r.Peers {
		text, _ := json.Marshal(p)
		list = append(list, string(text))
	}
	for room, n := range r.Rooms {
		list = append(list, fmt.Sprint(room, ": ", n))
	}
	if r.Count > 0 {
		list = append(list, fmt.Sprint("count ", r.Count))
	}
	return list
}

// compare asks node a, and fails the test unless it replies what its models
// would. Every other node must have a name.
func (c *cluster) compare(what string, r adapter.Request, models []*node) {
	c.t.Helper()
	ctx, cancel := c.context()
	defer cancel()
	byNode := map[string][]string{}
	for reply, err := range c.nodes[a].Ask(ctx, r) {
		if err != nil {
			c.t.Errorf("%s: %v", what, err)
		}
		byNode[reply.Node] = append(byNode[reply.Node], lines(reply)...)
	}
	var got, want []string
	for node, list := range byNode {
		slices.Sort(list)
		got = append(got, fmt.Sprintf("%t %q", node == "", list))
	}
	for _, model := range models {
		var list []string
		for reply, err := range model.Answer(ctx, r) {
			if err != nil {
				c.t.Errorf("%s: %v", what, err)
			}
			list = append(list, lines(reply)...)
		}
		slices.Sort(list)
		want = append(want, fmt.Sprintf("%t %q", model == c.models[a], list))
	}
	empty := func(s string) bool { return strings.HasSuffix(s, "[]") } // as good as no reply
	got, want = slices.DeleteFunc(got, empty), slices.DeleteFunc(want, empty)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		c.t.Errorf("%s: got\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (c *cluster) ask() {
	for name, o := range selections {
		for _, r := range []adapter.Request{
			{Op: adapter.Call, Event: event("all", 1, []byte("x"))},
			{Op: adapter.Call, Event: event("second", 1)},
			{Op: adapter.Peers},
			{Op: adapter.Count},
			{Op: adapter.Rooms},
		} {
			r.Options = o
			c.compare(string(r.Op)+" "+name, r, c.reached(o))
		}
	}
}

func (c *cluster) askServers() {
	for _, name := range []string{"hello", "fail"} {
		c.compare(name, adapter.Request{Op: adapter.Emit, Event: event(name, 1)}, c.models[1:])
	}
}

var errLate = errors.New("too late")

// askInVain asks sockets that do not answer until the context ends.
func (c *cluster) askInVain() {
	ctx, cancel := context.WithCancelCause(c.t.Context())
	defer cancel(nil)
	asked, answers := 0, 0
	for reply, err := range c.nodes[a].Ask(ctx, adapter.Request{Op: adapter.Call, Event: event("silent"), Options: everyone}) {
		if err != nil {
			c.t.Error(err) // who is silent is known
		}
		asked += len(reply.Asked)
		if reply.Answer != nil {
			answers++
		}
		if asked == 2*len(c.nodes) && answers == len(c.nodes) {
			cancel(errLate)
		}
	}
	if answers != len(c.nodes) {
		c.t.Errorf("answers: got %d, want %d", answers, len(c.nodes))
	}
}

// askServersInVain asks servers that do not answer until the context ends.
func (c *cluster) askServersInVain() {
	ctx, cancel := context.WithCancelCause(c.t.Context())
	defer cancel(nil)
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() {
		for _, n := range c.nodes[1:] {
			select {
			case <-n.asked:
			case <-time.After(patience):
				c.t.Error("never asked: ", n.name)
			}
		}
		cancel(errLate)
	})
	var missing []string
	for reply, err := range c.nodes[a].Ask(ctx, adapter.Request{Op: adapter.Emit, Event: event("silent")}) {
		gone, ok := errors.AsType[*adapter.MissingError](err)
		if !ok || !errors.Is(err, errLate) || missing != nil {
			c.t.Errorf("got %v and %v, want the nodes that are missing", lines(reply), err)
			continue
		}
		missing = gone.Nodes
	}
	if len(missing) != len(c.nodes)-1 {
		c.t.Errorf("missing: %q", missing)
	}
}

// askTheDead asks a cluster in which a node has died.
func (c *cluster) askTheDead() {
	if c.kill == nil || len(c.nodes) == 1 {
		return
	}
	last := len(c.nodes) - 1
	c.kill(last)
	for _, r := range []adapter.Request{
		{Op: adapter.Count, Options: everyone},
		{Op: adapter.Call, Options: everyone, Event: event("all")},
	} {
		ctx, cancel := context.WithCancel(c.t.Context())
		count, answers := 0, 0
		var missing *adapter.MissingError
		for reply, err := range c.nodes[a].Ask(ctx, r) {
			if err != nil && !errors.As(err, &missing) {
				c.t.Error(err)
			}
			count += reply.Count
			if reply.Answer != nil {
				answers++
			}
			if count == 2*last || answers == 2*last { // the others have replied
				cancel()
			}
		}
		cancel()
		if missing == nil || len(missing.Nodes) != 1 || missing.Err == nil {
			c.t.Errorf("%s: the missing node is not named: %v", r.Op, missing)
		}
	}
	if err := c.nodes[a].Broadcast(event("on"), everyone); err != nil {
		c.t.Fatal(err)
	}
	for _, model := range c.models[:last] {
		model.Deliver(event("on"), everyone)
	}
	c.expect("the others get what is broadcast")
}

func (c *cluster) leaveEarly() {
	for _, r := range []adapter.Request{
		{Op: adapter.Call, Options: everyone, Event: event("silent")},
		{Op: adapter.Peers, Options: everyone},
	} {
		for _, err := range c.nodes[a].Ask(c.t.Context(), r) {
			if err != nil {
				c.t.Errorf("%s: %v", r.Op, err)
			}
			break
		}
		_ = c.nodes[a].Ask(c.t.Context(), r) // nothing is sent before the range
	}
	c.compare("afterwards", adapter.Request{Op: adapter.Peers, Options: everyone}, c.models)
}

// askAtOnce lets all nodes ask, tell and broadcast at once.
func (c *cluster) askAtOnce() {
	var group sync.WaitGroup
	for _, n := range c.nodes {
		group.Go(func() {
			for i := range 20 {
				if err := n.Broadcast(event("n", i), everyone); err != nil {
					c.t.Error(err)
				}
				if err := n.Tell(adapter.Request{Op: adapter.Join, Options: everyone, Rooms: []string{"new"}}); err != nil {
					c.t.Error(err)
				}
				if got := c.count(n); got != 2*len(c.nodes) {
					c.t.Errorf("count: %d", got)
				}
			}
		})
	}
	group.Wait()
}

func (c *cluster) closeNode(n *node) {
	n.closed = true
	if err := n.Close(); err != nil {
		c.t.Error("close: ", err)
	}
}

func (c *cluster) close() {
	last := len(c.nodes) - 1
	gone := c.nodes[last]
	c.closeNode(gone)
	if err := errors.Join(gone.Broadcast(event("late"), everyone), gone.Tell(adapter.Request{Op: adapter.Emit, Event: event("late")})); err != nil {
		c.t.Log("told by a closed adapter: ", err) // which is as good
	}
	for reply, err := range gone.Ask(c.t.Context(), adapter.Request{Op: adapter.Emit, Event: event("late")}) {
		c.t.Errorf("asked by a closed adapter: %v, %v", lines(reply), err)
	}
	if last == 0 {
		return
	}
	c.eventually("the others know", func() bool { return c.count(c.nodes[a]) == 2*last })
	if err := c.nodes[a].Broadcast(event("on"), everyone); err != nil {
		c.t.Fatal(err)
	}
	for _, model := range c.models[:last] {
		model.Deliver(event("on"), everyone)
	}
	c.nodes, c.models = c.nodes[:last], c.models[:last]
	c.expect("only the others get what is broadcast")
}
