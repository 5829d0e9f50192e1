package security

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/briohq/brio"
)

const unknownSession = `{"code":1,"message":"Session ID unknown"}`

// An id that was not given out is nobody's, a client can't choose its own, and no two
// are alike.
func TestSessionIDs(t *testing.T) {
	w := serve(t, brio.Config{})
	w.request("GET", "&sid=AAAAAAAAAAAAAAAAAAAA", "").is(t, 400, unknownSession)
	w.request("POST", "&sid=AAAAAAAAAAAAAAAAAAAA", "40").is(t, 400, unknownSession)
	w.request("GET", "&sid="+strings.Repeat("A", 10_000), "").is(t, 400, unknownSession)
	if _, err := w.tryVisit("AAAAAAAAAAAAAAAAAAAA"); err == nil {
		t.Error("a WebSocket of an unknown session is opened")
	}
	seen := map[string]bool{}
	for range 50 {
		p := w.visit("")
		if len(p.sid) != 20 || seen[p.sid] || seen[p.sid[:16]] {
			t.Errorf("id %q", p.sid)
		}
		seen[p.sid], seen[p.sid[:16]] = true, true
	}
}

// A session is not served on another transport than its own, and a probe of a stranger
// that gets no further does not touch it.
func TestProbeOfAStranger(t *testing.T) {
	w := serve(t, brio.Config{})
	p := w.join()
	w.request("GET", "&sid="+p.sid, "").is(t, 400, `{"code":3,"message":"Bad request"}`)
	w.request("POST", "&sid="+p.sid, `42["echo","forged"]`).is(t, 400, `{"code":3,"message":"Bad request"}`)
	w.visit(p.sid).cut() // it is on the best there is
	p.event(`21["echo","own"]`)
	p.until(`431["own"]`)

	sid := w.poll()
	stranger := w.visit(sid)
	stranger.send(`42["echo","without a probe"]`)
	stranger.cut()
	w.request("POST", "&sid="+sid, `421["echo","own"]`).is(t, 200, "ok")
	w.request("GET", "&sid="+sid, "").is(t, 200, `431["own"]`)
}

// Who makes up the id and the position of a socket that is away gets a new socket.
func TestForgedRecovery(t *testing.T) {
	w := serve(t, brio.Config{Recovery: &brio.Recovery{}})
	for _, auth := range []string{
		`{"pid":"AAAAAAAAAAAAAAAAAAAA","offset":"AAAAAAAA"}`, `{"pid":"` + w.honest.ID() + `","offset":""}`,
		`{"pid":["x"],"offset":{}}`, `{"pid":"","offset":"` + strings.Repeat("A", 1000) + `"}`, `{"pid":"__proto__","offset":"__proto__"}`,
	} {
		if p := w.join(auth); p.id == w.honest.ID() || p.id == "" {
			t.Errorf("auth %s has taken over", auth)
		}
	}
}

// Pages of other origins get nothing, whatever the transport, and however simple the
// request; nor do those for which a name was made to mean this server.
func TestForeignPages(t *testing.T) {
	w := serve(t, brio.Config{Origins: []string{"https://page.test"}})
	const forbidden = `{"code":4,"message":"Forbidden"}`
	sid := w.begin()
	for _, origin := range []string{"https://evil.test", "null", "http://page.test", "https://page.test.evil.test", "https://page.test:444", "file://"} {
		w.request("GET", "", "", "Origin", origin).is(t, 403, forbidden)
		w.request("POST", "&sid="+sid, "40", "Origin", origin, "Content-Type", "text/plain").is(t, 403, forbidden)
		if _, err := w.tryVisit("", "Origin", origin); err == nil {
			t.Errorf("%s opens a WebSocket", origin)
		}
		if _, err := w.tryVisit(sid, "Origin", origin); err == nil {
			t.Errorf("%s probes", origin)
		}
	}
	w.request("GET", "", "", "Origin", "http://evil.test", "Host", "evil.test").is(t, 403, forbidden)
	a := w.request("GET", "", "", "Origin", "https://page.test")
	if a.status != 200 || a.header.Get("Access-Control-Allow-Origin") != "https://page.test" || a.header.Get("Access-Control-Allow-Credentials") != "true" {
		t.Error("the page's own: ", a)
	}
	w.request("POST", "&sid="+sid, "1").is(t, 200, "ok")
	w.request("GET", "&sid="+sid, "") // takes what is left for it
}

