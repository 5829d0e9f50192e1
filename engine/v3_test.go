package engine

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio/transport"
)

const pollV3 = "EIO=3&transport=polling"

// openV3 is openFake for a client of revision 3.
func openV3(t *testing.T, polls bool) (*Server, *layer, *fakeConn) {
	t.Helper()
	s, layers := newServer(Config{AllowEIO3: true})
	session := &Session{id: NewID(), server: s, revision: transport.V3, ready: !polls, blocked: polls}
	conn := &fakeConn{receiver: session, polls: polls}
	if !s.open(session, conn, httptest.NewRequest("GET", "/", nil), seat(s), nil) {
		t.Fatal("not opened")
	}
	if polls {
		session.Ready(conn)
	}
	conn.written() // the handshake
	return s, <-layers, conn
}

func TestHeartbeatOfV3(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, c := openV3(t, false)
		defer s.group.Wait(t.Context())
		for _, wait := range []time.Duration{25 * time.Second, 45*time.Second - time.Nanosecond, 0, time.Millisecond} {
			time.Sleep(wait)
			synctest.Wait()
			l.open(t)
			if w := c.written(); w != "" {
				t.Errorf("wrote %q of itself", w)
			}
			c.receive("2")
			if w := c.written(); w != "3" {
				t.Errorf("a ping is answered %q", w)
			}
		}
		c.receive("2data")
		if w := c.written(); w != "3" {
			t.Errorf("a ping with data is answered %q", w)
		}
		time.Sleep(44 * time.Second)
		c.receive("4traffic is no ping")
		time.Sleep(time.Second - time.Nanosecond)
		synctest.Wait()
		l.open(t)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		l.ended(t, PingTimeout)
		if c.ended() != "abort" || s.Len() != 0 {
			t.Errorf("the conn's end: %q; %d sessions", c.ended(), s.Len())
		}
	})
}

func TestHeartbeatWithoutAPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, _ := openV3(t, true)
		time.Sleep(45*time.Second - time.Nanosecond)
		synctest.Wait()
		l.open(t)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		l.ended(t, PingTimeout)
	})
}

func TestHeartbeatOfAPausedV3(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, c := openV3(t, false)
		l.session.Pause()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		l.open(t)
		l.session.Resume()
		time.Sleep(44 * time.Second) // the client's next ping may be that far away
		synctest.Wait()
		l.open(t)
		c.receive("2")
		time.Sleep(45*time.Second - time.Nanosecond)
		synctest.Wait()
		l.open(t)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		l.ended(t, PingTimeout)
	})
}

func TestOverdueSessionOfV3(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, c := openV3(t, true)
		s.shards[0].wheel.Stop() // it is late
		time.Sleep(44 * time.Second)
		c.receive("2")
		time.Sleep(45*time.Second - time.Nanosecond)
		if _, refused := s.verifySession(intent{}, l.session.ID()); refused != nil {
			t.Error("refused too early")
		}
		time.Sleep(time.Nanosecond)
		if _, refused := s.verifySession(intent{}, l.session.ID()); refused == nil || *refused != unknownSession {
			t.Errorf("not refused: %v", refused)
		}
		l.ended(t, PingTimeout)
	})
}

func TestPacketsThatEndASessionOfV3(t *testing.T) {
	for packet, want := range map[string]Reason{
		"0{}": ParseError, "1": TransportClose, "3": TransportError, "3probe": TransportError, "5": ParseError, "6": ParseError,
	} {
		_, l, c := openV3(t, false)
		c.receive(packet)
		l.ended(t, want)
		c.receive("2")
		if w := c.written(); w != "" {
			t.Errorf("wrote %q after the end", w)
		}
	}
}

// A client that pings and does not read is bounded like any other.
func TestPongsAreBounded(t *testing.T) {
	_, l, c := openV3(t, false)
	c.block(true)
	for range (4<<20)/pong[0].Size() + 2 {
		c.receive("2")
	}
	l.ended(t, SlowClient)
}

