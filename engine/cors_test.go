package engine

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	originA = "https://a.example"
	originB = "https://b.example"
)

// shared are the headers of CORS, without their common prefix and with the Vary.
func shared(h http.Header) map[string]string {
	m := map[string]string{}
	for name, values := range h {
		if short, ok := strings.CutPrefix(name, "Access-Control-"); ok || name == "Vary" {
			m[short] = strings.Join(values, "|")
		}
	}
	return m
}

type corsHeaders = map[string]string

func TestSharing(t *testing.T) {
	onlyB := func(_ *http.Request, origin string) bool { return origin == originB }
	for name, c := range map[string]struct {
		config Config
		origin string
		status int
		want   corsHeaders
	}{
		"nothing asked for":       {Config{}, "http://example.com", 200, corsHeaders{}},
		"no origin":               {Config{Origins: []string{"*"}}, "", 200, corsHeaders{}},
		"anyone":                  {Config{Origins: []string{"*"}}, originA, 200, corsHeaders{"Allow-Origin": originA, "Vary": "Origin"}},
		"named":                   {Config{Origins: []string{originA}}, originA, 200, corsHeaders{"Allow-Origin": originA, "Allow-Credentials": "true", "Vary": "Origin"}},
		"another is named":        {Config{Origins: []string{originA}}, originB, 403, corsHeaders{"Vary": "Origin"}},
		"nobody":                  {Config{Origins: []string{}}, originA, 403, corsHeaders{"Vary": "Origin"}},
		"named beside anyone":     {Config{Origins: []string{"*", originA}}, originA, 200, corsHeaders{"Allow-Origin": originA, "Allow-Credentials": "true", "Vary": "Origin"}},
		"anyone beside named":     {Config{Origins: []string{originA, "*"}}, originB, 200, corsHeaders{"Allow-Origin": originB, "Vary": "Origin"}},
		"a star is no origin":     {Config{Origins: []string{"*"}}, "*", 200, corsHeaders{"Allow-Origin": "*", "Vary": "Origin"}},
		"no credentials":          {Config{Origins: []string{originA}, CORS: CORS{NoCredentials: true}}, originA, 200, corsHeaders{"Allow-Origin": originA, "Vary": "Origin"}},
		"exposed headers":         {Config{Origins: []string{originA}, CORS: CORS{Expose: []string{"x-one", "X-Two"}}}, originA, 200, corsHeaders{"Allow-Origin": originA, "Allow-Credentials": "true", "Expose-Headers": "X-One, X-Two", "Vary": "Origin"}},
		"exposed to nobody":       {Config{Origins: []string{originA}, CORS: CORS{Expose: []string{"X-One"}}}, originB, 403, corsHeaders{"Vary": "Origin"}},
		"a function allows":       {Config{CORS: CORS{AllowOrigin: onlyB}}, originB, 200, corsHeaders{"Allow-Origin": originB, "Allow-Credentials": "true", "Vary": "Origin"}},
		"a function refuses":      {Config{CORS: CORS{AllowOrigin: onlyB}}, originA, 403, corsHeaders{"Vary": "Origin"}},
		"a function and own host": {Config{CORS: CORS{AllowOrigin: onlyB}}, "http://example.com", 200, corsHeaders{"Allow-Origin": "http://example.com", "Allow-Credentials": "true", "Vary": "Origin"}},
		"a function and a name":   {Config{Origins: []string{originA}, CORS: CORS{AllowOrigin: onlyB}}, originA, 200, corsHeaders{"Allow-Origin": originA, "Allow-Credentials": "true", "Vary": "Origin"}},
		"a function and anyone":   {Config{Origins: []string{"*"}, CORS: CORS{AllowOrigin: onlyB}}, originA, 200, corsHeaders{"Allow-Origin": originA, "Vary": "Origin"}},
		"a function, beside them": {Config{Origins: []string{"*"}, CORS: CORS{AllowOrigin: onlyB}}, originB, 200, corsHeaders{"Allow-Origin": originB, "Allow-Credentials": "true", "Vary": "Origin"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newServer(c.config)
			for query, status := range map[string]int{
				"EIO=4&transport=websocket":     400, // without an upgrade: a refusal has the headers too
				"EIO=4&transport=abc":           400,
				"EIO=4&transport=polling&sid=x": 400,
			} {
				w := httptest.NewRecorder()
				s.ServeHTTP(w, from(c.origin, "GET", query))
				if c.status == 403 && !strings.Contains(query, "abc") {
					status = 403
				}
				if w.Code != status {
					t.Errorf("%s: status %d, want %d", query, w.Code, status)
				}
				if diff := cmp.Diff(c.want, shared(w.Header())); diff != "" {
					t.Errorf("%s: %s", query, diff)
				}
			}
		})
	}
}

