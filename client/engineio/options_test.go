package engineio

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/briohq/brio/engine"
)

// The query, the headers, the user and the cookies go with each request, and
// the cookies that come back with the next ones.
func TestRequests(t *testing.T) {
	for _, names := range [][]string{{"websocket"}, {"polling"}, {"polling", "websocket"}} {
		t.Run(strings.Join(names, " "), func(t *testing.T) {
			var seen notes
			s := serve(t, engine.Config{Cookie: func(id string) *http.Cookie { return &http.Cookie{Name: "io", Value: id, Path: "/"} }}, true, func(h http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					user, password, _ := r.BasicAuth()
					cookie, _ := r.Cookie("own")
					sticky, err := r.Cookie("io")
					if first := r.URL.Query().Get("sid") == ""; first != (err != nil) {
						seen.add(fmt.Sprint("cookie of the server: ", sticky))
					}
					seen.add(fmt.Sprint(r.Host, r.URL.Path, r.URL.Query()["a"], r.Header.Get("X-A"), r.UserAgent(), user, password, cookie))
					h.ServeHTTP(w, r)
				})
			})
			jar, _ := cookiejar.New(nil)
			u := &url.URL{Scheme: "http", Host: "example.com", Path: "/"}
			jar.SetCookies(u, []*http.Cookie{{Name: "own", Value: "1"}})
			address := strings.Replace(s.address, "http://", "ws://user:pass@", 1) + "path?a=1&a=%20"
			e := connectTo(t, address, Config{
				Transports: names,
				Header:     http.Header{"X-A": {"yes"}, "Host": {"example.com"}, "User-Agent": {"me"}},
				Jar:        jar,
			})
			if len(names) == 2 {
				take(t, e.upgraded)
			}
			e.says(t, "hello")
			e.hears(t, "hello")
			e.Close()
			e.ends(t, ForcedClose)
			for _, got := range seen.all() {
				if got != "example.com/socket.io/path[1  ]yesmeuserpassown=1" {
					t.Errorf("the server saw %q", got)
				}
			}
			if cookies := fmt.Sprint(jar.Cookies(u)); !strings.Contains(cookies, "io="+e.ID()) {
				t.Errorf("the jar has %s", cookies)
			}
		})
	}
}

// By default a connection keeps the cookies that it gets, and calls itself brio.
func TestOwnJar(t *testing.T) {
	var seen notes
	s := serve(t, engine.Config{Cookie: func(id string) *http.Cookie { return &http.Cookie{Name: "io", Value: id, Path: "/"} }}, true, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen.add(r.UserAgent() + " " + r.Header.Get("Cookie"))
			h.ServeHTTP(w, r)
		})
	})
	e := connectTo(t, s.address, Config{Transports: []string{"polling", "websocket"}})
	take(t, e.upgraded)
	e.Close()
	e.ends(t, ForcedClose)
	for i, got := range seen.all() {
		if want := "brio io=" + e.ID(); i > 0 && got != want || i == 0 && got != "brio " {
			t.Errorf("request %d has %q, want %q", i, got, want)
		}
	}
}

// trusting serves with TLS, and returns what trusts that.
func trusting(t *testing.T, c engine.Config) (address string, trust *tls.Config) {
	t.Helper()
	s := newSite(c, true)
	h := httptest.NewUnstartedServer(s)
	h.EnableHTTP2 = true
	h.Config.ErrorLog = nil
	h.StartTLS()
	t.Cleanup(h.Close)
	t.Cleanup(func() { s.stop(t) })
	pool := x509.NewCertPool()
	pool.AddCert(h.Certificate())
	return h.URL, &tls.Config{RootCAs: pool, NextProtos: []string{"other"}} //nolint:gosec // the default is what is tested
}

// TLS is spoken to https and wss, and its problems are told once.
func TestTLS(t *testing.T) {
	address, trust := trusting(t, engine.Config{})
	for _, names := range [][]string{{"websocket"}, {"polling"}, {"polling", "websocket"}} {
		e := connectTo(t, strings.Replace(address, "https", "wss", 1), Config{Transports: names, TLS: trust})
		if len(names) == 2 {
			take(t, e.upgraded)
		}
		e.says(t, "hello", "bhello")
		e.hears(t, "hello", "bhello")
		e.Close()
		e.ends(t, ForcedClose)
	}
	for _, name := range []string{"websocket", "polling"} {
		_, err := tryConnect(t.Context(), address, Config{Transports: []string{name, "polling"}})
		if err == nil || strings.Count(err.Error(), "unknown authority") != 1 || !strings.Contains(err.Error(), "Config.TLS") {
			t.Errorf("%s: %v", name, err)
		}
		plain := serve(t, engine.Config{}, true, nil)
		_, err = tryConnect(t.Context(), strings.Replace(plain.address, "http:", "https:", 1), Config{Transports: []string{name}})
		if err == nil || !strings.Contains(err.Error(), "http or ws") {
			t.Errorf("%s to a server without TLS: %v", name, err)
		}
		_, err = tryConnect(t.Context(), strings.Replace(address, "https:", "http:", 1), Config{Transports: []string{name}})
		if err == nil || !strings.Contains(err.Error(), "https or wss") {
			t.Errorf("%s to one with TLS: %v", name, err)
		}
	}
}

