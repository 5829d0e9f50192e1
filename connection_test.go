package brio_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
)

// Bad input ends its sender's connection, and nothing else.
func TestBadInputCostsItsSenderOnly(t *testing.T) {
	w := newSite(t, brio.Config{MaxAttachments: 2, MaxPayload: 1000})
	gone := make(chan brio.Reason, 1)
	w.Of("/").On("ping", func(_ context.Context, _ *brio.Socket, args brio.Args) error { return args.Ack() })
	w.Of("/").OnDisconnect(func(_ context.Context, _ *brio.Socket, reason brio.Reason) error { gone <- reason; return nil })
	w.Of("/other")
	witness := w.connect("/", "")
	tests := []struct {
		name, packet string
		reason       brio.Reason
	}{
		{"an event of a namespace not joined", `2/other,["ping"]`, brio.ForcedServerClose},
		{"an acknowledgement of a namespace not joined", `3/other,1[]`, brio.ForcedServerClose},
		{"a disconnect from a namespace not joined", `1/other,`, brio.ForcedServerClose},
		{"an event of an unknown namespace", `2/none,["ping"]`, brio.ForcedServerClose},
		{"a second connect", `0`, brio.ForcedServerClose},
		{"what only servers send", `4{"message":"no"}`, brio.ForcedServerClose},
		{"no packet", `hello`, brio.ParseError},
		{"nothing", ``, brio.ParseError},
		{"no such type", `9`, brio.ParseError},
		{"no JSON", `2["ping"`, brio.ParseError},
		{"no event", `2{}`, brio.ParseError},
		{"a reserved event", `2["disconnect"]`, brio.ParseError},
		{"too many attachments", `53-["ping",{"_placeholder":true,"num":0}]`, brio.ParseError},
		{"an attachment of nothing", `51-["ping",{"_placeholder":true,"num":7}]`, brio.ParseError},
		{"an auth that is no object", `0/other,[1]`, brio.ParseError},
		{"too much nesting", `2["ping",` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `]`, brio.ParseError},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := w.connect("/", "")
			p.t = t
			p.write(test.packet)
			p.rest()
			diff(t, "reason", take(t, gone), test.reason)
			witness.t = t
			diff(t, "answer to another", witness.call(`"ping"`), "[]")
		})
	}
	witness.t = t
	t.Run("an event before connect", func(t *testing.T) {
		p := w.visit("/")
		p.emit(`"ping"`)
		diff(t, "packets", p.rest(), []string(nil))
	})
	t.Run("an attachment that nobody announced", func(t *testing.T) {
		p := w.connect("/", "")
		p.writeBinary("x")
		p.rest()
		diff(t, "reason", take(t, gone), brio.ParseError)
	})
	t.Run("a packet before the attachments have come", func(t *testing.T) {
		p := w.connect("/", "")
		p.write(`51-["ping",{"_placeholder":true,"num":0}]`)
		p.emit(`"ping"`)
		p.rest()
		diff(t, "reason", take(t, gone), brio.ParseError)
	})
	t.Run("a message that is too long", func(t *testing.T) {
		p := w.connect("/", "")
		p.emit(`"` + strings.Repeat("x", 2000) + `"`)
		p.rest()
		take(t, gone)
	})
	diff(t, "answer to another", witness.call(`"ping"`), "[]")
}

// Who is in no namespace in time is not kept, refused or not.
func TestConnectTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, brio.Config{ConnectTimeout: 5 * time.Second})
		w.Of("/").Use(func(_ context.Context, s *brio.Socket) error {
			if s.Handshake().Auth == nil {
				return brio.Errorf("no")
			}
			return nil
		})
		start := time.Now()
		idle, refused, let := w.visit("/"), w.visit("/"), w.connect("/", "{}")
		refused.auth("")
		diff(t, "packets of who never connects", idle.rest(), []string(nil))
		diff(t, "packets of who is refused", refused.rest(), []string(nil))
		if d := time.Since(start); d < 5*time.Second || d > 6*time.Second {
			t.Errorf("they were kept for %v", d)
		}
		time.Sleep(10 * time.Second)
		if err := w.Of("/").Emit("still there"); err != nil {
			t.Fatal(err)
		}
		let.expect(`2["still there"]`)
	})
}

