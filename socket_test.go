package brio_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/briohq/brio"
)

func TestHandlersOfOneSocketRunInOrder(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	running := make(chan struct{}, 1) // full while a handler runs
	var got []int
	ns.On("n", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
		select {
		case running <- struct{}{}:
		default:
			t.Error("two handlers of one socket run at a time")
		}
		var n int
		err := args.Scan(&n)
		got = append(got, n) // the race detector sees whether this is safe
		<-running
		return err
	})
	ns.On("end", func(_ context.Context, _ *brio.Socket, args brio.Args) error { return args.Ack(got) })
	p := w.connect("/", "")
	want := "[["
	for i := range 200 {
		p.emit(`"n",` + string(rune('0'+i%10)))
		want += string(rune('0'+i%10)) + ","
	}
	diff(t, "order", p.call(`"end"`), strings.TrimSuffix(want, ",")+"]]")
}

func TestHandlersOfDifferentSocketsRunConcurrently(t *testing.T) {
	w := newSite(t, brio.Config{})
	met := make(chan struct{})
	w.Of("/").On("meet", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
		select { // each needs another to run meanwhile
		case met <- struct{}{}:
		case <-met:
		}
		return args.Ack("met")
	})
	p, q := w.connect("/", ""), w.connect("/", "")
	p.ask(`"meet"`)
	q.ask(`"meet"`)
	p.expect(`30["met"]`)
	q.expect(`30["met"]`)
}

// What came before a disconnect is handled, in order; then OnDisconnect runs,
// with a context to work with, while the socket is still in its rooms.
func TestEventsBeforeADisconnectAreHandled(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	begun, steps := make(chan struct{}), make(chan string, 8)
	ns.On("wait", func(ctx context.Context, s *brio.Socket, _ brio.Args) error {
		close(begun)
		<-ctx.Done()
		var why *brio.Disconnect
		cause := context.Cause(ctx)
		if !errors.Is(cause, brio.ErrDisconnected) || !errors.As(cause, &why) || why.Reason != brio.ClientNamespaceDisconnect {
			t.Errorf("cause of the context: %v", cause)
		}
		if s.Context().Err() == nil || s.Connected() {
			t.Error("the socket does not know that it has disconnected")
		}
		steps <- "wait"
		return nil
	})
	ns.On("step", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		var name string
		err := args.Scan(&name)
		s.Join(name)
		steps <- name
		return err
	})
	ns.OnDisconnect(func(ctx context.Context, s *brio.Socket, reason brio.Reason) error {
		if ctx.Err() != nil {
			t.Error("the context of OnDisconnect has ended")
		}
		rooms := s.Rooms()
		slices.Sort(rooms[1:])
		steps <- string(reason) + " in " + strings.Join(rooms[1:], ", ")
		return nil
	})
	ns.OnDisconnect(func(context.Context, *brio.Socket, brio.Reason) error { steps <- "last"; return nil })
	p := w.connect("/", "")
	p.emit(`"wait"`)
	p.emit(`"step","one"`)
	p.emit(`"step","two"`)
	take(t, begun)
	p.leave()
	var got []string
	for range 5 {
		got = append(got, take(t, steps))
	}
	diff(t, "steps", got, []string{"wait", "one", "two", "client namespace disconnect in one, two", "last"})
	eventually(t, "the socket is gone", func() bool { return w.Stats().Sockets == 0 })
}

func TestBrokenConnectionDisconnects(t *testing.T) {
	w := newSite(t, brio.Config{})
	gone := make(chan brio.Reason, 1)
	w.Of("/").OnDisconnect(func(_ context.Context, _ *brio.Socket, reason brio.Reason) error { gone <- reason; return nil })
	p := w.connect("/", "")
	s := w.Of("/").Socket(p.id)
	p.close()
	diff(t, "reason", take(t, gone), brio.TransportClose)
	eventually(t, "the namespace forgets the socket", func() bool { return w.Of("/").Socket(p.id) == nil && s.Rooms() == nil })
	s.Join("room")
	if s.Rooms() != nil {
		t.Error("a socket that is gone has joined a room")
	}
	s.Disconnect()
	s.Close()
}