func TestPreflight(t *testing.T) {
	const vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
	refused := corsHeaders{"Vary": vary}
	yes := func(h corsHeaders) corsHeaders {
		m := corsHeaders{"Allow-Origin": originA, "Allow-Credentials": "true", "Allow-Methods": "POST", "Max-Age": "600", "Vary": vary}
		for name, value := range h {
			m[name] = value
		}
		return m
	}
	for name, c := range map[string]struct {
		cors            CORS
		origin          string
		method, headers string // asked for
		want            corsHeaders
	}{
		"a POST":                    {CORS{}, originA, "POST", "", yes(nil)},
		"a GET":                     {CORS{}, originA, "GET", "", yes(corsHeaders{"Allow-Methods": "GET"})},
		"a content type":            {CORS{}, originA, "POST", "content-type", yes(corsHeaders{"Allow-Headers": "content-type"})},
		"another method":            {CORS{}, originA, "PUT", "", refused},
		"another header":            {CORS{}, originA, "POST", "authorization", refused},
		"another origin":            {CORS{}, originB, "POST", "", refused},
		"methods":                   {CORS{Methods: []string{"PUT"}}, originA, "PUT", "", yes(corsHeaders{"Allow-Methods": "PUT"})},
		"methods without POST":      {CORS{Methods: []string{"PUT"}}, originA, "POST", "", refused},
		"headers":                   {CORS{Headers: []string{"Authorization", "X-Me"}}, originA, "POST", "authorization,x-me", yes(corsHeaders{"Allow-Headers": "authorization,x-me"})},
		"any headers":               {CORS{Headers: []string{"*"}}, originA, "POST", "x-any", yes(corsHeaders{"Allow-Headers": "x-any"})},
		"an hour":                   {CORS{MaxAge: time.Hour}, originA, "POST", "", yes(corsHeaders{"Max-Age": "3600"})},
		"never remembered":          {CORS{MaxAge: -1}, originA, "POST", "", yes(corsHeaders{"Max-Age": "0"})},
		"less than a second":        {CORS{MaxAge: time.Millisecond}, originA, "POST", "", yes(corsHeaders{"Max-Age": "0"})},
		"OPTIONS, but no preflight": {CORS{}, originA, "", "", corsHeaders{"Allow-Origin": originA, "Allow-Credentials": "true", "Vary": "Origin"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newServer(Config{Origins: []string{originA}, CORS: c.cors})
			r := from(c.origin, "OPTIONS", newPoll)
			for header, value := range map[string]string{"Access-Control-Request-Method": c.method, "Access-Control-Request-Headers": c.headers} {
				if value != "" {
					r.Header.Set(header, value)
				}
			}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != 204 || w.Body.Len() != 0 {
				t.Errorf("status %d, body %q", w.Code, w.Body)
			}
			if diff := cmp.Diff(c.want, shared(w.Header())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Who shares with nobody has nothing to say to OPTIONS.
func TestOptionsWithoutSharing(t *testing.T) {
	s, _ := newServer(Config{})
	w := httptest.NewRecorder()
	s.ServeHTTP(w, from("http://example.com", "OPTIONS", newPoll))
	if w.Code != 400 || len(shared(w.Header())) != 0 {
		t.Errorf("status %d, headers %v", w.Code, w.Header())
	}
}

func TestAllowOriginIsAskedOnce(t *testing.T) {
	var asked []string
	s, _ := newServer(Config{CORS: CORS{AllowOrigin: func(r *http.Request, origin string) bool {
		asked = append(asked, r.Method+" "+origin)
		return true
	}}})
	for _, origin := range []string{"", originA, "http://example.com", "http://a\x01"} {
		s.ServeHTTP(httptest.NewRecorder(), from(origin, "GET", "transport=abc"))
	}
	if diff := cmp.Diff([]string{"GET " + originA}, asked); diff != "" {
		t.Error(diff)
	}
}

// The answer that begins a WebSocket has the headers, and a foreign page gets
// none.
func TestAllowOriginHoldsForWebSocket(t *testing.T) {
	_, h, _ := serve(t, Config{CORS: CORS{
		AllowOrigin: func(_ *http.Request, origin string) bool { return origin == originA },
		Expose:      []string{"X-One"},
	}})
	got := shared(upgraded(t, h, newCable, "Origin", originA))
	if diff := cmp.Diff(corsHeaders{"Allow-Origin": originA, "Allow-Credentials": "true", "Expose-Headers": "X-One", "Vary": "Origin"}, got); diff != "" {
		t.Error(diff)
	}
	request(h, "GET", newCable, "", append(upgradeHeaders(), "Origin", originB)...).is(t, 400, "Forbidden")
}

// from makes a request to example.com by a page of that origin.
func from(origin, method, query string) *http.Request {
	r := httptest.NewRequest(method, "http://example.com/?"+query, nil)
	if origin != "" {
		r.Header["Origin"] = []string{origin}
	}
	return r
}
