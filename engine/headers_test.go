package engine

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// upgraded returns the headers of an answer that begins a WebSocket.
func upgraded(t *testing.T, h *httptest.Server, query string, headers ...string) http.Header {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, "GET", h.URL+"/?"+query, nil)
	headers = append(upgradeHeaders(), headers...)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := h.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("answer %d", response.StatusCode)
	}
	return response.Header
}

func TestCookie(t *testing.T) {
	_, h, layers := serve(t, Config{Cookie: func(id string) *http.Cookie {
		return &http.Cookie{Name: "io", Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	}})
	shape := func(l *layer) string { return "io=" + l.session.ID() + "; Path=/; HttpOnly; SameSite=Lax" }

	a := request(h, "GET", newPoll, "")
	l := <-layers
	if got, want := a.header.Get("Set-Cookie"), shape(l); got != want {
		t.Errorf("polling: cookie %q, want %q", got, want)
	}
	if got, want := upgraded(t, h, newCable).Get("Set-Cookie"), shape(<-layers); got != want {
		t.Errorf("WebSocket: cookie %q, want %q", got, want)
	}

	p := poller{h, l.session.ID()}
	l.send(t, 0, "4hello")
	for name, header := range map[string]http.Header{
		"GET":               p.get().header,
		"POST":              p.post("4hello").header,
		"upgrade":           upgraded(t, h, newCable+"&sid="+p.id),
		"refused request":   request(h, "GET", newPoll+"&sid=x", "").header,
		"refused WebSocket": request(h, "GET", "EIO=3&transport=websocket", "", upgradeHeaders()...).header,
	} {
		if got := header.Get("Set-Cookie"); got != "" {
			t.Errorf("%s: cookie %q", name, got)
		}
	}
}

func TestNoCookie(t *testing.T) {
	_, h, _ := serve(t, Config{Cookie: func(string) *http.Cookie { return nil }})
	if got := request(h, "GET", newPoll, "").header.Get("Set-Cookie"); got != "" {
		t.Errorf("cookie %q", got)
	}
}

func TestHeaders(t *testing.T) {
	_, h, layers := serve(t, Config{Headers: func(h http.Header, r *http.Request) {
		h.Set("X-Of", r.Method)
		h.Set("Content-Type", "text/html") // which is not for it to say
		if r.Header.Get("Upgrade") == "" {
			h.Set("Content-Length", "1") // nor this
		}
		if !r.URL.Query().Has("sid") {
			h.Set("X-First", "yes")
		}
	}})
	check := func(name string, header http.Header, of, first string) {
		t.Helper()
		if got := header.Get("X-Of"); got != of {
			t.Errorf("%s: X-Of %q, want %q", name, got, of)
		}
		if got := header.Get("X-First"); got != first {
			t.Errorf("%s: X-First %q, want %q", name, got, first)
		}
	}
	a := request(h, "GET", newPoll, "")
	check("handshake", a.header, "GET", "yes")
	if c := a.header.Get("Content-Type"); c != "text/plain; charset=UTF-8" {
		t.Errorf("content type %q", c)
	}
	p := poller{h, sid(t, a.body)}
	(<-layers).send(t, 0, "4hello")
	check("GET", p.get().header, "GET", "")
	check("POST", p.post("4hello").header, "POST", "")
	check("other method", request(h, "PUT", p.query(), "").header, "PUT", "")
	check("upgrade", upgraded(t, h, newCable+"&sid="+p.id), "GET", "")
	check("WebSocket", upgraded(t, h, newCable), "GET", "yes")
	check("refused request", request(h, "GET", newPoll+"&sid=x", "").header, "", "")
}

func TestWebSocketIsShared(t *testing.T) {
	_, h, _ := serve(t, Config{Origins: []string{"https://a.example"}})
	header := upgraded(t, h, newCable, "Origin", "https://a.example")
	if got := header.Get("Access-Control-Allow-Origin"); got != "https://a.example" {
		t.Errorf("allowed origin %q", got)
	}
}
