package engine

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/briohq/brio/transport"
)

const full = `{"code":6,"message":"too many connections"}`

// refusedFor checks a refusal with status 503.
func (a answer) refusedFor(t *testing.T, body, after string) {
	t.Helper()
	a.is(t, 503, body)
	if got := a.header.Get("Retry-After"); got != after || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("Retry-After %q, want %q; headers %v", got, after, a.header)
	}
}

func TestMaxConnections(t *testing.T) {
	heard := make(chan string, 100)
	s, h, layers := serve(t, Config{MaxConnections: 2, Transports: all, OnRefused: func(_ *http.Request, code int, message string) {
		heard <- fmt.Sprint(code, " ", message)
	}})
	p := fetch(t, h)
	first := <-layers
	c := dial(t, h, "EIO=4&transport=websocket")
	second := <-layers
	c.hear()
	for range 2 {
		request(h, "GET", newPoll, "").refusedFor(t, full, "5")
		request(h, "GET", newCable, "", upgradeHeaders()...).refusedFor(t, full, "5")
		if a := arrive(s, &newcomer{first: "0"}); a.Code != 503 {
			t.Errorf("WebTransport: %d", a.Code)
		}
	}
	if got := <-heard; got != "6 too many connections" {
		t.Errorf("heard %q", got)
	}
	if st := s.Stats(); st.Sessions != 2 || st.Refused != 6 {
		t.Errorf("%+v", st)
	}
	// Those that are there stay, and may upgrade.
	up := dial(t, h, "EIO=4&transport=websocket&sid="+p.id)
	if err := up.say("2probe"); err != nil {
		t.Error(err)
	}
	up.hears(t, "3probe")
	// What is wrong takes no place, and whoever leaves gives it back.
	first.session.Abort(ForcedClose)
	for range 5 {
		request(h, "GET", "EIO=5&transport=polling", "").is(t, 400, `{"code":5,"message":"Unsupported protocol version"}`)
		request(h, "GET", newPoll, "", "Upgrade", "websocket").is(t, 400, "Bad request")
		request(h, "GET", "EIO=4&transport=websocket", "", upgradeHeaders()[:4]...) // no key
		until(t, func() bool {                                                      // which is answered before its place is given back
			s.mu.RLock()
			defer s.mu.RUnlock()
			return s.arriving == 0
		})
	}
	third := fetch(t, h)
	request(h, "GET", newPoll, "").refusedFor(t, full, "5")
	_ = third
	c.Close()
	second.ended(t, TransportClose)
	until(t, func() bool { return s.Len() == 1 })
	fetch(t, h)
	if got := s.Busy(); len(got) != 1 || got[0] != TooManyConnections {
		t.Errorf("busy: %q", got)
	}
	(<-layers).session.Abort(ForcedClose)
	if got := s.Busy(); len(got) != 0 {
		t.Errorf("busy: %q", got)
	}
}

// A handshake that waits has a place, and gives it back once, whatever becomes of it.
func TestOnEnd(t *testing.T) {
	var begun, ended atomic.Int32
	decide := make(chan error)
	waits := make(chan struct{})
	s, h, layers := serve(t, Config{MaxConnections: 1, Transports: all, AllowRequest: func(r *http.Request) error {
		begun.Add(1)
		if !OnEnd(r, func() { ended.Add(1) }) {
			t.Error("not one of a handshake")
		}
		waits <- struct{}{}
		err := <-decide
		if errors.Is(err, errPanic) {
			panic(http.ErrAbortHandler)
		}
		return err
	}})
	over := func(n int32) {
		t.Helper()
		until(t, func() bool {
			s.mu.RLock()
			defer s.mu.RUnlock()
			return ended.Load() == n && len(s.sessions)+s.arriving == 0 && len(s.ends) == 0
		})
	}
	for name, c := range map[string]struct {
		query   string
		headers []string
		err     error
		status  int
	}{
		"refused":          {newPoll, nil, errors.New("no"), 403},
		"full":             {newPoll, nil, fmt.Errorf("wrapped: %w", &Overload{Message: "come back", RetryAfter: 1500 * time.Millisecond}), 503},
		"a WebSocket":      {"EIO=4&transport=websocket", upgradeHeaders(), &Overload{}, 503},
		"panic":            {newPoll, nil, errPanic, 0},
		"old":              {"EIO=3&transport=polling", nil, nil, 400},
		"bad WebSocket":    {"EIO=4&transport=websocket", upgradeHeaders()[:4], nil, 400},
		"let in, and ends": {newPoll, nil, nil, 200},
	} {
		before := begun.Load()
		h.Client().CloseIdleConnections() // on a fresh one no request is made again
		got := make(chan answer, 1)
		go func() { got <- request(h, "GET", c.query, "", c.headers...) }()
		<-waits
		request(h, "GET", newPoll, "").refusedFor(t, full, "5") // while that one waits
		decide <- c.err
		a := <-got
		if a.status != c.status {
			t.Errorf("%s: %d %q", name, a.status, a.body)
		}
		if c.status == 503 && a.header.Get("Retry-After") == "" {
			t.Errorf("%s: no word of when to come back", name)
		}
		if a.status == 200 {
			if ended.Load() != before {
				t.Error("ended too early")
			}
			l := <-layers
			l.session.Abort(ForcedClose)
			l.session.Abort(ForcedClose)
		}
		over(before + 1)
	}
	if OnEnd(&http.Request{}, func() {}) {
		t.Error("a request that is none")
	}

	conn := &newcomer{first: "0"}
	arrived := make(chan struct{})
	go func() {
		defer close(arrived)
		arrive(s, conn)
	}()
	<-waits
	decide <- nil
	<-arrived
	l := <-layers
	if a := arrive(s, &newcomer{first: "0"}); a.Code != 503 {
		t.Errorf("answered %d", a.Code)
	}
	before := ended.Load()
	l.session.Close(ForcedClose)
	over(before + 1)
}

