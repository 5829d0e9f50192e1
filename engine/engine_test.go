package engine

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestHandshakePacket(t *testing.T) {
	_, h, layers := serve(t, Config{PingInterval: 300 * time.Millisecond * 100, MaxPayload: 1234})
	a := request(h, "GET", newPoll, "")
	id := (<-layers).session.ID()
	a.is(t, 200, `0{"sid":"`+id+`","upgrades":["websocket"],"pingInterval":30000,"pingTimeout":20000,"maxPayload":1234}`)
	if c := a.header.Get("Content-Type"); c != "text/plain; charset=UTF-8" {
		t.Errorf("content type %q", c)
	}
	c := dial(t, h, "EIO=4&transport=websocket")
	id = (<-layers).session.ID()
	c.hears(t, `0{"sid":"`+id+`","upgrades":[],"pingInterval":30000,"pingTimeout":20000,"maxPayload":1234}`)
}

func TestIDs(t *testing.T) {
	shape := regexp.MustCompile(`^[\w-]{20}$`)
	seen := map[string]bool{}
	for range 1000 {
		id := NewID()
		if !shape.MatchString(id) || seen[id] {
			t.Fatalf("id %q", id)
		}
		seen[id] = true
	}
}

func TestRefusals(t *testing.T) {
	s, h, layers := serve(t, Config{})
	c := dial(t, h, "EIO=4&transport=websocket")
	onCable := (<-layers).session.ID()
	c.hear()
	p := fetch(t, h)
	upgrade := upgradeHeaders()
	unknown, session, method := `{"code":0,"message":"Transport unknown"}`, `{"code":1,"message":"Session ID unknown"}`, `{"code":2,"message":"Bad handshake method"}`
	bad, forbidden, version := `{"code":3,"message":"Bad request"}`, `{"code":4,"message":"Forbidden"}`, `{"code":5,"message":"Unsupported protocol version"}`
	for name, r := range map[string]struct {
		method, query string
		headers       []string
		status        int
		body          string
	}{
		"no transport":                    {"GET", "EIO=4", nil, 400, unknown},
		"unknown transport":               {"GET", "EIO=4&transport=tin", nil, 400, unknown},
		"inherited name":                  {"GET", "EIO=4&transport=constructor", nil, 400, unknown},
		"unknown transport, bad method":   {"POST", "EIO=4&transport=tin", nil, 400, unknown},
		"unknown session":                 {"GET", newPoll + "&sid=x", nil, 400, session},
		"unknown session, POST":           {"POST", newPoll + "&sid=x", nil, 400, session},
		"POST handshake":                  {"POST", newPoll, nil, 400, method},
		"OPTIONS handshake":               {"OPTIONS", newPoll, nil, 400, method},
		"WebSocket without Upgrade":       {"GET", "EIO=4&transport=websocket", nil, 400, bad},
		"polling of a WebSocket session":  {"GET", newPoll + "&sid=" + onCable, nil, 400, bad},
		"WebSocket without Upgrade, sid":  {"GET", "EIO=4&transport=websocket&sid=" + p.id, nil, 400, bad},
		"version 3":                       {"GET", "EIO=3&transport=polling", nil, 400, version},
		"no version":                      {"GET", "transport=polling", nil, 400, version},
		"version 40":                      {"GET", "EIO=40&transport=polling", nil, 400, version},
		"foreign origin":                  {"GET", newPoll, []string{"Origin", "https://evil.example"}, 403, forbidden},
		"foreign origin with a session":   {"GET", p.query(), []string{"Origin", "https://evil.example"}, 403, forbidden},
		"method of a session":             {"PUT", p.query(), nil, 500, ""},
		"upgrade: no transport":           {"GET", "EIO=4", upgrade, 400, "Transport unknown"},
		"upgrade: unknown session":        {"GET", "EIO=4&transport=websocket&sid=x", upgrade, 400, "Session ID unknown"},
		"upgrade: for polling":            {"GET", newPoll, upgrade, 400, "Bad request"},
		"upgrade: for a polling session":  {"GET", p.query(), upgrade, 400, "Bad request"},
		"upgrade: version 3":              {"GET", "EIO=3&transport=websocket", upgrade, 400, "Unsupported protocol version"},
		"upgrade: foreign origin is 400":  {"GET", "EIO=4&transport=websocket", append([]string{"Origin", "https://evil.example"}, upgrade...), 400, "Forbidden"},
		"upgrade: unknown, wrong version": {"GET", "transport=tin", upgrade, 400, "Transport unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			a := request(h, r.method, r.query, "", r.headers...)
			a.is(t, r.status, r.body)
			want := "application/json"
			switch {
			case r.body == "":
				return
			case len(r.headers) > 2:
				want = "text/html"
				if !a.close {
					t.Error("the connection stays open")
				}
			}
			if c := a.header.Get("Content-Type"); c != want {
				t.Errorf("content type %q, want %q", c, want)
			}
		})
	}
	if s.Len() != 2 {
		t.Errorf("%d sessions, want the two that were let in", s.Len())
	}
	p.post("4still here").is(t, 200, "ok")
}

