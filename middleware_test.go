package brio_test

import (
	"context"
	"slices"
	"testing"

	"github.com/briohq/brio"
)

func TestMiddlewareRunsInOrderBeforeConnect(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	steps := make(chan string, 8)
	step := func(name string) func(context.Context, *brio.Socket) error {
		return func(context.Context, *brio.Socket) error { steps <- name; return nil }
	}
	ns.Use(step("first"))
	ns.OnConnect(step("connected"))
	ns.Use(step("second"))
	ns.OnConnect(step("connected again"))
	w.connect("/", "")
	var got []string
	for range 4 {
		got = append(got, take(t, steps))
	}
	diff(t, "steps", got, []string{"first", "second", "connected", "connected again"})
}

func TestMiddlewareRefuses(t *testing.T) {
	var diary journal
	w := newSite(t, brio.Config{Logger: diary.logger()})
	ns := w.Of("/closed")
	ns.Use(func(_ context.Context, s *brio.Socket) error {
		s.Join("room")
		var auth struct{ As string }
		_ = s.Handshake().ScanAuth(&auth)
		switch auth.As {
		case "member":
			return nil
		case "stranger":
			return &brio.Error{Message: "not a member", Data: map[string]int{"status": 403}}
		case "odd":
			return &brio.Error{Message: "odd", Data: make(chan int)} // can't be encoded
		}
		return errTest
	})
	ns.Use(func(_ context.Context, s *brio.Socket) error {
		if s.Handshake().Auth != nil && !s.Connected() {
			return nil
		}
		t.Error("the second middleware runs for a socket that the first has refused")
		return nil
	})
	ns.OnConnect(func(_ context.Context, s *brio.Socket) error { return s.Emit("welcome") })
	ns.OnDisconnect(func(context.Context, *brio.Socket, brio.Reason) error {
		t.Error("OnDisconnect of a socket that was not let in")
		return nil
	})
	p := w.visit("/closed")
	tests := []struct{ name, auth, want string }{
		{"an Error, with data", `{"as":"stranger"}`, `4/closed,{"message":"not a member","data":{"status":403}}`},
		{"data that can't be encoded", `{"as":"odd"}`, `4/closed,{"message":"odd"}`},
		{"any other error", `{"as":"?"}`, `4/closed,{"message":"internal error"}`},
		{"an unknown namespace", "", `4/none,{"message":"Invalid namespace"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p.t = t
			if test.auth == "" {
				p.write("0/none,")
			} else {
				p.write("0/closed," + test.auth)
			}
			p.expect(test.want)
		})
	}
	p.t = t
	eventually(t, "nobody refused is left in a room or counted", func() bool {
		return len(slices.Collect(ns.In("room").Sockets())) == 0 && w.Stats().Sockets == 0
	})
	logged := diary.find("middleware failed")
	if len(logged) != 1 || !logged[0].fails(errTest) || logged[0].Attr["namespace"] != "/closed" {
		t.Errorf("log of what the client is not told: %v", logged)
	}
	w.close() // ends the connection, and with it nothing that OnDisconnect would hear of
}

// A refused client is still connected, and may try again.
func TestRefusedClientMayTryAgain(t *testing.T) {
	w := newSite(t, brio.Config{})
	w.Of("/").Use(func(_ context.Context, s *brio.Socket) error {
		if s.Handshake().Auth == nil {
			return brio.Errorf("who are you?")
		}
		return nil
	})
	p := w.visit("/")
	for range 3 {
		diff(t, "refusal", p.auth(""), `{"message":"who are you?"}`)
	}
	if got := p.auth(`{}`); !slices.Contains([]byte(got), 's') {
		t.Errorf("not let in: %s", got)
	}
}

func TestNothingIsDeliveredBeforeSocketIsLetIn(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	waiting, release := make(chan *brio.Socket), make(chan struct{})
	ns.Use(func(_ context.Context, s *brio.Socket) error {
		s.Join("room")
		waiting <- s
		<-release
		return nil
	})
	p := w.visit("/")
	p.write("0")
	s := take(t, waiting)
	if s.Connected() || ns.Socket(s.ID()) != nil || len(slices.Collect(ns.To("room").Sockets())) != 0 {
		t.Error("a socket is there before it is let in")
	}
	for _, target := range []brio.Target{ns.Broadcast(), ns.To("room"), ns.To(s.ID())} {
		if err := target.Emit("early"); err != nil {
			t.Fatal(err)
		}
	}
	for range ns.To("room").All(t.Context(), "early") {
		t.Error("asked before it is let in")
	}
	close(release)
	p.expect(`0{"sid":"` + s.ID() + `"}`)
	if err := ns.To("room").Emit("now"); err != nil { // what a client does on connect may have this effect at once
		t.Fatal(err)
	}
	p.expect(`2["now"]`)
}

// Whoever knows that a client has connected can reach it, and the client may
// send at once.
func TestConnectedMeansReachable(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	ns.On("hello", func(_ context.Context, _ *brio.Socket, args brio.Args) error { return args.Ack() })
	for range 50 {
		p := w.connect("/", "")
		if err := ns.To(p.id).Emit("welcome"); err != nil {
			t.Fatal(err)
		}
		p.expect(`2["welcome"]`)
		q := w.connect("/", "")
		diff(t, "answer", q.call(`"hello"`), "[]")
	}
}
