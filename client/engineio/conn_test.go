package engineio

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio/engine"
	"github.com/briohq/brio/internal/memnet"
)

// Every kind and size of message comes back as it was, in order, on each transport.
func TestMessages(t *testing.T) {
	large := strings.Repeat("long ", 100_000)
	all := []string{"hello", "", "b\x00\x01\xff", "b", "ünï ☃", large, "b" + large, "last"}
	for i := range 300 {
		all = append(all, fmt.Sprint(i), fmt.Sprint("b", i))
	}
	for _, names := range [][]string{{"websocket"}, {"polling"}, {"polling", "websocket"}, nil} {
		t.Run(strings.Join(names, " "), func(t *testing.T) {
			s := serve(t, engine.Config{}, true, nil)
			e := connectTo(t, s.address, Config{Transports: names})
			e.says(t, all...)
			e.hears(t, all...)
			if p := take(t, s.peers); p.session.ID() != e.ID() {
				t.Errorf("id %q, the server says %q", e.ID(), p.session.ID())
			}
			if len(names) == 2 {
				if got := take(t, e.upgraded); got != "websocket" || e.Transport() != "websocket" {
					t.Errorf("upgraded to %q, on %q", got, e.Transport())
				}
				e.says(t, all...)
				e.hears(t, all...)
			}
			e.Close()
			e.ends(t, ForcedClose)
		})
	}
}

// What was sent before Close arrives, and the server is told.
func TestClose(t *testing.T) {
	for _, name := range []string{"websocket", "polling"} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, engine.Config{}, false, nil)
			e := connectTo(t, s.address, Config{Transports: []string{name}, NoUpgrade: true})
			p := take(t, s.peers)
			for i := range 1000 {
				e.says(t, fmt.Sprint(i))
			}
			e.Close()
			e.Close()
			for i := range 1000 {
				if got := take(t, p.messages); got != fmt.Sprint(i) {
					t.Fatalf("the server got %q, want %d", got, i)
				}
			}
			e.ends(t, ForcedClose)
			if r := take(t, p.closed); r != engine.TransportClose {
				t.Errorf("the server's reason is %q", r)
			}
		})
	}
}

// A connection that nobody serves can be closed, and then served to no effect.
func TestCloseWithoutServe(t *testing.T) {
	for _, name := range []string{"websocket", "polling"} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, engine.Config{}, false, nil)
			c := dialOnly(t, s.address, Config{Transports: []string{name}})
			p := take(t, s.peers)
			if err := c.Send(Message{Data: []byte("hello")}); err != nil {
				t.Error(err)
			}
			c.Close()
			if got := take(t, p.messages); got != "hello" {
				t.Errorf("the server got %q", got)
			}
			take(t, p.closed)
			err := c.Serve(func([]byte, bool) { t.Error("a message") })
			if ce, ok := err.(*CloseError); !ok || ce.Reason != ForcedClose { //nolint:errorlint // it is this very one
				t.Errorf("Serve returned %v", err)
			}
		})
	}
}

// Abort ends the connection at once, from inside of a callback too.
func TestAbort(t *testing.T) {
	for _, name := range []string{"websocket", "polling"} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, engine.Config{}, true, nil)
			c := dialOnly(t, s.address, Config{Transports: []string{name}})
			if err := c.Send(Message{Data: []byte("hello")}, Message{Data: []byte("more")}); err != nil {
				t.Fatal(err)
			}
			n := 0
			err := c.Serve(func([]byte, bool) {
				n++
				c.Abort()
			})
			if ce, ok := err.(*CloseError); !ok || ce.Reason != ForcedClose || n != 1 { //nolint:errorlint // it is this very one
				t.Errorf("Serve returned %v after %d messages", err, n)
			}
		})
	}
}

// The server's end is an end of the transport.
func TestServerCloses(t *testing.T) {
	for _, name := range []string{"websocket", "polling"} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, engine.Config{}, false, nil)
			e := connectTo(t, s.address, Config{Transports: []string{name}, NoUpgrade: true})
			p := take(t, s.peers)
			p.send("last", false)
			p.session.Close(engine.ForcedClose)
			e.hears(t, "last")
			e.ends(t, TransportClose)
		})
	}
}