func TestServerWithoutTrailingSlash(t *testing.T) {
	const connects = http.StatusBadRequest // what one without a transport is answered
	for path, want := range map[string]map[string]int{
		"": {
			"/socket.io": connects, "/socket.io/": 404, "/socket.io/brio.js": 200,
			"/socket.io/foo/bar/": 404, "/socket.iofoo": 404, "/": 404,
		},
		"/live/": {"/live": connects, "/live/": 404, "/live/brio.js": 200, "/livebrio.js": 404, "/socket.io": 404},
		"/":      {"/": connects, "/brio.js": 200, "/socket.io": 404},
	} {
		server := brio.NewServer(brio.Config{Path: path, NoTrailingSlash: true})
		defer server.Shutdown(t.Context())
		for path, status := range want {
			r := httptest.NewRecorder()
			server.ServeHTTP(r, httptest.NewRequest(http.MethodGet, path+"?EIO=4", nil))
			if r.Code != status {
				t.Errorf("GET %s: status %d, want %d", path, r.Code, status)
			}
		}
	}
}

func TestServerAnswersUnderItsPath(t *testing.T) {
	server := brio.NewServer(brio.Config{Path: "/live"})
	defer server.Shutdown(t.Context())
	get := func(path string) *http.Response {
		r := httptest.NewRecorder()
		server.ServeHTTP(r, httptest.NewRequest(http.MethodGet, path, nil))
		return r.Result()
	}
	for path, want := range map[string]int{
		"/live/brio.js": 200, "/socket.io/": 404, "/live/other": 404,
		"/live/?EIO=4&transport=polling": 200, "/live?EIO=4&transport=polling": 200, "/live/?EIO=4": 400,
	} {
		if got := get(path).StatusCode; got != want {
			t.Errorf("GET %s: status %d, want %d", path, got, want)
		}
	}
	script, _ := io.ReadAll(get("/live/brio.js").Body)
	if !strings.Contains(string(script), "export") {
		t.Error("brio.js is no ES module")
	}
}

func TestServesBrowserClients(t *testing.T) {
	server := brio.NewServer(brio.Config{
		Path:     "/live",
		Origins:  []string{"https://page.test"},
		ClientFS: fstest.MapFS{"socket.io.min.js": {Data: []byte("official")}},
	})
	defer server.Shutdown(t.Context())
	for _, c := range []struct {
		method, path, origin string
		status               int
		allowed              string // origin
	}{
		{"GET", "/live/socket.io.min.js", "", 200, ""},
		{"GET", "/live/socket.io.min.js?v=1", "https://page.test", 200, "https://page.test"},
		{"HEAD", "/live/socket.io.min.js", "https://other.test", 200, ""},
		{"GET", "/live/brio.js", "https://page.test", 200, "https://page.test"},
		{"GET", "/live/socket.io.js", "https://page.test", 404, "https://page.test"},
		{"GET", "/live/socket.io.min.js/", "", 404, ""},
		{"GET", "/socket.io/socket.io.min.js", "", 404, ""},
		{"POST", "/live/socket.io.min.js", "", 405, ""},
		{"OPTIONS", "/live/socket.io.min.js", "https://page.test", 204, "https://page.test"},
	} {
		r := httptest.NewRequest(c.method, c.path, nil)
		if c.origin != "" {
			r.Header.Set("Origin", c.origin)
			r.Header.Set("Access-Control-Request-Method", "GET")
		}
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		what := c.method + " " + c.path + " from " + c.origin
		diff(t, what, w.Code, c.status)
		diff(t, what, w.Header().Get("Access-Control-Allow-Origin"), c.allowed)
		if c.method == "GET" && c.status == 200 && strings.Contains(c.path, "socket.io.min.js") {
			diff(t, what, w.Body.String(), "official")
		}
	}
}
