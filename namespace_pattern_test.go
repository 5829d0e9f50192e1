package brio_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio"
)

func TestPatternMatches(t *testing.T) {
	tests := []struct {
		pattern, name string
		want          string // key=value …; "" for no match
	}{
		{"/org-{id}", "/org-7", "id=7"},
		{"/org-{id}", "/org-{id}", "id={id}"},
		{"/org-{id}", "/org-ü", "id=ü"},
		{"/org-{id}", "/org-", ""},
		{"/org-{id}", "/org-7/x", ""},
		{"/org-{id}", "/xorg-7", ""},
		{"/org-{id}", "/org-\x7f", ""},
		{"/org-{id}", "/org-a\x1e42", ""},
		{"/{a}-{b}", "/x-y-z", "a=x b=y-z"},
		{"/{a}-{b}", "/--x", "a=- b=x"},
		{"/{a}-{b}", "/-x", ""},
		{"/{a}-{b}", "/x-", ""},
		{"/{a}-{b}", "/x/y-z", ""},
		{"/{a}x{b}/q{c}", "/1x2/q3", "a=1 b=2 c=3"},
		{"/docs/{folder}/{file}.md", "/docs/a/b.md.md", "folder=a file=b.md"},
		{"/docs/{folder}/{file}.md", "/docs/a/.md", ""},
		{"/docs/{folder}/{file}.md", "/docs/a/b/c.md", ""},
		{"/files/{path...}", "/files/a/b", "path=a/b"},
		{"/files/{path...}", "/files/", ""},
		{"/u{user}/{rest...}", "/u1/a/b-c", "user=1 rest=a/b-c"},
	}
	for _, tt := range tests {
		t.Run(tt.pattern+" "+tt.name, func(t *testing.T) {
			server, dial := patternServe(t, brio.Config{})
			server.Of(tt.pattern).On("values", func(_ context.Context, s *brio.Socket, args brio.Args) error {
				var names []string
				if err := args.Scan(&names); err != nil {
					return err
				}
				var list []string
				for _, name := range names {
					list = append(list, name+"="+s.PathValue(name))
				}
				return args.Ack(strings.Join(list, " "), s.PathValue("none"))
			})
			c := dial()
			if tt.want == "" {
				c.wantRefused(tt.name, "Invalid namespace")
				return
			}
			c.join(tt.name)
			var names []string
			for _, pair := range strings.Fields(tt.want) {
				name, _, _ := strings.Cut(pair, "=")
				names = append(names, fmt.Sprintf("%q", name))
			}
			c.send("2" + tt.name + `,0["values",[` + strings.Join(names, ",") + "]]")
			c.want("3" + tt.name + ",0" + fmt.Sprintf(`[%q,""]`, tt.want))
		})
	}
}

func TestPatternPanicsForWhatCanNotBeOne(t *testing.T) {
	for _, name := range []string{"{id}", "/{a}{b}", "/a{", "/a}", "/a{}", "/{1}", "/{a-b}", "/{a}-{a}", "/{a...}/x", "/{a},{b}", "/{a{b}}"} {
		t.Run(name, func(t *testing.T) {
			server, _ := patternServe(t, brio.Config{})
			patternPanics(t, func() { server.Of(name) })
		})
	}
}

func patternPanics(t *testing.T, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("did not panic")
		}
	}()
	f()
}

func TestPatternWhichWins(t *testing.T) {
	server, dial := patternServe(t, brio.Config{})
	first, second, static := server.Of("/org-{id}"), server.Of("/{any}"), server.Of("/org-admin")
	for name, ns := range map[string]*brio.Namespace{"first": first, "second": second, "static": static} {
		ns.OnConnect(func(_ context.Context, s *brio.Socket) error { return s.Emit(name) })
	}
	if server.Of("/org-{id}") != first {
		t.Error("a pattern that is asked for again has another parent")
	}
	c := dial()
	for name, want := range map[string]string{"/org-1": "first", "/other": "second", "/org-admin": "static"} {
		c.join(name)
		c.want("2" + name + `,["` + want + `"]`)
	}
	patternPanics(t, func() { server.Of("/org-1") })
	patternPanics(t, func() { first.Child("/other") })
	patternPanics(t, func() { second.Child("/org-1") })
	patternPanics(t, func() { second.Child("/org-admin") })
	patternPanics(t, func() { static.Child("/org-1") })
}

func TestPatternChildrenShareHandlersAndNothingElse(t *testing.T) {
	server, dial := patternServe(t, brio.Config{})
	orgs := server.Of("/org-{id}")
	orgs.On("join", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		s.Join("room")
		return args.Ack(s.Namespace().Name())
	})
	orgs.On("say", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		return s.Namespace().To("room").Emit("said")
	})
	one, two := dial(), dial()
	one.join("/org-1")
	two.join("/org-2")
	one.send(`2/org-1,0["join"]`)
	one.want(`3/org-1,0["/org-1"]`)
	two.send(`2/org-2,0["join"]`)
	two.want(`3/org-2,0["/org-2"]`)

	one.send(`2/org-1,["say"]`)
	one.want(`2/org-1,["said"]`)
	two.send(`2/org-2,["say"]`)
	two.want(`2/org-2,["said"]`) // and not what was said in the other

	child := slices.Collect(orgs.Sockets())[0].Namespace()
	patternPanics(t, func() { child.On("more", nil) })
}