// No HTTP client sends such a header; another front than net/http may pass it on.
func TestIllegalBytesInOrigin(t *testing.T) {
	s, _ := newServer(Config{Origins: []string{"*"}})
	for _, origin := range []string{"http://a\x00", "http://a\n", "\x7f", "http://\x1f"} {
		r := httptest.NewRequest("GET", "/?"+newPoll, nil)
		r.Header["Origin"] = []string{origin}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != 400 || w.Body.String() != `{"code":3,"message":"Bad request"}` {
			t.Errorf("%q: %d %s", origin, w.Code, w.Body)
		}
	}
}

func TestOrigins(t *testing.T) {
	for _, c := range []struct {
		allowed []string
		origin  string
		want    bool
	}{
		{nil, "", true},
		{nil, "https://example.com", true},
		{nil, "http://EXAMPLE.com", true},
		{nil, "https://example.com:8443", false},
		{nil, "https://example.com.evil.example", false},
		{nil, "https://evil.example", false},
		{nil, "null", false},
		{nil, "://", false},
		{[]string{}, "", true},
		{[]string{}, "https://example.com", false},
		{[]string{"*"}, "https://evil.example", true},
		{[]string{"*"}, "null", true},
		{[]string{"https://a.example", "https://b.example"}, "https://b.example", true},
		{[]string{"https://a.example"}, "HTTPS://A.example", true},
		{[]string{"https://a.example"}, "http://a.example", false},
		{[]string{"https://a.example"}, "https://example.com", false},
		{[]string{"https://a.example"}, "https://a.example.evil.example", false},
	} {
		s, _ := newServer(Config{Origins: c.allowed})
		r := httptest.NewRequest("GET", "https://example.com/?"+newPoll, nil)
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
		}
		if _, refused := s.verify(r, s.trust(r)); (refused == nil) != c.want {
			t.Errorf("origin %q with %q: refused %v", c.origin, c.allowed, refused)
		}
	}
}

func TestOpenIsRequired(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	NewServer(Config{})
}

func TestMessagesOverPolling(t *testing.T) {
	_, h, layers := serve(t, Config{MaxPayload: 100})
	p := fetch(t, h)
	l := <-layers
	p.post("4hello\x1ebAQID").is(t, 200, "ok")
	l.received(t, "hello", "b\x01\x02\x03")
	l.send(t, 0, "4a", "4b")
	if err := l.session.Send(binary("\x01\x02\x03"), 0); err != nil {
		t.Error(err)
	}
	p.get().is(t, 200, "4a\x1e4b\x1ebAQID")
	got := p.hold(t, l)
	l.send(t, Later, "4later")
	(<-got).is(t, 200, "4later")
	p.post("4"+strings.Repeat("x", 100)).is(t, 413, "")
	l.open(t)
	l.send(t, Volatile, "4nobody asks for it")
	got = p.hold(t, l)
	l.send(t, Volatile, "4somebody does")
	(<-got).is(t, 200, "4somebody does")
}

func TestClientClosesOverPolling(t *testing.T) {
	s, h, layers := serve(t, Config{})
	p := fetch(t, h)
	l := <-layers
	got := p.hold(t, l)
	p.post("4bye\x1e1").is(t, 200, "ok")
	(<-got).is(t, 200, "6")
	l.received(t, "bye")
	l.ended(t, TransportClose)
	p.get().is(t, 400, `{"code":1,"message":"Session ID unknown"}`)
	if s.Len() != 0 {
		t.Errorf("%d sessions", s.Len())
	}

	p = fetch(t, h) // the same without a GET
	l = <-layers
	p.post("1").is(t, 200, "ok")
	l.ended(t, TransportClose)
	p.get().is(t, 200, "6")
	p.get().is(t, 400, `{"code":1,"message":"Session ID unknown"}`)
}

