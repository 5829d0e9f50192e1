package limit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
	"github.com/briohq/brio/client/engineio"
)

func TestAddress(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for title, c := range map[string]struct {
		remote    string
		forwarded []string
		want      string
	}{
		"nobody between":             {"192.0.2.1:4000", nil, "192.0.2.1"},
		"a stranger who claims":      {"192.0.2.1:4000", []string{"198.51.100.7"}, "192.0.2.1"},
		"behind a proxy":             {"10.0.0.1:4000", []string{"198.51.100.7"}, "198.51.100.7"},
		"behind two":                 {"10.0.0.1:4000", []string{"198.51.100.7, 10.0.0.2"}, "198.51.100.7"},
		"in two headers":             {"10.0.0.1:4000", []string{"198.51.100.7", "10.0.0.2"}, "198.51.100.7"},
		"who claims behind a proxy":  {"10.0.0.1:4000", []string{"1.1.1.1, 198.51.100.7"}, "198.51.100.7"},
		"nonsense before the client": {"10.0.0.1:4000", []string{"<script>, 198.51.100.7"}, "198.51.100.7"},
		"nonsense alone":             {"10.0.0.1:4000", []string{"unknown"}, "10.0.0.1"},
		"an empty header":            {"10.0.0.1:4000", []string{""}, "10.0.0.1"},
		"only proxies":               {"10.0.0.1:4000", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"with a port":                {"10.0.0.1:4000", []string{"198.51.100.7:5000"}, "198.51.100.7"},
		"IPv6, a network of 64 bits": {"[2001:db8:1:2:3:4:5:6]:4000", nil, "2001:db8:1:2::"},
		"IPv6 behind a proxy":        {"[fd00::1]:4000", []string{"[2001:db8::7]:5000"}, "2001:db8::"},
		"IPv4 in IPv6":               {"[::ffff:192.0.2.1]:4000", nil, "192.0.2.1"},
		"none":                       {"pipe", nil, "invalid IP"},
	} {
		got := Address(c.remote, http.Header{"X-Forwarded-For": c.forwarded}, trusted)
		if got.String() != c.want {
			t.Errorf("%s: %s, want %s", title, got, c.want)
		}
	}
}

const say brio.Event[string] = "say"

// serve returns a site with limits, which counts what is handled.
func serve(t *testing.T, config EventsConfig) (*briotest.Site, *EventLimits, func() int) {
	t.Helper()
	server := brio.NewServer(brio.Config{})
	l := Events(server.Of("/"), config)
	handled := make(chan struct{}, 10_000)
	say.Handle(server.Of("/"), func(context.Context, *brio.Socket, string) error {
		handled <- struct{}{}
		return nil
	})

	return briotest.Serve(t, server), l, func() int {
		synctest.Wait()
		n := len(handled)
		for range n {
			<-handled
		}

		return n
	}
}

func from(address string) client.Config {
	return client.Config{Engine: engineio.Config{Header: http.Header{"X-Forwarded-For": {address}}}}
}

func TestEventsOfASocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site, l, handled := serve(t, EventsConfig{Socket: Rate{PerSecond: 10, Burst: 5}})
		ada, bob := site.Connect(t, "/", client.Config{}), site.Connect(t, "/", client.Config{})
		for range 20 {
			if err := say.Emit(ada, "hello"); err != nil {
				t.Fatal(err)
			}
		}
		if n := handled(); n != 5 || l.Exceeded() != 15 {
			t.Errorf("%d of 20 are handled, %d were too much", n, l.Exceeded())
		}
		briotest.Send(t, bob, say, "another has tokens of his own")
		handled()

		_, err := ada.Do(t.Context(), "say", "refused")
		refusal, ok := errors.AsType[*brio.Error](err)
		var data Refusal
		if !ok || !strings.Contains(refusal.Message, "Try again in 100ms") || json.Unmarshal(refusal.Data.(json.RawMessage), &data) != nil || data != (Refusal{TooMany, 100}) {
			t.Errorf("refused with %v", err)
		}
		time.Sleep(100 * time.Millisecond)
		if _, err := ada.Do(t.Context(), "say", "later"); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Hour)
		handled()
		for range 20 {
			if err := say.Emit(ada, "hello"); err != nil {
				t.Fatal(err)
			}
		}
		if n := handled(); n != 5 {
			t.Errorf("after an hour, %d come at once", n)
		}
	})
}

