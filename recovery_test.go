package brio_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
)

// session is what a client knows of its socket once it has been cut off.
type session struct {
	ID     string `json:"sid"`
	Secret string `json:"pid"`
	offset string // of the last event that it got
}

// begin does what io(namespace) does, and returns what the client is told.
func (w *site) begin(namespace string) (*peer, *session) {
	w.t.Helper()
	p := w.visit(namespace)
	return p, p.recover(`{}`)
}

// comeBack does what a client does that reconnects: it asks for its session.
func (w *site) comeBack(namespace string, s *session) (*peer, *session) {
	w.t.Helper()
	auth, _ := json.Marshal(struct {
		Secret string `json:"pid"`
		Offset string `json:"offset,omitempty"`
	}{s.Secret, s.offset})
	p := w.visit(namespace)
	return p, p.recover(string(auth))
}

func (p *peer) recover(auth string) *session {
	p.t.Helper()
	var s session
	if err := json.Unmarshal([]byte(p.auth(auth)), &s); err != nil || s.ID == "" || s.Secret == "" {
		p.t.Fatal("no session: ", s, err)
	}
	p.id = s.ID
	return &s
}

// got reads events and returns them without their offsets, the last of which the
// session keeps.
func (s *session) got(p *peer, n int) []string {
	p.t.Helper()
	var events []string
	for range n {
		events = append(events, s.take(p.next()))
	}
	return events
}

func (s *session) take(event string) string {
	i := strings.LastIndex(event, ",")
	s.offset = strings.Trim(event[i+1:], `"]`)
	return event[:i] + "]"
}

// cut breaks a connection off, and waits until the server has noticed.
func (w *site) cut(p *peer) {
	w.t.Helper()
	before := w.Stats().Connections
	p.close()
	for w.Stats().Connections >= before {
		time.Sleep(time.Millisecond)
	}
}

const color brio.Key[string] = "color"

func recovering(change ...func(*brio.Recovery)) brio.Config {
	r := &brio.Recovery{}
	for _, f := range change {
		f(r)
	}
	return brio.Config{Recovery: r}
}

func TestRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, recovering())
		ns := w.Of("/room")
		var came []string
		ns.Use(func(_ context.Context, s *brio.Socket) error {
			came = append(came, "middleware")
			return nil
		})
		ns.OnConnect(func(_ context.Context, s *brio.Socket) error {
			came = append(came, fmt.Sprint(s.Recovered(), " ", color.Get(s), " ", slices.Contains(s.Rooms(), "blue")))
			if !s.Recovered() {
				s.Join("blue")
				color.Set(s, "blue")
			}
			return nil
		})
		p, old := w.begin("/room")
		synctest.Wait()
		_ = ns.To("blue").Emit("one", 1)
		diff(t, "before the cut", old.got(p, 1), []string{`["one",1]`})
		w.cut(p)
		_ = ns.Emit("two")
		_ = ns.To("red").Emit("not for it")
		_ = ns.To("blue").Except(old.ID).Emit("not for it either")
		_ = ns.To("blue").Volatile().Emit("gone")
		_ = ns.To("blue").Emit("three", brio.Binary("3"))

		p, now := w.comeBack("/room", old)
		if now.ID != old.ID || now.Secret != old.Secret {
			t.Error("another socket: ", now)
		}
		diff(t, "missed", now.got(p, 1), []string{`["two"]`})
		now.got(p, 1)
		if attachment := p.read(); attachment != "3" {
			t.Error("attachment: ", attachment)
		}
		_ = ns.Socket(old.ID).Emit("four")
		diff(t, "after it came back", now.got(p, 1), []string{`["four"]`})
		synctest.Wait()
		diff(t, "what handlers saw", came, []string{"middleware", "false  false", "true blue true"})
	})
}

func TestRecoveryOfTheServersOwnEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, recovering())
		p, s := w.begin("/")
		socket := w.Of("/").Socket(s.ID)
		for i := range 3 {
			_ = socket.Emit("n", i)
		}
		_ = s.got(p, 1)
		w.cut(p)
		p, now := w.comeBack("/", s)
		diff(t, "what was on its way", now.got(p, 2), []string{`["n",1]`, `["n",2]`})
		if err := socket.Emit("late"); err == nil {
			t.Error("the socket before takes events still")
		}
	})
}

func TestRecoveryWithoutOffset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, recovering())
		_ = w.Of("/").Emit("before")
		p, s := w.begin("/")
		w.cut(p)
		_ = w.Of("/").Emit("first")
		p, now := w.comeBack("/", s)
		if now.ID != s.ID {
			t.Error("not recovered, though the client has got nothing yet")
		}
		diff(t, "missed", now.got(p, 1), []string{`["first"]`})
	})
}

// A client that comes back before its old connection is known to be dead must not
// wait for the heartbeat, nor be harmed when the old connection ends.
func TestRecoveryTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, recovering())
		var reasons []brio.Reason
		w.Of("/").OnConnect(func(_ context.Context, s *brio.Socket) error {
			s.Join("all")
			return nil
		})
		w.Of("/").OnDisconnect(func(_ context.Context, s *brio.Socket, reason brio.Reason) error {
			reasons = append(reasons, reason)
			return nil
		})
		stale, s := w.begin("/")
		synctest.Wait()
		began := time.Now()
		p, now := w.comeBack("/", s)
		if now.ID != s.ID || time.Since(began) > time.Second {
			t.Error("not taken over: ", now, time.Since(began))
		}
		diff(t, "reasons", reasons, []brio.Reason{brio.TransportClose})
		stale.rest()
		synctest.Wait()
		_ = w.Of("/").To("all").Emit("hello")
		diff(t, "after the old connection's end", now.got(p, 1), []string{`["hello"]`})
		if n := w.Stats().Sockets; n != 1 {
			t.Error("sockets: ", n)
		}
	})
}

// What was sent to a room before a socket joined it, or after it left, was not
// missed.
func TestRecoveryKnowsWhenSocketsWereInRooms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, recovering())
		ns := w.Of("/")
		p, s := w.begin("/")
		socket := ns.Socket(s.ID)
		_ = socket.Emit("start")
		_ = s.got(p, 1)
		_ = ns.To("a").Emit("early")
		socket.Join("a")
		_ = ns.To("a").Emit("in")
		socket.Leave("a")
		_ = ns.To("a").Emit("out")
		socket.Join("b", "a")
		socket.Join("a")
		_ = ns.To("a").Except("b").Emit("excepted")
		socket.Leave("b")
		_ = ns.To("a", "b").Except("b").Emit("in again")
		w.cut(p)
		_ = ns.To("a").Emit("away")
		_ = ns.To("b").Emit("left")
		p, now := w.comeBack("/", s)
		diff(t, "missed", now.got(p, 3), []string{`["in"]`, `["in again"]`, `["away"]`})
		_ = ns.To("a").Emit("end")
		diff(t, "next", now.got(p, 1), []string{`["end"]`})
		diff(t, "rooms", ns.Socket(s.ID).Rooms(), []string{s.ID, "a"})
	})
}

// A client takes the last argument of any event for its position, if that is a
// string; a volatile event must not make it lose its own.
func TestRecoveryAfterAVolatileEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, recovering())
		p, s := w.begin("/")
		_ = w.Of("/").Emit("one")
		_ = s.got(p, 1)
		synctest.Wait()
		_ = w.Of("/").Broadcast().Volatile().Emit("seen", "a string")
		diff(t, "volatile event", s.got(p, 1), []string{`["seen","a string"]`})
		w.cut(p)
		_ = w.Of("/").Emit("two")
		p, now := w.comeBack("/", s)
		diff(t, "missed", now.got(p, 1), []string{`["two"]`})
	})
}

