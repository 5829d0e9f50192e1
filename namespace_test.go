package brio_test

import (
	"context"
	"slices"
	"testing"

	"github.com/briohq/brio"
)

func nothing(context.Context, *brio.Socket, brio.Args) error { return nil }

func TestRegistrationPanics(t *testing.T) {
	server := brio.NewServer(brio.Config{})
	defer server.Shutdown(t.Context())
	ns := server.Of("/")
	ns.On("taken", nothing)
	for _, event := range []string{"taken", "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"} {
		if !panics(func() { ns.On(event, nothing) }) {
			t.Errorf("On(%q) does not panic", event)
		}
	}
	if !panics(func() {
		brio.Event[int]("taken").Handle(ns, func(context.Context, *brio.Socket, int) error { return nil })
	}) {
		t.Error("Event.Handle of an event with a handler does not panic")
	}
	for _, name := range []string{"", "chat", "chat/", "/a,b"} {
		if !panics(func() { server.Of(name) }) {
			t.Errorf("Of(%q) does not panic", name)
		}
	}
	server.Of("/other").On("taken", nothing) // another namespace, another table
	if other := server.Of("/other"); other != server.Of("/other") || other == ns {
		t.Error("Of returns not one namespace for a name")
	}
	diff(t, "name", server.Of("/other").Name(), "/other")
}

func TestNamespacesAreApart(t *testing.T) {
	w := newSite(t, brio.Config{})
	one, two := w.Of("/"), w.Of("/two")
	for _, ns := range []*brio.Namespace{one, two} {
		ns.On("where", func(_ context.Context, s *brio.Socket, args brio.Args) error {
			return args.Ack(s.Namespace().Name())
		})
	}
	p := w.connect("/", "")
	id := p.id
	p.namespace = "/two,"
	p.auth("")
	diff(t, "answer in /two", p.call(`"where"`), `["/two"]`)
	p.namespace = ""
	diff(t, "answer in /", p.call(`"where"`), `["/"]`)

	if got := slices.Collect(one.Sockets()); len(got) != 1 || got[0].ID() != id {
		t.Errorf("Sockets of /: %v", got)
	}
	if two.Socket(id) != nil || one.Socket("nobody") != nil || one.Socket(id) == nil {
		t.Error("Socket finds the wrong one")
	}
	diff(t, "stats", w.Stats(), brio.Stats{Connections: 1, Sockets: 2, Namespaces: 2})

	one.Socket(id).Join("room")
	if two.To("room").Emit("no") != nil || two.Emit("only two") != nil || one.To("room").Emit("only one") != nil {
		t.Fatal("not emitted")
	}
	packets := []string{p.read(), p.read()}
	slices.Sort(packets)
	diff(t, "packets", packets, []string{`2/two,["only two"]`, `2["only one"]`})
}

func TestLeavingOneNamespaceKeepsTheOthers(t *testing.T) {
	w := newSite(t, brio.Config{})
	gone := make(chan brio.Reason, 1)
	w.Of("/two").OnDisconnect(func(_ context.Context, _ *brio.Socket, reason brio.Reason) error {
		gone <- reason
		return nil
	})
	w.Of("/").On("ping", func(_ context.Context, _ *brio.Socket, args brio.Args) error { return args.Ack() })
	p := w.connect("/", "")
	p.namespace = "/two,"
	p.auth("")
	p.leave()
	diff(t, "reason", take(t, gone), brio.ClientNamespaceDisconnect)
	p.namespace = ""
	diff(t, "answer", p.call(`"ping"`), "[]")
	p.namespace = "/two,"
	p.auth("") // and it may come back
}