func TestPatternParentReachesAllChildren(t *testing.T) {
	server, dial := patternServe(t, brio.Config{})
	orgs := server.Of("/org-{id}")
	orgs.OnConnect(func(_ context.Context, s *brio.Socket) error {
		s.Join("room " + s.PathValue("id"))
		return s.Emit("ready")
	})
	clients := map[string]*patternClient{}
	for _, name := range []string{"/org-1", "/org-2", "/org-3"} {
		clients[name] = dial()
		clients[name].join(name)
		clients[name].want("2" + name + `,["ready"]`)
	}

	if err := orgs.Emit("all", 1); err != nil {
		t.Fatal(err)
	}
	if err := orgs.To("room 2", "room 3").Except("room 3").Emit("some"); err != nil {
		t.Fatal(err)
	}
	if err := orgs.Broadcast().Emit("last", brio.Binary("b")); err != nil {
		t.Fatal(err)
	}
	for name, c := range clients {
		c.want("2" + name + `,["all",1]`)
		if name == "/org-2" {
			c.want("2" + name + `,["some"]`)
		}
		c.want("51-" + name + `,["last",{"_placeholder":true,"num":0}]`)
	}

	var ids []string
	for s := range orgs.Sockets() {
		ids = append(ids, s.PathValue("id"))
		if orgs.Socket(s.ID()) != s {
			t.Errorf("socket of %s is not found by its id", s.Namespace().Name())
		}
	}
	slices.Sort(ids)
	if diff := cmp.Diff([]string{"1", "2", "3"}, ids); diff != "" {
		t.Error(diff)
	}
	if orgs.Socket("nobody") != nil {
		t.Error("a socket that does not exist was found")
	}
}

func TestPatternParentCollectsAnswers(t *testing.T) {
	server, dial := patternServe(t, brio.Config{})
	orgs := server.Of("/org-{id}")
	ready := make(chan struct{}, 3)
	orgs.OnConnect(func(context.Context, *brio.Socket) error {
		ready <- struct{}{}
		return nil
	})
	for i, name := range []string{"/org-1", "/org-1", "/org-2"} {
		c := dial()
		c.join(name)
		<-ready
		go func() { // ends with the packet, or the connection
			p := <-c.packets
			id := strings.TrimSuffix(strings.TrimPrefix(p, "2"+name+","), `["ask"]`)
			c.send(fmt.Sprintf("3%s,%s[%d]", name, id, i))
		}()
	}
	one, err := orgs.Child("/org-1")
	if err != nil {
		t.Fatal(err)
	}
	for range one.To("nobody").All(t.Context(), "ask") { // no socket: uses no id
		t.Error("an answer from nobody")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	sum := 0
	for a, err := range (brio.Call[brio.None, int]("ask")).All(ctx, orgs.Broadcast(), brio.None{}) {
		if err != nil {
			t.Fatal(err)
		}
		sum += a.Value
	}
	if sum != 3 {
		t.Errorf("answers add up to %d, want 3", sum)
	}
}

func TestNewNamespaceIsAnnounced(t *testing.T) {
	server, dial := patternServe(t, brio.Config{})
	names := make(chan string, 10)
	server.OnNewNamespace(func(ns *brio.Namespace) { names <- ns.Name() + " " + ns.PathValue("id") })
	server.Of("/org-{id}").Use(func(_ context.Context, s *brio.Socket) error {
		names <- "middleware"
		return nil
	})
	server.Of("/static")
	server.Of("/static")
	c := dial()
	c.join("/org-1")
	dial().join("/org-1")
	c.join("/static")
	close(names)
	var got []string
	for name := range names {
		got = append(got, name)
	}
	if diff := cmp.Diff([]string{"/static ", "/org-1 1", "middleware", "middleware"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTooManyNamespaces(t *testing.T) {
	server, dial := patternServe(t, brio.Config{MaxNamespaces: 3})
	left := make(chan struct{}, 100)
	orgs := server.Of("/org-{id}")
	orgs.OnDisconnect(func(context.Context, *brio.Socket, brio.Reason) error {
		left <- struct{}{}
		return nil
	})
	orgs.On("kick", func(_ context.Context, s *brio.Socket, _ brio.Args) error {
		s.Disconnect()
		return nil
	})
	c := dial()
	for i := range 3 {
		c.join(fmt.Sprintf("/org-%d", i))
	}
	c.wantRefused("/org-3", "too many namespaces")
	c.wantRefused("/org-4", "too many namespaces")
	dial().join("/org-5") // another's connection is not concerned
	c.leave("/org-0")
	<-left
	patternUntil(t, func() bool {
		c.send("0/org-3,")
		return strings.HasPrefix(c.next(), `0/org-3,{"sid"`)
	})
}

func TestNamespacesThatTheServerHasLeftDoNotCount(t *testing.T) {
	server, dial := patternServe(t, brio.Config{MaxNamespaces: 2})
	left := make(chan struct{}, 100)
	orgs := server.Of("/org-{id}")
	orgs.OnDisconnect(func(context.Context, *brio.Socket, brio.Reason) error {
		left <- struct{}{}
		return nil
	})
	orgs.On("kick", func(_ context.Context, s *brio.Socket, _ brio.Args) error {
		s.Disconnect()
		return nil
	})
	c := dial()
	c.join("/org-stays")
	for i := range 20 {
		name := fmt.Sprintf("/org-%d", i)
		patternUntil(t, func() bool {
			c.send("0" + name + ",")
			return strings.HasPrefix(c.next(), "0"+name+`,{"sid"`)
		})
		c.send("2" + name + `,["kick"]`)
		c.want("1" + name + ",")
		<-left
		c.send("2" + name + `,["late"]`) // ignored
	}
	if err := orgs.Emit("still"); err != nil {
		t.Fatal(err)
	}
	c.want(`2/org-stays,["still"]`)
}

// patternUntil waits for what has no signal of its own.
func patternUntil(t *testing.T, done func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for !done() {
		select {
		case <-deadline:
			t.Fatal("it did not come to be")
		case <-time.After(time.Millisecond):
		}
	}
}