// The server disconnects a socket. What the client sent before it knew costs it
// nothing, and it may connect again.
func TestServerDisconnectsASocket(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns, other := w.Of("/left"), w.Of("/")
	gone := make(chan brio.Reason, 2)
	ns.On("late", func(context.Context, *brio.Socket, brio.Args) error {
		t.Error("an event of a socket that has been disconnected is handled")
		return nil
	})
	ns.OnDisconnect(func(_ context.Context, s *brio.Socket, reason brio.Reason) error {
		s.Disconnect() // does nothing more
		gone <- reason
		return nil
	})
	other.On("ping", func(_ context.Context, _ *brio.Socket, args brio.Args) error { return args.Ack() })
	p := w.connect("/", "")
	p.namespace = "/left,"
	p.auth("")
	for s := range ns.Sockets() {
		s.Disconnect()
	}
	p.emit(`"late"`)
	p.ask(`"late"`)
	p.answer("0", "1")
	p.leave()
	p.expect("1/left,")
	diff(t, "reason", take(t, gone), brio.ServerNamespaceDisconnect)
	p.auth("")
	p.namespace = ""
	diff(t, "answer in the other namespace", p.call(`"ping"`), "[]")
	if n := len(slices.Collect(ns.Sockets())); n != 1 {
		t.Errorf("%d sockets after it has come back", n)
	}
	p.namespace = "/left,"
	p.leave()
	diff(t, "reason", take(t, gone), brio.ClientNamespaceDisconnect)
}

func TestHandlerDisconnectsItsSocket(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	gone := make(chan struct{})
	ns.On("bye", func(ctx context.Context, s *brio.Socket, _ brio.Args) error {
		err := s.Emit("farewell")
		s.Disconnect()
		if ctx.Err() == nil {
			t.Error("the context has not ended")
		}
		return err
	})
	ns.OnDisconnect(func(context.Context, *brio.Socket, brio.Reason) error { close(gone); return nil })
	p := w.connect("/", "")
	p.emit(`"bye"`)
	p.expect(`2["farewell"]`, "1")
	take(t, gone)
}

// A client that has been disconnected closes its connection at once: the reason
// is the server's nevertheless.
func TestTheFirstReasonCounts(t *testing.T) {
	w := newSite(t, brio.Config{})
	gone := make(chan brio.Reason, 1)
	w.Of("/").On("bye", func(_ context.Context, s *brio.Socket, _ brio.Args) error { s.Disconnect(); return nil })
	w.Of("/").OnDisconnect(func(_ context.Context, _ *brio.Socket, reason brio.Reason) error { gone <- reason; return nil })
	for range 100 {
		p := w.connect("/", "")
		p.emit(`"bye"`)
		p.expect("1")
		p.close()
		diff(t, "reason", take(t, gone), brio.ServerNamespaceDisconnect)
	}
}

// An acknowledgement does not come after the disconnection: the client may be back
// in the namespace, and wait for another of the same id.
func TestAcknowledgementAfterTheDisconnection(t *testing.T) {
	j := &journal{}
	w := newSite(t, brio.Config{Logger: j.logger()})
	ns := w.Of("/")
	ns.On("bye", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		s.Disconnect()
		return args.Ack("late")
	})
	ns.On("fails", func(_ context.Context, s *brio.Socket, _ brio.Args) error {
		s.Disconnect()
		return errTest
	})
	gone := make(chan struct{}, 3)
	ns.OnDisconnect(func(context.Context, *brio.Socket, brio.Reason) error { gone <- struct{}{}; return nil })
	p := w.connect("/", "")
	p.ask(`"bye"`)
	p.expect("1")
	take(t, gone)
	p.auth("")
	p.ask(`"fails"`)
	p.expect("1")
	take(t, gone)
	if answer := p.auth(""); !strings.HasPrefix(answer, `{"sid":`) {
		t.Errorf("the answer to CONNECT is %s", answer)
	}
	if failed := j.find("event failed"); len(failed) != 1 || !failed[0].fails(errTest) {
		t.Errorf("logged: %v", failed)
	}
	if failed := j.find("acknowledgement failed"); len(failed) > 0 {
		t.Errorf("logged: %v", failed)
	}
}

// A socket that has left gets no broadcasts, though its handlers still run: the
// client may be back, and would hear them twice.
func TestBroadcastAfterTheDisconnection(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	busy, done := make(chan struct{}), make(chan struct{})
	ns.On("wait", func(context.Context, *brio.Socket, brio.Args) error {
		close(busy)
		<-done
		return nil
	})
	p := w.connect("/", "")
	p.emit(`"wait"`)
	take(t, busy)
	p.leave()
	p.auth("")
	for _, event := range []string{"one", "two"} {
		if err := ns.Emit(event); err != nil {
			t.Fatal(err)
		}
	}
	p.expect(`2["one"]`, `2["two"]`)
	close(done)
}