// An idle client's offset is a position, which outlives the event that had it.
func TestRecoveryOfAnIdleClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, recovering())
		ns := w.Of("/")
		p, s := w.begin("/")
		_ = ns.Emit("one")
		_ = s.got(p, 1)
		_ = p.conn.SetDeadline(time.Time{})
		last := make(chan string)
		go func() { last <- p.read() }() // and answers heartbeats meanwhile
		for range 100 {
			time.Sleep(time.Minute)
			_ = ns.To("others").Emit("nothing to it")
		}
		_ = ns.Emit("two")
		if got := <-last; !strings.HasPrefix(got, `2["two",`) {
			t.Error("event: ", got)
		}
		w.cut(p) // before its client has kept the position of two
		_ = ns.Emit("three")
		p, now := w.comeBack("/", s)
		if now.ID != s.ID {
			t.Fatal("not recovered")
		}
		diff(t, "missed", now.got(p, 2), []string{`["two"]`, `["three"]`})
	})
}

func TestNoRecovery(t *testing.T) {
	type test struct {
		name   string
		config []func(*brio.Recovery)
		meddle func(w *site, p *peer, s *session)
		hears  bool // that the socket will not come back
	}
	cut := func(w *site, p *peer, s *session) { w.cut(p) }
	for _, test := range []test{
		{"an unknown session", nil, func(w *site, p *peer, s *session) { w.cut(p); s.Secret += "x" }, false},
		{"a position of nowhere", nil, func(w *site, p *peer, s *session) { w.cut(p); s.offset = "hello" }, true},
		{"a position to come", nil, func(w *site, p *peer, s *session) { w.cut(p); s.offset = s.offset[:6] + "____" }, true},
		{"a position of another server", nil, func(w *site, p *peer, s *session) { w.cut(p); s.offset = "AAAAAA" + s.offset[6:] }, true},
		{"too late", nil, func(w *site, p *peer, s *session) { w.cut(p); time.Sleep(121 * time.Second) }, true},
		{"the client left", nil, func(w *site, p *peer, s *session) { p.leave(); w.cut(p) }, false},
		{"it was sent away", nil, func(w *site, p *peer, s *session) { w.Of("/").Socket(s.ID).Disconnect(); w.cut(p) }, false},
		{"no room for what it missed", []func(*brio.Recovery){func(r *brio.Recovery) { r.MaxBytes = 10_000 }},
			func(w *site, p *peer, s *session) {
				w.cut(p)
				for range 20 {
					_ = w.Of("/").Emit("much", strings.Repeat("x", 1000))
				}
			}, true},
		{"no room for it", []func(*brio.Recovery){func(r *brio.Recovery) { r.MaxBytes = 1 }}, cut, true},
		{"refused when it came back", []func(*brio.Recovery){func(r *brio.Recovery) { r.Middleware = true }},
			func(w *site, p *peer, s *session) {
				w.cut(p)
				p = w.visit("/")
				if answer := p.auth(`{"no":1,"pid":"` + s.Secret + `","offset":"` + s.offset + `"}`); answer != `{"message":"no"}` {
					w.t.Fatal(answer)
				}
			}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lost := make(chan string, 10)
				w := memorySite(t, recovering(append(test.config, func(r *brio.Recovery) {
					r.OnExpire = func(s *brio.Socket) { lost <- s.ID() + " " + color.Get(s) }
				})...))
				w.Of("/").Use(func(_ context.Context, s *brio.Socket) error {
					if strings.Contains(string(s.Handshake().Auth), `"no":`) {
						return brio.Errorf("no")
					}
					return nil
				})
				w.Of("/").OnConnect(func(_ context.Context, s *brio.Socket) error {
					color.Set(s, "blue")
					return s.Emit("hello")
				})
				p, s := w.begin("/")
				_ = s.got(p, 1)
				before := *s
				test.meddle(w, p, s)
				_, now := w.comeBack("/", s)
				if now.ID == before.ID || now.Secret == before.Secret {
					t.Error("recovered")
				}
				synctest.Wait()
				var want []string
				if test.hears {
					want = []string{before.ID + " blue"}
				}
				diff(t, "heard", waiting(lost), want)
			})
		})
	}
}