func TestWrongsOverPolling(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(poller) answer
		want Reason
	}{
		"a second GET": {func(p poller) answer { return p.get() }, TransportError},
		"nonsense":     {func(p poller) answer { return p.post("nonsense") }, ParseError},
		"octet-stream": {func(p poller) answer {
			return request(p.h, "POST", p.query(), "4a", "Content-Type", "application/octet-stream")
		}, TransportError},
	} {
		t.Run(name, func(t *testing.T) {
			_, h, layers := serve(t, Config{})
			p := fetch(t, h)
			l := <-layers
			got := p.hold(t, l)
			c.do(p).is(t, 400, "")
			(<-got).is(t, 200, "1")
			l.ended(t, c.want)
		})
	}
	_, h, layers := serve(t, Config{})
	p := fetch(t, h)
	l := <-layers
	got := p.hold(t, l)
	p.post("2")
	(<-got).is(t, 200, "1")
	l.ended(t, TransportError)
}

func TestMessagesOverWebSocket(t *testing.T) {
	_, h, layers := serve(t, Config{})
	c := dial(t, h, "EIO=4&transport=websocket")
	l := <-layers
	c.hear()
	_ = c.say("4hello")
	_ = c.say("bAQID")
	l.received(t, "hello", "b\x01\x02\x03")
	l.send(t, 0, "4a", "4b")
	l.send(t, Later, "4c")
	c.hears(t, "4a", "4b", "4c")
	l.session.Close(ForcedClose)
	c.hears(t, "close frame")
	l.ended(t, ForcedClose)
}

func TestShutdown(t *testing.T) {
	s, layers := newServer(Config{})
	h := httptest.NewServer(s)
	defer h.Close()
	held, away := fetch(t, h), fetch(t, h)
	first, second := <-layers, <-layers
	got := held.hold(t, first)
	c := dial(t, h, "EIO=4&transport=websocket")
	third := <-layers
	c.hear()

	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		done <- s.Shutdown(ctx)
	}()
	(<-got).is(t, 200, "1")
	c.hears(t, "close frame")
	c.Close()
	for _, l := range []*layer{first, second, third} {
		l.ended(t, ServerShutdown)
	}
	away.get().is(t, 200, "1")

	for _, a := range []answer{
		request(h, "GET", newPoll, ""),
		request(h, "GET", "EIO=4&transport=websocket", "", upgradeHeaders()...),
	} {
		a.is(t, 503, `{"code":6,"message":"server shutting down"}`)
		if a.header.Get("Retry-After") == "" {
			t.Error("no word of when to come back")
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if s.Len() != 0 {
		t.Errorf("%d sessions are left", s.Len())
	}
}

func TestShutdownOfNothing(t *testing.T) {
	s, _ := newServer(Config{})
	shutDown(t, s)
	shutDown(t, s)
}

func TestShutdownGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, c := openFake(t, Config{}, true)
		begun := time.Now()
		if err := s.Shutdown(t.Context()); err != nil || time.Since(begun) != grace {
			t.Errorf("error %v after %v", err, time.Since(begun))
		}
		l.ended(t, ServerShutdown)
		if c.ended() != "abort" || s.Len() != 0 {
			t.Errorf("end %q, %d sessions", c.ended(), s.Len())
		}

		s, l, c = openFake(t, Config{}, true)
		why := errors.New("no patience")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(why)
		release := make(chan struct{})
		s.group.Go(func() { <-release })
		if err := s.Shutdown(ctx); !errors.Is(err, why) {
			t.Errorf("error %v", err)
		}
		l.ended(t, ServerShutdown)
		if c.ended() != "abort" {
			t.Errorf("end %q", c.ended())
		}
		close(release)
	})
}

func TestPauseReachesThePoller(t *testing.T) {
	_, h, layers := serve(t, Config{})
	p := fetch(t, h)
	l := <-layers
	l.session.Pause()
	posted := make(chan answer, 1)
	go func() { posted <- p.post("4a") }()
	select {
	case a := <-posted:
		t.Errorf("answered while paused: %+v", a)
	default:
	}
	l.session.Resume()
	l.received(t, "a")
	(<-posted).is(t, 200, "ok")
}

var _ http.Handler = (*Server)(nil)