// No more than MaxBacklog waits. A larger message is taken if nothing does, and
// several are taken or refused as one.
func TestBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := imagine(t, engine.Config{}, false, memnet.Link{Buffer: 1024})
		defer stop()
		e := connectTo(t, s.address, Config{Transports: []string{"websocket"}, Dial: s.dial, MaxBacklog: 10_000})
		p := take(t, s.peers)
		p.session.Pause()
		if !e.Writable() {
			t.Error("not writable")
		}
		e.says(t, strings.Repeat("x", 20_000))
		if e.Writable() {
			t.Error("writable")
		}
		if err := e.Send(Message{Data: []byte("no")}, Message{Data: []byte("no")}); err != ErrBacklog { //nolint:errorlint // it is this very one
			t.Errorf("send: %v", err)
		}
		p.session.Resume()
		take(t, p.messages)
		synctest.Wait()
		if !e.Writable() {
			t.Error("not writable again")
		}
		e.says(t, "yes")
		if got := take(t, p.messages); got != "yes" {
			t.Errorf("the server got %q", got)
		}
		e.Abort()
		e.ends(t, ForcedClose)
	})
}

// Heartbeats keep an idle connection for as long as one wants.
func TestHeartbeat(t *testing.T) {
	for _, name := range []string{"websocket", "polling"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, stop := imagine(t, engine.Config{}, true, memnet.Link{Latency: 50 * time.Millisecond})
				defer stop()
				e := connectTo(t, s.address, Config{Transports: []string{name}, NoUpgrade: true, Dial: s.dial})
				time.Sleep(time.Hour)
				e.says(t, "still there")
				e.hears(t, "still there")
				e.Close()
				e.ends(t, ForcedClose)
			})
		})
	}
}

// The time that a callback takes is not the server's silence. The server goes on
// when the callback does, if that takes no longer than its own patience.
func TestSlowCallback(t *testing.T) {
	for _, name := range []string{"websocket", "polling"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, stop := imagine(t, engine.Config{PingInterval: 25 * time.Second, PingTimeout: 100 * time.Second}, true, memnet.Link{})
				defer stop()
				c := dialOnly(t, s.address, Config{Transports: []string{name}, NoUpgrade: true, Dial: s.dial})
				n := 0
				if err := c.Send(Message{Data: []byte("1")}); err != nil {
					t.Error(err)
				}
				err := c.Serve(func([]byte, bool) {
					time.Sleep(110 * time.Second)
					if n++; n == 5 {
						c.Close()
					}
					_ = c.Send(Message{Data: []byte("again")}) // after Close it fails
				})
				if ce, ok := err.(*CloseError); !ok || ce.Reason != ForcedClose || n != 5 { //nolint:errorlint // it is this very one
					t.Errorf("%v after %d messages", err, n)
				}
			})
		})
	}
}

// A server that is no longer there is noticed when its heartbeat is missing.
func TestPingTimeout(t *testing.T) {
	for _, name := range []string{"websocket", "polling"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := handshakeOnly{upgrades: "[]"}
				stop, dial := h.imagine()
				defer stop()
				e := connectTo(t, "http://memory/", Config{Transports: []string{name}, Dial: dial})
				began := time.Now()
				e.ends(t, PingTimeout)
				if d := time.Since(began); d != 45*time.Second {
					t.Errorf("it took %v", d)
				}
			})
		})
	}
}

// Close does not wait for a server that takes nothing.
func TestCloseTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := imagine(t, engine.Config{}, false, memnet.Link{Buffer: 1024})
		defer stop()
		e := connectTo(t, s.address, Config{Transports: []string{"websocket"}, Dial: s.dial})
		p := take(t, s.peers)
		p.session.Pause()
		e.says(t, strings.Repeat("x", 20_000))
		began := time.Now()
		e.Close()
		e.ends(t, ForcedClose)
		if d := time.Since(began); d != 5*time.Second {
			t.Errorf("it took %v", d)
		}
		p.session.Resume()
		take(t, p.closed)
	})
}