// A request without a host is not that of a page without one.
func TestOriginWithoutHost(t *testing.T) {
	w := serve(t, brio.Config{})
	for _, origin := range []string{"null", "file://"} {
		conn := w.dial()
		_, _ = fmt.Fprintf(conn, "GET /socket.io/?EIO=4&transport=polling HTTP/1.0\r\nOrigin: %s\r\n\r\n", origin) // its answer tells
		if text := w.ended(conn); !strings.Contains(text, " 403 ") {
			t.Errorf("%s: %.100q", origin, text)
		}
	}
}

// Any origin means no credentials.
func TestAnyOriginWithoutCredentials(t *testing.T) {
	w := serve(t, brio.Config{Origins: []string{"*"}})
	a := w.request("GET", "", "", "Origin", "https://evil.test")
	if a.status != 200 || a.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Error("answered ", a)
	}
}

// What a client brings does not become a header, whatever the application copies.
func TestHeaderInjection(t *testing.T) {
	w := serve(t, brio.Config{
		NewID:   func(r *http.Request) (string, error) { return "id" + r.URL.Query().Get("id"), nil },
		Cookie:  func(id string) *http.Cookie { return &http.Cookie{Name: "sid", Value: id} },
		Headers: func(h http.Header, r *http.Request) { h.Set("X-Room", r.URL.Query().Get("room")) },
	})
	const injected = "%0d%0aSet-Cookie:%20evil=1%0d%0a%0d%0aevil"
	w.request("GET", "&id="+injected, "").is(t, 400, `{"code":3,"message":"Bad request"}`)
	for i, upgrade := range []string{"polling", "websocket"} {
		conn := w.dial()
		_, _ = fmt.Fprintf(conn, "GET /socket.io/?EIO=4&transport=%s&id=%d&room=%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n", upgrade, i+1, injected)
		if upgrade == "websocket" {
			_, _ = io.WriteString(conn, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
		}
		_, _ = io.WriteString(conn, "\r\n") // its answer tells
		b := make([]byte, 4096)
		n, _ := conn.Read(b)
		head, _, _ := strings.Cut(string(b[:n]), "\r\n\r\n")
		if !strings.HasPrefix(head, "HTTP/1.1 ") || strings.Contains(head, "\nSet-Cookie: evil") {
			t.Errorf("%s: %q", upgrade, head)
		}
		_ = conn.Close()
	}
}

// A script that a page of old asks for is made of digits and a string, whatever it
// names and whatever is sent.
func TestScriptInjection(t *testing.T) {
	w := serve(t, brio.Config{AllowEIO3: true, Origins: []string{"https://page.test"}})
	const old = "http://%s/socket.io/?EIO=3&transport=polling&j=%s"
	get := func(address string, referer string) string {
		r, _ := http.NewRequest(http.MethodGet, address, nil) //nolint:noctx // it is short
		r.Header.Set("Referer", referer)
		c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }() // it was only read
		b, _ := io.ReadAll(response.Body)
		return string(b)
	}
	script := get(fmt.Sprintf(old, w.address, "7%5D%3Balert(1)%3B//%E2%80%A8"), "https://page.test/")
	if !strings.HasPrefix(script, "___eio[71](\"") || strings.Contains(script, "alert") {
		t.Errorf("script %q", script)
	}
	_, rest, _ := strings.Cut(script, `sid\":\"`)
	sid, _, _ := strings.Cut(rest, `\"`)
	get(fmt.Sprintf(old, w.address, "1")+"&sid="+sid, "https://page.test/") // the namespace
	if err := w.Of("/").Broadcast().Except(w.honest.ID()).Emit("x", "\u2028\u2029\");alert(1)//</script>"); err != nil {
		t.Fatal(err)
	}
	script = get(fmt.Sprintf(old, w.address, "1")+"&sid="+sid, "https://page.test/")
	if strings.ContainsAny(script, "\u2028\u2029") || strings.Contains(script, `x\",\"`) && strings.Contains(script, `");alert`) && !strings.Contains(script, `\\\");alert`) {
		t.Errorf("script %q", script)
	}
	if text := get(fmt.Sprintf(old, w.address, "1"), "https://evil.test/"); text != `{"code":4,"message":"Forbidden"}` {
		t.Errorf("another page's script: %q", text)
	}
}