var errPanic = errors.New("panic")

func TestOverloadText(t *testing.T) {
	for want, o := range map[string]*Overload{
		"server overloaded 5": {},
		"later 1":             {Message: "later", RetryAfter: time.Millisecond},
		"later 3":             {Message: "later", RetryAfter: 2*time.Second + 1},
	} {
		s, h, _ := serve(t, Config{AllowRequest: func(*http.Request) error { return o }})
		a := request(h, "GET", newPoll, "")
		message, after := want[:len(want)-2], want[len(want)-1:]
		a.refusedFor(t, `{"code":6,"message":`+strconv.Quote(message)+`}`, after)
		if s.Stats().Refused != 1 || o.Error() != message {
			t.Errorf("%+v, %q", s.Stats(), o.Error())
		}
	}
}

// The memory in use is looked at once a second, and sessions are let in again when
// it is clearly less.
func TestMaxMemory(t *testing.T) {
	m := newMemory(800)
	var in uint64
	looks := 0
	m.read = func() uint64 { looks++; return in }
	for i, c := range []struct {
		in   uint64
		at   time.Duration
		want bool
	}{
		{800, 0, false},
		{801, memoryPace - 1, false}, // not looked at
		{801, memoryPace, true},
		{701, 2 * memoryPace, true},
		{700, 3 * memoryPace, false},
		{701, 4 * memoryPace, false},
	} {
		in = c.in
		if got := m.over(c.at); got != c.want {
			t.Errorf("%d: %d at %v: over %v", i, c.in, c.at, got)
		}
	}
	if looks != 5 {
		t.Errorf("looked %d times", looks)
	}
	if none := newMemory(-1); none.over(0) || none.limit != 0 {
		t.Error("there is a limit")
	}
	if n := alive(); n < 1<<16 || n > 1<<40 {
		t.Errorf("%d bytes are alive", n)
	}
}

func TestMemoryRefuses(t *testing.T) {
	s, h, _ := serve(t, Config{MaxMemory: 1})
	request(h, "GET", newPoll, "").refusedFor(t, `{"code":6,"message":"server overloaded"}`, "5")
	if got := s.Busy(); len(got) != 1 || got[0] != TooMuchMemory {
		t.Errorf("busy: %q", got)
	}
}

// Those for whom the most waits go first, and only as many as it takes.
func TestShedsTheLargest(t *testing.T) {
	const kib = 1 << 10
	s, layers := newServer(Config{MaxBacklogTotal: 1000 * kib})
	defer shutDown(t, s)
	type one struct {
		*layer
		c *fakeConn
	}
	var all []one
	for range 12 {
		session := &Session{id: NewID(), server: s, ready: true}
		c := &fakeConn{receiver: session, blocked: true}
		e, _ := s.enter()
		s.open(session, c, httptest.NewRequest("GET", "/", nil), e, nil)
		all = append(all, one{<-layers, c})
		defer session.Abort(ForcedClose)
	}
	handshakes := s.waiting()
	send := func(o one, n int) {
		_ = o.session.Send([]*transport.Frame{transport.NewBinary(make([]byte, n*kib))}, 0)
	}
	for i, o := range all {
		send(o, 10*(i+1)) // 780 together
	}
	if got := s.waiting(); got < 780*kib+handshakes || got > 790*kib || len(s.Busy()) > 0 {
		t.Fatalf("%d bytes wait; busy: %q", got, s.Busy())
	}
	all[0].session.Ready(all[0].c) // can take all that waits
	send(all[1], 210)              // 230: the largest, and still within
	send(all[2], 100)              // 130: now it is too much
	_ = s.group.Wait(t.Context())
	for i, o := range all {
		if i <= 2 && i > 0 {
			o.ended(t, SlowClient)
		} else {
			o.open(t)
		}
	}
	if got := s.waiting(); got > 750*kib || s.Stats().Shed != 2 || len(s.Busy()) > 0 {
		t.Errorf("%d bytes wait; %+v; busy %q", got, s.Stats(), s.Busy())
	}
	for _, o := range all {
		o.session.Abort(ForcedClose)
	}
	if got := s.waiting(); got != 0 {
		t.Errorf("%d bytes wait for nobody", got)
	}
}