func TestRevision(t *testing.T) {
	_, h, layers := serve(t, Config{AllowEIO3: true})
	for query, want := range map[string]transport.Revision{
		"EIO=4": transport.V4, "EIO=3": transport.V3, "EIO=4&j=0": transport.V4,
	} {
		a := request(h, "GET", query+"&transport=polling", "")
		l := <-layers
		if r := l.session.Revision(); a.status != 200 || r != want || strings.HasPrefix(a.body, "0{") != (want == transport.V4) {
			t.Errorf("%s: revision %d, answer %d %q", query, r, a.status, a.body)
		}
		c := dial(t, h, query+"&transport=websocket")
		l = <-layers
		if first, r := c.hear(), l.session.Revision(); r != want || !strings.HasPrefix(first, `0{"sid":`) {
			t.Errorf("%s on WebSocket: revision %d, %q", query, r, first)
		}
	}
}

func TestOtherRevisionsAreRefused(t *testing.T) {
	s, h, _ := serve(t, Config{AllowEIO3: true})
	for _, query := range []string{"EIO=2", "EIO=", "EIO=04", "EIO=abc", "x=1", "EIO=5"} {
		request(h, "GET", query+"&transport=polling", "").is(t, 400, `{"code":5,"message":"Unsupported protocol version"}`)
	}
	if s.Len() != 0 {
		t.Errorf("%d sessions", s.Len())
	}
}

func TestEIO3IsRefusedUnlessAllowed(t *testing.T) {
	s, h, _ := serve(t, Config{})
	for _, query := range []string{"EIO=3", "EIO=abc", "x=1", "EIO=3&j=0", "EIO=3&b64=1"} {
		request(h, "GET", query+"&transport=polling", "").is(t, 400, `{"code":5,"message":"Unsupported protocol version"}`)
		a := request(h, "GET", query+"&transport=websocket", "", upgradeHeaders()...)
		a.is(t, 400, "Unsupported protocol version")
	}
	if s.Len() != 0 {
		t.Errorf("%d sessions", s.Len())
	}
}

// pollAs begins a session on polling; script is the index of JSONP, if any.
func pollAs(t *testing.T, h *httptest.Server, query string) (poller, string) {
	t.Helper()
	a := request(h, "GET", query, "")
	if a.err != nil || a.status != 200 {
		t.Fatalf("handshake: %+v", a)
	}
	_, id, _ := strings.Cut(a.body, `sid`)
	id = strings.Trim(id, `\":`)[:20]
	return poller{h, id}, a.body
}

func TestPollingOfV3(t *testing.T) {
	_, h, layers := serve(t, Config{AllowEIO3: true})
	p, body := pollAs(t, h, pollV3)
	l := <-layers
	length, open, _ := strings.Cut(body, ":")
	if strconv.Itoa(len(open)) != length || sid(t, open) != l.session.ID() {
		t.Errorf("handshake %q", body)
	}
	p.post("6:4hello6:b4AQID").is(t, 200, "ok")
	l.received(t, "hello", "b\x01\x02\x03")
	l.send(t, 0, "4héllo")
	p.get().is(t, 200, "6:4héllo") // whatever EIO a later request has
	_ = l.session.Send(binary("\x01"), 0)
	p.get().is(t, 200, "\x01\x02\xff\x04\x01")
	p.post("1:2").is(t, 200, "ok")
	p.get().is(t, 200, "1:3")
	got := p.hold(t, l)
	p.post("1:1").is(t, 200, "ok")
	(<-got).is(t, 200, "1:6")
	l.ended(t, TransportClose)
}

func TestJSONP(t *testing.T) {
	_, h, layers := serve(t, Config{AllowEIO3: true, Origins: []string{"*"}})
	p, body := pollAs(t, h, pollV3+"&j=7")
	l := <-layers
	if !strings.HasPrefix(body, `___eio[7]("`) || !strings.HasSuffix(body, `");`) {
		t.Errorf("handshake %q", body)
	}
	p.post("d=3:4a%5Cn").is(t, 200, "ok")
	l.received(t, "a\n")
	_ = l.session.Send(binary("\x01"), 0)
	p.get().is(t, 200, `___eio[7]("6:b4AQ==");`)
}