// There are no files but those of the clients.
func TestTraversal(t *testing.T) {
	w := serve(t, brio.Config{})
	for _, path := range []string{
		"/socket.io/../go.mod", "/socket.io/%2e%2e/go.mod", "/socket.io/..%2fgo.mod", "/socket.io//etc/passwd", "/socket.io/brio.js/../../go.mod",
		"/socket.io/brio.js%00.png", "/socket.io/web.go", "/socket.io/.", "/socket.io/socket.io.js",
	} {
		conn := w.dial()
		_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path) // its answer tells
		if text := w.ended(conn); !strings.HasPrefix(text, "HTTP/1.1 404 ") {
			t.Errorf("%s: %.100q", path, text)
		}
	}
}

// Odd framing of a request is refused by net/http, or read one way: nothing of its
// body is taken for another request.
func TestFraming(t *testing.T) {
	w := serve(t, brio.Config{})
	sid := w.poll()
	const smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, head := range map[string]string{
		"two lengths":         "Content-Length: 1\r\nContent-Length: 2\r\n",
		"unknown coding":      "Transfer-Encoding: xchunked\r\n",
		"coding with a space": "Transfer-Encoding : chunked\r\n",
		"negative length":     "Content-Length: -1\r\n",
		"two codings":         "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
	} {
		conn := w.dial()
		_, _ = fmt.Fprintf(conn, "POST /socket.io/?EIO=4&transport=polling&sid=%s HTTP/1.1\r\nHost: x\r\n%s\r\n%s", sid, head, smuggled) // its answer tells
		_ = conn.(interface{ CloseWrite() error }).CloseWrite()
		text := w.ended(conn)
		if n := strings.Count(text, "HTTP/1.1 "); n != 1 || !strings.HasPrefix(text, "HTTP/1.1 400 ") && !strings.HasPrefix(text, "HTTP/1.1 501 ") {
			t.Errorf("%s: %.300q", name, text)
		}
	}
	w.request("POST", "&sid="+sid, "1").is(t, 200, "ok")
	w.request("GET", "&sid="+sid, "") // takes what is left for it
}

var errSecret = errors.New("password=hunter2 at /srv/secret.go")

// What a client sends is no line of its own in a text log, tokens are not in it, and
// what a handler fails with is not told to the client.
func TestLogs(t *testing.T) {
	w := serve(t, brio.Config{}, func(w *site) {
		w.Of("/").OnAny(func(_ context.Context, _ *brio.Socket, event string, _ brio.Args) error {
			if strings.HasPrefix(event, "fail") {
				return fmt.Errorf("%s: %w", event, errSecret)
			}
			return nil
		})
	})
	w.request("GET", "&token=s3cret&sid=x%0alevel=ERROR", "").is(t, 400, unknownSession)
	p := w.join(`{"token":"s3cret"}`)
	p.event(`21["fail\nlevel=ERROR msg=forged\u001b[31m\u2028"]`)
	if text := p.read(); text != `431[{"error":{"message":"internal error"}}]` {
		t.Error("told ", text)
	}
	text := w.log.String()
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "time=") || strings.ContainsAny(line, "\x1b\u2028") {
			t.Errorf("a line %q", line)
		}
	}
	if strings.Contains(text, "s3cret") || !strings.Contains(text, "hunter2") {
		t.Errorf("the log: %s", text)
	}
}
