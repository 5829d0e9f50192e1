package engine

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
)

func TestAllowRequest(t *testing.T) {
	var asked atomic.Int32
	s, h, _ := serve(t, Config{AllowRequest: func(r *http.Request) error {
		asked.Add(1)
		if r.Header.Get("Authorization") == "" {
			return errors.New(`no "ticket"`)
		}
		return nil
	}})
	ticket := []string{"Authorization", "x"}
	refused := `{"code":4,"message":"no \"ticket\""}`
	for _, c := range []struct {
		name, method, query string
		headers             []string
		status              int
		body                string
		asked               int32
	}{
		{"polling", "GET", newPoll, nil, 403, refused, 1},
		{"WebSocket", "GET", "EIO=4&transport=websocket", upgradeHeaders(), 400, `no "ticket"`, 1},
		{"before the version", "GET", "EIO=3&transport=polling", nil, 403, refused, 1},
		{"version of one let in", "GET", "EIO=3&transport=polling", ticket, 400, `{"code":5,"message":"Unsupported protocol version"}`, 1},
		{"not after another refusal", "POST", newPoll, nil, 400, `{"code":2,"message":"Bad handshake method"}`, 0},
		{"not for a session", "GET", newPoll + "&sid=x", nil, 400, `{"code":1,"message":"Session ID unknown"}`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := asked.Load()
			request(h, c.method, c.query, "", c.headers...).is(t, c.status, c.body)
			if n := asked.Load() - before; n != c.asked {
				t.Errorf("asked %d times, want %d", n, c.asked)
			}
		})
	}
	if s.Len() != 0 {
		t.Errorf("%d sessions", s.Len())
	}

	a := request(h, "GET", newPoll, "", ticket...)
	if a.status != 200 {
		t.Fatalf("handshake: %+v", a)
	}
	p := poller{h, sid(t, a.body)}
	before := asked.Load()
	p.post("4hello").is(t, 200, "ok")
	dial(t, h, "EIO=4&transport=websocket&sid="+p.id)
	if n := asked.Load() - before; n != 0 {
		t.Errorf("asked %d times about requests of a session", n)
	}
}

// upgradeHeaders are those of a WebSocket handshake.
func upgradeHeaders() []string {
	return []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}
}
