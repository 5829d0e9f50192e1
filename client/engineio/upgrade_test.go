package engineio

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio/engine"
	"github.com/briohq/brio/internal/memnet"
)

// Messages keep their order while the connection changes its transport with
// traffic both ways, whatever the latency of the network.
func TestUpgradeKeepsOrder(t *testing.T) {
	for _, latency := range []time.Duration{0, time.Millisecond, 70 * time.Millisecond, 400 * time.Millisecond} {
		t.Run(latency.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, stop := imagine(t, engine.Config{}, false, memnet.Link{Latency: latency, Piece: 700})
				defer stop()
				e := connectTo(t, s.address, Config{Transports: []string{"polling", "websocket"}, Dial: s.dial})
				p := take(t, s.peers)
				const n = 3000
				go func() {
					for i := range n {
						p.send(fmt.Sprint(i), i%3 == 0)
						time.Sleep(time.Millisecond)
					}
				}()
				for i := range n {
					if err := e.Send(Message{Data: []byte(fmt.Sprint(i)), Binary: i%3 == 0}); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Millisecond)
				}
				for i := range n {
					want := mark([]byte(fmt.Sprint(i)), i%3 == 0)
					if got := take(t, p.messages); got != want {
						t.Fatalf("the server got %q, want %q", got, want)
					}
					e.hears(t, want)
				}
				if got := take(t, e.upgraded); got != "websocket" || p.session.Transport() != "websocket" {
					t.Errorf("upgraded to %q, the server to %q", got, p.session.Transport())
				}
				if !e.Writable() {
					t.Error("not writable")
				}
				e.Close()
				e.ends(t, ForcedClose)
				take(t, p.closed)
			})
		})
	}
}

// An upgrade that fails leaves polling in use.
func TestFailedUpgrade(t *testing.T) {
	refuse := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }
	say := func(bytes string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { sayOnly(w, r, bytes) }
	}
	for name, handler := range map[string]http.HandlerFunc{
		"refused":      refuse,
		"hanging up":   say("\x88\x00"),
		"wrong answer": say(text("3")),
		"handshake":    say(text("0{}")),
		"message":      say(text("4probe")),
		"garbage":      say("garbage"),
	} {
		t.Run(name, func(t *testing.T) {
			tried := make(chan struct{}, 10)
			s := serve(t, engine.Config{}, true, func(h http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Query().Get("transport") == "websocket" {
						handler(w, r)
						tried <- struct{}{}
						return
					}
					h.ServeHTTP(w, r)
				})
			})
			e := connectTo(t, s.address, Config{Transports: []string{"polling", "websocket"}})
			e.says(t, "before")
			take(t, tried)
			e.says(t, "after")
			e.hears(t, "before", "after")
			if e.Transport() != "polling" || len(e.upgraded) > 0 {
				t.Errorf("on %q", e.Transport())
			}
			e.Close()
			e.ends(t, ForcedClose)
		})
	}
}

// A probe that is not answered, and polling that does not come to rest, cost the
// upgrade its time, and nothing else.
func TestSlowUpgrade(t *testing.T) {
	for name, answer := range map[string]string{"no answer": "", "no rest": text("3probe")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var posts atomic.Int64
				stop, dial := imagineHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Query().Get("transport") == "websocket" {
						sayOnly(w, r, answer)
						return
					}
					if r.Method == http.MethodPost {
						posts.Add(1)
					}
					handshakeOnly{upgrades: `["websocket"]`}.ServeHTTP(w, r)
				}))
				defer stop()
				e := connectTo(t, "http://memory/", Config{Transports: []string{"polling", "websocket"}, Dial: dial})
				time.Sleep(time.Second)
				synctest.Wait()
				probing := e.Writable()
				e.says(t, "meanwhile")
				time.Sleep(time.Second)
				if waits := posts.Load() == 0; waits != (answer != "") || probing == waits {
					t.Errorf("the message waits: %v; writable: %v", waits, probing)
				}
				time.Sleep(10 * time.Second)
				if posts.Load() != 1 || !e.Writable() || e.Transport() != "polling" {
					t.Errorf("%d messages sent, writable %v, on %q", posts.Load(), e.Writable(), e.Transport())
				}
				e.ends(t, PingTimeout)
			})
		})
	}
}

