package engine

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio/internal/group"
	"github.com/briohq/brio/transport"
)

// newcomer is a connection of WebTransport that notes what it is told.
type newcomer struct {
	fakeConn
	first string // the first packet; with none the client says nothing
}

func (n *newcomer) Name() string { return "webtransport" }

func (n *newcomer) First() transport.Packet {
	return transport.Packet{Type: transport.Type(n.first[0] - '0'), Data: []byte(n.first[1:])}
}

func (n *newcomer) Start(r transport.Receiver) { n.receiver = r }

func (n *newcomer) Refuse() { n.ends = append(n.ends, "refuse") }

// say has the session take a packet.
func (n *newcomer) say(packet string) {
	n.receiver.Receive(n, transport.Packet{Type: transport.Type(packet[0] - '0'), Data: []byte(packet[1:])})
}

// upgrading is the answer to a request for a connection.
type upgrading struct {
	*httptest.ResponseRecorder
	conn *newcomer
}

func (u *upgrading) Upgrade(ctx context.Context, _ int, _ *group.Group) (transport.Newcomer, error) {
	if u.conn.first == "" {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return u.conn, nil
}

// wrapped is an answer that something between server and engine has wrapped.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// arrive has a connection arrive, and returns the answer.
func arrive(s *Server, conn *newcomer, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("CONNECT", "/", nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	u := &upgrading{httptest.NewRecorder(), conn}
	s.ServeHTTP(wrapped{u}, r)
	return u.ResponseRecorder
}

var all = []string{"polling", "websocket", "webtransport"}

func TestConnect(t *testing.T) {
	s, layers := newServer(Config{Transports: all})
	conn := &newcomer{first: "0"}
	arrive(s, conn)
	l := <-layers
	if w := conn.written(); !strings.HasPrefix(w, `0{"sid":"`+l.session.ID()+`","upgrades":[],`) {
		t.Errorf("written %q", w)
	}
	conn.say("4hello")
	l.received(t, "hello")
	l.send(t, 0, "4answer")
	if w := conn.written(); w != "4answer" || l.session.Transport() != "webtransport" {
		t.Errorf("written %q on %s", w, l.session.Transport())
	}
	go l.session.Close(ForcedClose)
	l.ended(t, ForcedClose)
	until(t, func() bool { return conn.ended() == "close " })
	shutDown(t, s)
}

func TestConnectRefused(t *testing.T) {
	for name, c := range map[string]struct {
		config  Config
		headers []string
		status  int
		want    string
	}{
		"not enabled": {Config{}, nil, 400, unknownJSON},
		"bad origin":  {Config{Transports: all}, []string{"Origin", "https://a\x01"}, 400, badJSON},
		"an origin":   {Config{Transports: all}, []string{"Origin", "https://a"}, 403, `{"code":4,"message":"Forbidden"}`},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newServer(c.config)
			conn := &newcomer{first: "0"}
			a := arrive(s, conn, c.headers...)
			if a.Code != c.status || a.Body.String() != c.want || conn.ended() != "" {
				t.Errorf("answer %d %s, ended %q", a.Code, a.Body, conn.ended())
			}
			shutDown(t, s)
		})
	}
}

// A server that nothing lets upgrade answers as to any request that is wrong.
func TestConnectWithoutAnUpgrader(t *testing.T) {
	_, h, _ := serve(t, Config{Transports: all})
	for _, query := range []string{"", "EIO=4&transport=webtransport"} {
		request(h, "GET", query, "").is(t, 400, unknownJSON)
		request(h, "POST", query, "0").is(t, 400, unknownJSON)
	}
	s, _ := newServer(Config{Transports: all})
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("CONNECT", "/", nil))
	if w.Code != 400 || w.Body.String() != unknownJSON {
		t.Errorf("answer %d %s", w.Code, w.Body)
	}
	shutDown(t, s)
}

