package engine

import (
	"errors"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/briohq/brio/transport"
)

func TestOwnIDs(t *testing.T) {
	_, h, layers := serve(t, Config{
		NewID:  func(r *http.Request) (string, error) { return r.URL.Query().Get("as"), nil },
		Cookie: func(id string) *http.Cookie { return &http.Cookie{Name: "io", Value: id} },
	})
	for _, id := range []string{"a", "node-1_abcdefghijkl0", "!\"#$%25%26'()*%2B,-./:%3B<=>?@[\\]^_`{|}~", strings.Repeat("x", 256)} {
		a := request(h, "GET", newPoll+"&as="+id, "")
		l := <-layers
		if got := sid(t, a.body); got != l.session.ID() || len(id) < 30 && got != id {
			t.Errorf("%q: told %q, session %q", id, got, l.session.ID())
		}
		if len(id) < 30 && a.header.Get("Set-Cookie") != "io="+id {
			t.Errorf("%q: cookie %q", id, a.header.Get("Set-Cookie"))
		}
	}
	c := dial(t, h, newCable+"&as=b")
	if got := sid(t, c.hear()); got != "b" || (<-layers).session.ID() != "b" {
		t.Errorf("WebSocket: told %q", got)
	}
	p := poller{h, "a"}
	p.post("4hello").is(t, 200, "ok")
}

func TestIDsThatAreRefused(t *testing.T) {
	var told []string
	_, h, layers := serve(t, Config{
		NewID: func(r *http.Request) (string, error) {
			if id := r.URL.Query().Get("as"); id != "fail" {
				return id, nil
			}
			return "x", errors.New("no id today")
		},
		OnRefused: func(_ *http.Request, code int, message string) {
			if code != badRequest.Code {
				message += " with another code"
			}
			told = append(told, message)
		},
	})
	for name, id := range map[string]string{
		"an error": "fail", "nothing": "", "a space": "a%20b", "a control character": "a%0Ab", "a delete": "%7F",
		"no ASCII": "%C3%A9", "too long": strings.Repeat("x", 257),
	} {
		if a := request(h, "GET", newPoll+"&as="+id, ""); a.status != 400 || a.body != `{"code":3,"message":"Bad request"}` {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		if a := request(h, "GET", newCable+"&as="+id, "", upgradeHeaders()...); a.status != 400 || a.body != "Bad request" {
			t.Errorf("%s, WebSocket: %d %s", name, a.status, a.body)
		}
	}
	if want := strings.Repeat("Bad request ", 14); strings.Join(told, " ")+" " != want {
		t.Errorf("refused: %q", told)
	}
	if len(layers) != 0 {
		t.Errorf("%d sessions", len(layers))
	}
}

// An id is one session's at a time, and free again when that has gone.
func TestIDsAreUnique(t *testing.T) {
	s, h, layers := serve(t, Config{NewID: func(*http.Request) (string, error) { return "same", nil }})
	bad := func() {
		t.Helper()
		request(h, "GET", newPoll, "").is(t, 400, `{"code":3,"message":"Bad request"}`)
		request(h, "GET", newCable, "", upgradeHeaders()...).is(t, 400, "Bad request")
	}
	for range 2 {
		p := fetch(t, h)
		bad()
		p.post("4still here").is(t, 200, "ok")
		(<-layers).session.Abort(ForcedClose)
		if s.Len() != 0 {
			t.Fatal("the session is still there")
		}
	}
	c := dial(t, h, newCable)
	c.hear()
	bad()
	(<-layers).session.Abort(ForcedClose)
	free := func() {
		for s.claims() > 0 { // the handshake's handler may be on its way out
			runtime.Gosched()
		}
	}
	free()

	// A handshake that fails after all leaves the id free.
	for range 2 {
		headers := append(upgradeHeaders(), "Sec-WebSocket-Version", "8")
		if a := request(h, "GET", newCable, "", headers...); a.status != 426 {
			t.Errorf("a wrong version is answered %d", a.status)
		}
		free()
	}
	fetch(t, h)
	(<-layers).session.Abort(ForcedClose)
	free()
}

func (s *Server) claims() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.claimed)
}

func TestOneOfManyGetsAnID(t *testing.T) {
	_, h, layers := serve(t, Config{NewID: func(*http.Request) (string, error) { return "same", nil }})
	var in atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if request(h, "GET", newPoll, "").status == 200 {
				in.Add(1)
			}
		})
	}
	wg.Wait()
	if in.Load() != 1 || len(layers) != 1 {
		t.Errorf("%d were let in, %d sessions", in.Load(), len(layers))
	}
}

// Only handshakes that are let in otherwise need an id.
func TestNewIDIsAskedLast(t *testing.T) {
	asked := 0
	_, h, _ := serve(t, Config{
		NewID:        func(*http.Request) (string, error) { asked++; return NewID(), nil },
		AllowRequest: func(*http.Request) error { return errors.New("no") },
	})
	request(h, "GET", newPoll, "").is(t, 403, `{"code":4,"message":"no"}`)
	request(h, "GET", newPoll+"&sid=x", "").is(t, 400, `{"code":1,"message":"Session ID unknown"}`)
	if asked != 0 {
		t.Errorf("asked %d times", asked)
	}
}

func TestInitialPacket(t *testing.T) {
	for want, frame := range map[string]*transport.Frame{
		"4hello": transport.NewText(transport.Message, "hello"),
		"bAQI=":  transport.NewBinary([]byte{1, 2}),
	} {
		_, h, layers := serve(t, Config{InitialPacket: frame})
		a := request(h, "GET", newPoll, "")
		if got := packets(a.body); len(got) != 2 || got[0][0] != '0' || got[1] != want {
			t.Errorf("polling: %q", a.body)
		}
		(<-layers).send(t, 0, "4next")
		poller{h, sid(t, packets(a.body)[0])}.get().is(t, 200, "4next")

		c := dial(t, h, newCable)
		if open := c.hear(); open[0] != '0' {
			t.Errorf("WebSocket: %q", open)
		}
		c.hears(t, strings.Replace(want, "bAQI=", "b\x01\x02", 1))
		(<-layers).send(t, 0, "4next")
		c.hears(t, "4next")
	}
}