// A proxy is asked for tunnels by WebSockets and for TLS, and forwards polling.
func TestProxy(t *testing.T) {
	var asked notes
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.add(r.Method + " " + r.Header.Get("Proxy-Authorization"))
		if r.Method != http.MethodConnect {
			out := r.Clone(r.Context())
			out.RequestURI = ""
			answer, err := http.DefaultTransport.RoundTrip(out)
			if err != nil {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			defer answer.Body.Close()
			w.WriteHeader(answer.StatusCode)
			_, _ = io.Copy(w, answer.Body)
			return
		}
		there, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusOK)
		nc, rw, _ := w.(http.Hijacker).Hijack()
		_ = rw.Flush()
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = io.Copy(there, rw)
			_ = there.Close()
		}()
		_, _ = io.Copy(nc, there)
		_ = nc.Close()
		<-done
	}))
	defer proxy.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	through := func(user string) func(*http.Request) (*url.URL, error) {
		return func(*http.Request) (*url.URL, error) {
			return url.Parse(strings.Replace(proxy.URL, "//", "//"+user, 1))
		}
	}
	s := serve(t, engine.Config{}, true, nil)
	secure, trust := trusting(t, engine.Config{})
	for _, c := range []struct{ transport, address, want string }{
		{"websocket", s.address, "CONNECT Basic dXNlcjpwYXNz"},
		{"polling", s.address, "GET Basic dXNlcjpwYXNz"},
		{"websocket", secure, "CONNECT Basic dXNlcjpwYXNz"},
		{"polling", secure, "CONNECT Basic dXNlcjpwYXNz"},
	} {
		before := len(asked.all())
		e := connectTo(t, c.address, Config{Transports: []string{c.transport}, Proxy: through("user:pass@"), TLS: trust})
		e.says(t, "hello")
		e.hears(t, "hello")
		e.Close()
		e.ends(t, ForcedClose)
		if got := asked.all()[before:]; !slices.Contains(got, c.want) { // the goodbye of the one before may come late
			t.Errorf("%s to %s: the proxy was asked %q, want %q", c.transport, c.address, got, c.want)
		}
	}
}

// A proxy that fails is told from a server that does.
func TestProxyFails(t *testing.T) {
	for answer, want := range map[string]string{
		"HTTP/1.1 407 Who are you\r\n\r\n":   "407 Who are you",
		"HTTP/1.1 200 OK\r\n\r\nand more":    "data before",
		"":                                   "EOF",
		"SSH-2.0":                            "malformed",
		"HTTP/1.1 302 Go\r\nLocation: /\r\n": "EOF",
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			defer nc.Close()
			_, _ = http.ReadRequest(bufio.NewReader(nc))
			_, _ = io.WriteString(nc, answer)
		}()
		_, err = tryConnect(t.Context(), "http://example.invalid/", Config{Transports: []string{"websocket"}, Proxy: func(*http.Request) (*url.URL, error) {
			return &url.URL{Scheme: "http", Host: l.Addr().String()}, nil
		}})
		if err == nil || !strings.Contains(err.Error(), "proxy: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", answer, err)
		}
		_ = l.Close()
	}
	_, err := tryConnect(t.Context(), "http://example.invalid/", Config{Transports: []string{"websocket"}, Proxy: func(*http.Request) (*url.URL, error) {
		return &url.URL{Scheme: "socks5", Host: "127.0.0.1:1"}, nil
	}})
	if err == nil || !strings.Contains(err.Error(), "use http or https") {
		t.Error(err)
	}
}

// What is no address is said to be none.
func TestAddress(t *testing.T) {
	for address, want := range map[string]string{"ftp://a/": `"ftp"`, "http:///path": "no host", "localhost:3000": `"localhost"`} {
		if _, err := tryConnect(t.Context(), address, Config{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// Dial ends with its context, whatever the server does.
func TestDialContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, scheme := range []string{"http://", "https://"} {
		for _, name := range []string{"websocket", "polling"} {
			ctx, cancel := context.WithCancelCause(t.Context())
			config := Config{Transports: []string{name}, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				nc, err := new(net.Dialer).DialContext(ctx, network, address)
				cancel(fmt.Errorf("enough"))
				return nc, err
			}}
			_, err := tryConnect(ctx, scheme+l.Addr().String(), config)
			if err == nil || !strings.Contains(err.Error(), "enough") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
