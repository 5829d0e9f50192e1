package engine

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
)

func TestOnRefused(t *testing.T) {
	heard := make(chan string, 10)
	_, h, _ := serve(t, Config{
		AllowRequest: func(r *http.Request) error {
			if r.URL.Query().Has("banned") {
				return errors.New("banned")
			}
			return nil
		},
		OnRefused: func(r *http.Request, code int, message string) {
			heard <- fmt.Sprintf("%s %s: %d %s", r.Method, r.URL.Query().Get("transport"), code, message)
		},
	})
	for _, c := range []struct {
		method, query string
		headers       []string
		want          string
	}{
		{"GET", "EIO=4&transport=tin", nil, "GET tin: 0 Transport unknown"},
		{"POST", newPoll + "&sid=x", nil, "POST polling: 1 Session ID unknown"},
		{"POST", newPoll, nil, "POST polling: 2 Bad handshake method"},
		{"GET", newCable, nil, "GET websocket: 3 Bad request"},
		{"GET", newPoll + "&banned", nil, "GET polling: 4 banned"},
		{"GET", newCable + "&banned", upgradeHeaders(), "GET websocket: 4 banned"},
		{"GET", "EIO=3&transport=polling", nil, "GET polling: 5 Unsupported protocol version"},
	} {
		request(h, c.method, c.query, "", c.headers...)
		select {
		case got := <-heard: // before the answer
			if got != c.want {
				t.Errorf("heard %q, want %q", got, c.want)
			}
		default:
			t.Errorf("%s %s: nothing heard", c.method, c.query)
		}
	}
	p := fetch(t, h)
	p.post("4hello").is(t, 200, "ok")
	dial(t, h, newCable+"&sid="+p.id)
	if len(heard) != 0 {
		t.Errorf("heard %q of what was let in", <-heard)
	}
}