// A script has no Origin: whose page loads it is told by Referer.
func TestOriginsOfJSONP(t *testing.T) {
	for name, c := range map[string]struct {
		origins []string
		headers []string
		status  int
	}{
		"its own page":           {nil, []string{"Referer", "self"}, 200},
		"another page":           {nil, []string{"Referer", "http://evil.example/x"}, 403},
		"nobody's page":          {nil, nil, 403},
		"no URL":                 {nil, []string{"Referer", "%zz"}, 403},
		"a named page":           {[]string{"https://good.example"}, []string{"Referer", "https://good.example/a/b?c"}, 200},
		"not a named page":       {[]string{"https://good.example"}, []string{"Referer", "http://good.example/"}, 403},
		"any page":               {[]string{"*"}, []string{"Referer", "http://evil.example/x"}, 200},
		"any page, even nobody":  {[]string{"*"}, nil, 200},
		"an Origin after all":    {[]string{"https://good.example"}, []string{"Origin", "https://good.example"}, 200},
		"another Origin":         {[]string{"https://good.example"}, []string{"Origin", "https://evil.example", "Referer", "https://good.example/"}, 403},
		"of all, Referer or not": {[]string{"https://good.example", "*"}, nil, 200},
	} {
		t.Run(name, func(t *testing.T) {
			s, h, _ := serve(t, Config{AllowEIO3: true, Origins: c.origins})
			for i, v := range c.headers {
				c.headers[i] = strings.ReplaceAll(v, "self", h.URL+"/page")
			}
			if a := request(h, "GET", pollV3+"&j=0", "", c.headers...); a.status != c.status {
				t.Errorf("status %d, want %d", a.status, c.status)
			}
			if (s.Len() == 1) != (c.status == 200) {
				t.Errorf("%d sessions", s.Len())
			}
			if a := request(h, "GET", pollV3, ""); a.status != 200 {
				t.Errorf("status %d without JSONP", a.status)
			}
		})
	}
}

func TestUpgradeOfV3(t *testing.T) {
	for query, want := range map[string]string{"": "b\x04\x01", "&b64=1": "b4AQ==", "&b64=": "b\x04\x01"} {
		_, h, layers := serve(t, Config{AllowEIO3: true})
		p, _ := pollAs(t, h, pollV3+"&b64=1")
		l := <-layers
		got := p.hold(t, l)
		c := dial(t, h, "EIO=3&transport=websocket&sid="+p.id+query)
		_ = c.say("2probe")
		c.hears(t, "3probe")
		(<-got).is(t, 200, "1:6")
		p.post("1:2").is(t, 200, "ok")
		p.get().is(t, 200, "1:3")
		_ = c.say("5")
		_ = c.say("2")
		c.hears(t, "3")
		_ = c.say("b4AQ==")
		l.received(t, "b\x01")
		_ = l.session.Send(binary("\x01"), 0)
		c.hears(t, want)
		l.open(t)
	}
}

func TestBase64OnWebSocket(t *testing.T) {
	_, h, layers := serve(t, Config{AllowEIO3: true})
	for query, want := range map[string]string{
		"EIO=4": "b\x01", "EIO=4&b64=1": "bAQ==", "EIO=4&b64=": "b\x01", "EIO=4&b64=false": "bAQ==", "EIO=3&b64=1": "b4AQ==", "EIO=3": "b\x04\x01",
	} {
		c := dial(t, h, query+"&transport=websocket")
		l := <-layers
		_ = c.hear()
		_ = l.session.Send(binary("\x01"), 0)
		if got := c.hear(); got != want {
			t.Errorf("%s: heard %q, want %q", query, got, want)
		}
	}
}

// opener is a layer that notes when it is opened.
type opener struct{ *layer }

func (o opener) Opened() { o.messages <- "opened"; _ = o.session.Send(frames("4welcome"), 0) }

func TestOpened(t *testing.T) {
	layers := make(chan *layer, 10)
	s := NewServer(Config{Open: func(s *Session, _ *http.Request) Receiver {
		l := &layer{session: s, messages: make(chan string, 10), closed: make(chan Reason, 10)}
		layers <- l
		return opener{l}
	}})
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	t.Cleanup(func() { shutDown(t, s) })

	a := request(h, "GET", newPoll, "")
	l := <-layers
	l.received(t, "opened")
	if got := packets(a.body); len(got) != 2 || got[1] != "4welcome" {
		t.Errorf("handshake %q", a.body)
	}
	l.session.Abort(ForcedClose)
	c := dial(t, h, newCable)
	l = <-layers
	if open := c.hear(); !strings.HasPrefix(open, "0{") {
		t.Errorf("heard %q first", open)
	}
	c.hears(t, "4welcome")
	_ = c.say("4hello")
	l.received(t, "opened", "hello")
	l.session.Abort(ForcedClose)
}