// Close while an upgrade goes on waits for it, and Abort does not.
func TestEndWhileUpgrading(t *testing.T) {
	for name, end := range map[string]func(*end){"close": func(e *end) { e.Close() }, "abort": func(e *end) { e.Abort() }} {
		for after := range 60 {
			t.Run(fmt.Sprint(name, " after ", after*5, "ms"), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, stop := imagine(t, engine.Config{}, false, memnet.Link{Latency: 20 * time.Millisecond})
					defer stop()
					e := connectTo(t, s.address, Config{Transports: []string{"polling", "websocket"}, Dial: s.dial})
					p := take(t, s.peers)
					time.Sleep(time.Duration(after) * 5 * time.Millisecond)
					e.says(t, "last")
					end(e)
					e.ends(t, ForcedClose)
					if name == "close" {
						if got := take(t, p.messages); got != "last" {
							t.Errorf("the server got %q", got)
						}
					}
					take(t, p.closed)
				})
			})
		}
	}
}

// A callback that does not come back in time has the upgrade given up, not the
// connection.
func TestUpgradeWaitsForCallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := imagine(t, engine.Config{}, true, memnet.Link{Latency: 20 * time.Millisecond})
		defer stop()
		c := dialOnly(t, s.address, Config{Transports: []string{"polling", "websocket"}, Dial: s.dial})
		_ = c.Send(Message{Data: []byte("1")})
		n := 0
		err := c.Serve(func([]byte, bool) {
			if n++; n == 1 {
				time.Sleep(15 * time.Second)
				_ = c.Send(Message{Data: []byte("2")})
				return
			}
			c.Close()
		})
		if ce, ok := err.(*CloseError); !ok || ce.Reason != ForcedClose || n != 2 || c.Transport() != "polling" { //nolint:errorlint // it is this very one
			t.Errorf("%v after %d messages, on %q", err, n, c.Transport())
		}
	})
}

// Transports are tried in their order, and NoUpgrade stays with the first that works.
func TestFallback(t *testing.T) {
	var tried notes
	s := serve(t, engine.Config{Transports: []string{"polling"}}, true, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			tried.add(r.Method + " " + r.URL.Query().Get("transport"))
			h.ServeHTTP(w, r)
		})
	})
	e := connectTo(t, s.address, Config{})
	e.says(t, "hello")
	e.hears(t, "hello")
	if got := strings.Join(tried.all()[:2], ", "); got != "GET websocket, GET polling" {
		t.Errorf("tried %s", got)
	}
	e.Abort()
	e.ends(t, ForcedClose)
}

// What is the same for all transports is not tried again.
func TestNoFallback(t *testing.T) {
	var tried notes
	s := serve(t, engine.Config{AllowRequest: func(*http.Request) error { return fmt.Errorf("not you") }}, true, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			tried.add(r.URL.Query().Get("transport"))
			h.ServeHTTP(w, r)
		})
	})
	_, err := tryConnect(t.Context(), s.address, Config{Transports: []string{"polling", "websocket"}})
	if err == nil || !strings.Contains(err.Error(), `code 4 "not you"`) || len(tried.all()) != 1 {
		t.Errorf("%v after %v", err, tried.all())
	}
	dials := 0
	_, err = tryConnect(t.Context(), "http://127.0.0.1:1/", Config{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		dials++
		return new(net.Dialer).DialContext(ctx, network, address)
	}})
	if err == nil || dials != 1 {
		t.Errorf("%v after %d dials", err, dials)
	}
}

// A dialer of Config.Dialers is used for what the server offers under its name.
func TestDialers(t *testing.T) {
	other := func(ctx context.Context, address *url.URL, id string, config Config) (Pipe, error) {
		p, err := dialWebSocket(ctx, address, id, config)
		return wrapped{p}, err
	}
	s := serve(t, engine.Config{}, true, nil)
	e := connectTo(t, s.address, Config{Transports: []string{"polling"}, Dialers: map[string]Dialer{"websocket": other}})
	if got := take(t, e.upgraded); got != "websocket" {
		t.Errorf("upgraded to %q", got)
	}
	e.says(t, "hello")
	e.hears(t, "hello")
	e.Close()
	e.ends(t, ForcedClose)
	e = connectTo(t, s.address, Config{Transports: []string{"websocket"}, Dialers: map[string]Dialer{"websocket": other}})
	e.says(t, "hello")
	e.hears(t, "hello")
	e.Abort()
	e.ends(t, ForcedClose)
	if _, err := tryConnect(t.Context(), s.address, Config{Transports: []string{"pigeon"}}); err == nil || !strings.Contains(err.Error(), "pigeon") {
		t.Error(err)
	}
}

// wrapped is a pipe of which only the interface is known.
type wrapped struct{ Pipe }