// A socket that is away is as much part of its rooms as one that is not.
func TestOperationsOnSocketsThatAreAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, recovering())
		ns := w.Of("/")
		p, s := w.begin("/")
		ns.Socket(s.ID).Join("a", "b")
		w.cut(p)
		_ = ns.To("a").JoinRooms("c")
		_ = ns.To("c").LeaveRooms("b")
		_ = ns.To("b").Disconnect()
		_ = ns.To("b").Emit("not any more")
		_ = ns.To("c").Emit("now")
		p, now := w.comeBack("/", s)
		diff(t, "missed", now.got(p, 1), []string{`["now"]`})
		diff(t, "rooms", ns.Socket(s.ID).Rooms(), []string{s.ID, "a", "c"})
		w.cut(p)
		_ = ns.To("a").Except("c").Disconnect()
		p, now = w.comeBack("/", now)
		if now.ID != s.ID {
			t.Error("disconnected with those that are in a only")
		}
		w.cut(p)
		_ = ns.To("a").Disconnect()
		_, now = w.comeBack("/", now)
		if now.ID == s.ID {
			t.Error("came back though it was disconnected")
		}
	})
}

// Nor does it come back in while it is disconnected.
func TestDisconnectOfASocketThatComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, recovering(func(r *brio.Recovery) { r.Middleware = true }))
		ns := w.Of("/")
		ns.Use(func(_ context.Context, s *brio.Socket) error {
			if s.Recovered() {
				return ns.Broadcast().Disconnect()
			}
			return nil
		})
		p, s := w.begin("/")
		w.cut(p)
		p = w.visit("/")
		if answer := p.auth(`{"pid":"` + s.Secret + `"}`); answer != `{"message":"disconnected by the server"}` {
			t.Error("answer: ", answer)
		}
	})
}

func TestShutdownEndsRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lost atomic.Int32
		w := memorySite(t, recovering(func(r *brio.Recovery) { r.OnExpire = func(*brio.Socket) { lost.Add(1) } }))
		w.Of("/org-{id}")
		p, _ := w.begin("/org-1")
		w.cut(p)
		_, _ = w.begin("/")
		w.close()
		if n := lost.Load(); n != 2 {
			t.Error("sockets that were told lost: ", n)
		}
		if kept := w.Kept(); kept != 0 {
			t.Error("bytes kept: ", kept)
		}
	})
}

// A namespace that was made for a client is there as long as one of its sockets
// may come back.
func TestRecoveryInAChild(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := recovering()
		config.NamespaceIdle = time.Second
		w := memorySite(t, config)
		w.Of("/org-{id}")
		p, s := w.begin("/org-1")
		w.cut(p)
		time.Sleep(time.Minute)
		_ = w.Of("/org-{id}").Emit("hello")
		p, now := w.comeBack("/org-1", s)
		diff(t, "missed", now.got(p, 1), []string{`["hello"]`})
		w.cut(p)
		time.Sleep(3 * time.Minute)
		if n := w.Stats().Namespaces; n != 1 {
			t.Error("namespaces: ", n)
		}
	})
}

// What is kept must not grow with time.
func TestRecoveryForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, recovering())
		ns := w.Of("/")
		p, s := w.begin("/")
		socket := ns.Socket(s.ID)
		_ = p.conn.SetDeadline(time.Time{})
		go func() { p.rest() }()
		for range 1000 {
			socket.Join("room")
			_ = ns.To("others").Emit("x")
			socket.Leave("room")
			time.Sleep(time.Second)
		}
		if kept := w.Kept(); kept > 200_000 {
			t.Error("bytes kept: ", kept)
		}
		time.Sleep(10 * time.Minute)
		if kept := w.Kept(); kept != 0 {
			t.Error("bytes kept at last: ", kept)
		}
	})
}

// waiting returns what waits in a channel.
func waiting[T any](ch <-chan T) (list []T) {
	for {
		select {
		case v := <-ch:
			list = append(list, v)
		default:
			return list
		}
	}
}