func TestCloseEndsAllSocketsOfAConnection(t *testing.T) {
	w := newSite(t, brio.Config{})
	gone := make(chan string, 2)
	for _, name := range []string{"/", "/two"} {
		w.Of(name).OnDisconnect(func(_ context.Context, s *brio.Socket, reason brio.Reason) error {
			gone <- s.Namespace().Name() + " " + string(reason)
			return nil
		})
	}
	p := w.connect("/", "")
	p.namespace = "/two,"
	p.auth("")
	s := w.Of("/").Socket(p.id)
	if err := s.Emit("last words"); err != nil {
		t.Fatal(err)
	}
	s.Close()
	diff(t, "packets", p.rest(), []string{`2["last words"]`})
	got := []string{take(t, gone), take(t, gone)}
	slices.Sort(got)
	diff(t, "disconnected", got, []string{"/ forced server close", "/two forced server close"})
}

func TestDismiss(t *testing.T) {
	for name, dismiss := range map[string]func(*brio.Socket) error{
		"a socket": func(s *brio.Socket) error { s.Dismiss(); return nil },
		"many":     func(s *brio.Socket) error { return s.Namespace().To(s.ID()).Dismiss() },
	} {
		t.Run(name, func(t *testing.T) {
			w := newSite(t, brio.Config{})
			gone := make(chan brio.Reason, 2)
			for _, name := range []string{"/", "/other"} {
				w.Of(name).OnDisconnect(func(_ context.Context, _ *brio.Socket, reason brio.Reason) error {
					gone <- reason
					return nil
				})
			}
			p := w.connect("/", "")
			p.write("0/other,")
			if packet := p.read(); !strings.HasPrefix(packet, "0/other,") {
				t.Fatal("not connected: ", packet)
			}
			if err := dismiss(w.Of("/").Socket(p.id)); err != nil {
				t.Error(err)
			}
			diff(t, "what the client is told", p.rest(), []string{"1", "1/other,"})
			for range 2 {
				diff(t, "reason", take(t, gone), brio.ServerNamespaceDisconnect)
			}
		})
	}
}

func TestKeepHeaders(t *testing.T) {
	for _, test := range []struct {
		name string
		keep []string
		want []string
	}{
		{"default", nil, []string{"Authorization", "X-Team"}},
		{"some", []string{"x-team", "cookie"}, []string{"X-Team"}},
		{"none", []string{}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newSite(t, brio.Config{
				KeepHeaders: test.keep,
				AllowRequest: func(r *http.Request) error {
					r.Header.Set("X-Team", "a")
					r.Header.Set("Authorization", "secret")
					return nil
				},
			})
			ns := w.Of("/")
			at := make(chan http.Header, 1)
			ns.OnConnect(func(_ context.Context, s *brio.Socket) error {
				at <- s.Handshake().Header
				return nil
			})
			ns.On("hi", func(_ context.Context, _ *brio.Socket, args brio.Args) error { return args.Ack() })
			p := w.connect("/", "")
			if h := take(t, at); h.Get("Upgrade") == "" || h.Get("X-Team") != "a" || h.Get("Authorization") == "" {
				t.Error("while it connects: ", h)
			}
			p.call(`"hi"`) // comes after the handlers of OnConnect
			diff(t, "kept", slices.Sorted(maps.Keys(ns.Socket(p.id).Handshake().Header)), test.want)
		})
	}
}

func TestHandshake(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	p := w.connect("/", `{"token":"x"}`)
	s := ns.Socket(p.id)
	h := s.Handshake()
	var auth struct{ Token string }
	if err := h.ScanAuth(&auth); err != nil || auth.Token != "x" {
		t.Errorf("auth: %v, %v", auth, err)
	}
	diff(t, "query", h.URL.Query().Get("transport"), "websocket")
	diff(t, "address", h.Address, p.conn.LocalAddr().String())
	diff(t, "host", h.Host, "brio.test")
	diff(t, "transport", s.Transport(), "websocket")
	if h.Time.IsZero() || time.Since(h.Time) > patience || len(s.ID()) != 20 {
		t.Errorf("handshake: %+v of %s", h, s.ID())
	}
	q := w.connect("/", "")
	if h := ns.Socket(q.id).Handshake(); h.Auth != nil || h.ScanAuth(&auth) != nil || auth.Token != "x" {
		t.Errorf("handshake without auth: %+v", h)
	}
}