func TestGreetings(t *testing.T) {
	type refusal struct {
		Code    int
		Message string
	}
	for name, c := range map[string]struct {
		config Config
		first  string
		want   []refusal
	}{
		"a message":      {Config{}, "4a", []refusal{{3, "Bad request"}}},
		"no JSON":        {Config{}, "0{", []refusal{{3, "Bad request"}}},
		"null":           {Config{}, "0null", []refusal{{3, "Bad request"}}},
		"an empty id":    {Config{}, `0{"sid":""}`, []refusal{{3, "Bad request"}}},
		"an unknown id":  {Config{}, `0{"sid":"x"}`, []refusal{{1, "Session ID unknown"}}},
		"no upgrade":     {Config{NoUpgrade: true}, `0{"sid":"%"}`, []refusal{{3, "Bad request"}}},
		"not allowed":    {Config{AllowRequest: func(*http.Request) error { return errors.New("go away") }}, "0", []refusal{{4, "go away"}}},
		"after the fact": {Config{}, `0{"sid":"%"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []refusal
			c.config.Transports = all
			c.config.OnRefused = func(_ *http.Request, code int, message string) { got = append(got, refusal{code, message}) }
			s, l, _ := openFake(t, c.config, false)
			busy := &newcomer{first: `0{"sid":"` + l.session.ID() + `"}`}
			if !c.config.NoUpgrade {
				arrive(s, busy)
			}
			conn := &newcomer{first: strings.ReplaceAll(c.first, "%", l.session.ID())}
			arrive(s, conn)
			if diff := cmp.Diff(c.want, got); diff != "" || conn.ended() != "refuse" || conn.written() != "" {
				t.Errorf("ended %q: %s", conn.ended(), diff)
			}
			l.open(t)
			l.session.Abort(ForcedClose)
			if !c.config.NoUpgrade && busy.ended() != "abort" {
				t.Errorf("the one that upgrades: %q", busy.ended())
			}
			shutDown(t, s)
		})
	}
}

func TestConnectDuringAShutdown(t *testing.T) {
	s, _ := newServer(Config{Transports: all})
	shutDown(t, s)
	conn := &newcomer{first: "0"}
	a := arrive(s, conn)
	if a.Code != 503 || a.Header().Get("Retry-After") != "1" || conn.ended() != "" {
		t.Errorf("answered %d; ended %q", a.Code, conn.ended())
	}
}

func TestFirstPacketInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newServer(Config{Transports: all, UpgradeTimeout: 3 * time.Second})
		begun := time.Now()
		arrive(s, &newcomer{})
		if took := time.Since(begun); took != 3*time.Second {
			t.Errorf("gave up after %v", took)
		}
		shutDown(t, s)
	})
}

func TestProbeInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, old := openFake(t, Config{Transports: all, UpgradeTimeout: 3 * time.Second}, false)
		conn := &newcomer{first: `0{"sid":"` + l.session.ID() + `"}`}
		arrive(s, conn)
		conn.say("2probe")
		time.Sleep(2999 * time.Millisecond)
		if conn.ended() != "" {
			t.Error("given up too soon")
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if conn.ended() != "abort" || l.session.Transport() != "websocket" {
			t.Errorf("ended %q, on %s", conn.ended(), l.session.Transport())
		}
		l.send(t, 0, "4goes on")
		if w := old.written(); w != "4goes on" {
			t.Errorf("written %q", w)
		}
		l.session.Abort(ForcedClose)
		shutDown(t, s)
	})
}

// From WebSocket to WebTransport, which no transport is better than.
func TestUpgradeFromWebSocket(t *testing.T) {
	s, l, old := openFake(t, Config{Transports: all}, false)
	conn := &newcomer{first: `0{"sid":"` + l.session.ID() + `"}`}
	arrive(s, conn)
	conn.say("2probe")
	l.send(t, 0, "4on the old one")
	if conn.written() != "3probe" || old.written() != "4on the old one" {
		t.Error("not probed")
	}
	old.receive("4from the old one")
	conn.say("5")
	old.receive("4too late")
	conn.say("4from the new one")
	l.received(t, "from the old one", "from the new one")
	l.send(t, 0, "4on the new one")
	if conn.written() != "4on the new one" || old.written() != "" || old.ended() != "release" {
		t.Errorf("old: %q, ended %q", old.written(), old.ended())
	}
	again := &newcomer{first: `0{"sid":"` + l.session.ID() + `"}`}
	arrive(s, again)
	if again.ended() != "refuse" || l.session.Transport() != "webtransport" {
		t.Errorf("a second one: %q, on %s", again.ended(), l.session.Transport())
	}
	l.session.Abort(ForcedClose)
	shutDown(t, s)
}

// slowConn is a transport on which a write takes a while.
type slowConn struct {
	fakeConn
	writing, written chan struct{}
}

func (c *slowConn) Write(fs []*transport.Frame) bool {
	c.writing <- struct{}{}
	<-c.written
	return c.fakeConn.Write(fs)
}

// A transport is not released while it is written to: what has been given to it
// must leave before its goodbye.
func TestUpgradeDuringAWrite(t *testing.T) {
	s, layers := newServer(Config{Transports: all})
	old := &slowConn{writing: make(chan struct{}, 1), written: make(chan struct{}, 1)}
	old.written <- struct{}{}
	session := &Session{id: NewID(), server: s, ready: true}
	if !s.open(session, old, httptest.NewRequest("GET", "/", nil), seat(s), nil) {
		t.Fatal("not opened")
	}
	<-old.writing
	l := <-layers
	conn := &newcomer{first: `0{"sid":"` + session.ID() + `"}`}
	arrive(s, conn)
	conn.say("2probe")
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.send(t, 0, "4on its way")
	}()
	<-old.writing
	conn.say("5")
	if old.ended() != "" {
		t.Error("released during a write")
	}
	l.send(t, 0, "4next")
	old.written <- struct{}{}
	<-done
	old.fakeConn.written()
	if old.ended() != "release" || conn.written() != "3probe 4next" || session.Transport() != "webtransport" {
		t.Errorf("ended %q", old.ended())
	}
	session.Abort(ForcedClose)
	shutDown(t, s)
}