func TestEventsOfAName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site, _, handled := serve(t, EventsConfig{Event: map[string]Rate{"say": {PerSecond: 1}}})
		ada := site.Connect(t, "/", client.Config{})
		for range 5 {
			if err := errors.Join(say.Emit(ada, "hello"), ada.Emit("other")); err != nil {
				t.Fatal(err)
			}
		}
		if n := handled(); n != 1 {
			t.Errorf("%d are handled", n)
		}
	})
}

func TestEventsOfAddressesAndUsers(t *testing.T) {
	for name, config := range map[string]EventsConfig{
		"address": {Address: Rate{PerSecond: 1, Burst: 4}},
		"user":    {User: Rate{PerSecond: 1, Burst: 4}, UserOf: func(s *brio.Socket) string { return s.Handshake().Header.Get("X-Forwarded-For") }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := brio.NewServer(brio.Config{})
				l := Events(server.Of("/"), config)
				n := 0
				say.Handle(server.Of("/"), func(context.Context, *brio.Socket, string) error { n++; return nil })
				site := briotest.Serve(t, rewrite{server})
				for range 3 { // sockets of one
					c := site.Connect(t, "/", from("192.0.2.1"))
					for range 3 {
						_, _ = c.Do(t.Context(), "say", "hello") // some are refused
					}
				}
				if n != 4 || l.Exceeded() != 5 {
					t.Errorf("%d of 9 of one are handled, %d were too much", n, l.Exceeded())
				}
				if _, err := site.Connect(t, "/", from("192.0.2.2")).Do(t.Context(), "say", "another"); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// rewrite has requests come from where their header says: a network in memory has no
// addresses.
type rewrite struct{ next http.Handler }

func (h rewrite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.RemoteAddr = r.Header.Get("X-Forwarded-For") + ":4000"
	h.next.ServeHTTP(w, r)
}

func TestExcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site, _, handled := serve(t, EventsConfig{Socket: Rate{PerSecond: 1}, Excess: Drop})
		ada := site.Connect(t, "/", client.Config{})
		briotest.Send(t, ada, say, "one")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		if _, err := ada.Do(ctx, "say", "two"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("what is dropped is answered: %v", err)
		}
		if n := handled(); n != 1 {
			t.Errorf("%d are handled", n)
		}

		site, _, handled = serve(t, EventsConfig{Socket: Rate{PerSecond: 1}, Excess: Disconnect})
		bob := site.Connect(t, "/", client.Config{})
		for range 10 {
			if err := say.Emit(bob, "hello"); err != nil {
				t.Fatal(err)
			}
		}
		bob.Left(t)
		if n := handled(); n != 1 {
			t.Errorf("%d are handled of who is disconnected", n)
		}
		bob.Close() // it would come back
	})
}

func TestStrangersFillNoMemory(t *testing.T) {
	b := newBuckets[string](Rate{PerSecond: 1}, 1000)
	for i := range 100_000 {
		b.take(fmt.Sprint(i))
		b.take("known") // is used all the time
	}
	if len(b.all) != 1000 || b.recent.Len() != 1000 {
		t.Errorf("%d are remembered", len(b.all))
	}
	if _, ok := b.take("known"); ok {
		t.Error("who is there all the time is forgotten")
	}
}

func TestHandshakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := Handshakes(HandshakesConfig{Address: Rate{PerSecond: 1, Burst: 3}, All: Rate{PerSecond: 1, Burst: 5}})
		allow := func(address string) error { return l.Allow(&http.Request{RemoteAddr: address + ":4000"}) }
		for i := range 5 {
			if err := allow("192.0.2.1"); (err == nil) != (i < 3) {
				t.Error(i, err)
			}
		}
		if err := errors.Join(allow("192.0.2.2"), allow("192.0.2.3")); err != nil {
			t.Error(err)
		}
		if err := allow("192.0.2.4"); err == nil || !strings.Contains(err.Error(), "later") {
			t.Error("more than all together may: ", err)
		}
		if l.Exceeded() != 3 {
			t.Error(l.Exceeded())
		}
		time.Sleep(time.Second)
		if err := allow("192.0.2.1"); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkEvents(b *testing.B) {
	l := Events(brio.NewServer(brio.Config{}).Of("/"), EventsConfig{Event: map[string]Rate{"say": {PerSecond: 1e9}}, Socket: Rate{PerSecond: 1e9}, Address: Rate{PerSecond: 1e9}})
	one := &limits{address: netip.MustParseAddr("192.0.2.1"), all: l.config.Socket.bucket()}
	b.ReportAllocs()
	for b.Loop() {
		l.take(one, "say")
	}
}
