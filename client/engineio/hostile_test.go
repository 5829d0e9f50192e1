package engineio

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/briohq/brio/internal/memnet"
)

const openPacket = `0{"sid":"AAAAAAAAAAAAAAAAAAAA","upgrades":%s,"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`

// dialOnly connects without serving.
func dialOnly(t *testing.T, address string, config Config) *Conn {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Dial(t.Context(), u, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Abort)
	return c
}

// handshakeOnly is a server that sends a handshake, and nothing after what comes in
// the same WebSocket write or polling answer.
type handshakeOnly struct {
	upgrades string
	bytes    string // frames, or further packets
	hangUp   bool
}

func (s handshakeOnly) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	open := fmt.Sprintf(openPacket, s.upgrades)
	switch {
	case r.URL.Query().Get("transport") == "websocket":
		nc, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return
		}
		defer nc.Close()
		_, _ = io.WriteString(nc, text(open)+s.bytes)
		if !s.hangUp {
			_, _ = io.Copy(io.Discard, nc)
		}
	case r.URL.Query().Get("sid") == "":
		_, _ = io.WriteString(w, open+s.bytes)
	case r.Method == http.MethodPost:
		_, _ = io.WriteString(w, "ok")
	default:
		<-r.Context().Done()
	}
}

// sayOnly opens a WebSocket, sends bytes, and then nothing.
func sayOnly(w http.ResponseWriter, r *http.Request, bytes string) {
	nc, _, _, err := ws.UpgradeHTTP(r, w)
	if err != nil {
		return
	}
	defer nc.Close()
	_, _ = io.WriteString(nc, bytes)
	_, _ = io.Copy(io.Discard, nc)
}

func (s handshakeOnly) imagine() (stop func(), dial func(context.Context, string, string) (net.Conn, error)) {
	return imagineHandler(s)
}

// imagineHandler has a handler answer in memory until stop is called.
func imagineHandler(handler http.Handler) (stop func(), dial func(context.Context, string, string) (net.Conn, error)) {
	l := memnet.Listen()
	h := &http.Server{Handler: handler} //nolint:gosec // nothing is slow there
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = h.Serve(l)
	}()
	return func() {
			_ = h.Close()
			<-served
		}, func(context.Context, string, string) (net.Conn, error) {
			return l.Dial(memnet.Link{Buffer: 4096})
		}
}

// frame is one as a server sends it, not masked. Its first byte is given.
func frame(first byte, payload string) string {
	switch n := len(payload); {
	case n < 126:
		return string([]byte{first, byte(n)}) + payload
	default:
		return string([]byte{first, 126, byte(n >> 8), byte(n)}) + payload
	}
}

func text(payload string) string { return frame(0x81, payload) }

// What no server may send ends the connection, for its reason.
func TestWebSocketViolations(t *testing.T) {
	for name, c := range map[string]struct {
		bytes  string
		reason Reason
		err    string
	}{
		"empty packet":        {text(""), ParseError, "empty packet"},
		"unknown type":        {text("9"), ParseError, "unknown packet type"},
		"second handshake":    {text("0{}"), ParseError, "open"},
		"pong":                {text("3"), ParseError, "pong"},
		"upgrade":             {text("5"), ParseError, "upgrade"},
		"base64":              {text("b???"), ParseError, "base64"},
		"close packet":        {text("1"), TransportClose, ""},
		"close frame":         {"\x88\x00", TransportClose, "closed by the server"},
		"close with a reason": {"\x88\x06\x03\xf1full", TransportClose, "status 1009: full"},
		"close of one byte":   {"\x88\x01\x03", TransportError, "malformed close"},
		"close of 999":        {"\x88\x02\x03\xe7", TransportError, "malformed close"},
		"close of 5000":       {"\x88\x02\x13\x88", TransportError, "malformed close"},
		"masked":              {"\x81\x81\x00\x00\x00\x004", TransportError, "mask"},
		"reserved bit":        {frame(0xc1, "4"), TransportError, "rsv"},
		"reserved opcode":     {frame(0x83, "4"), TransportError, "op code"},
		"not UTF-8":           {text("4\xff"), TransportError, "UTF-8"},
		"too large":           {"\x81\x7f\x00\x00\x00\x00\x7f\xff\xff\xff", TransportError, "exceeds 1000000 bytes"},
		"negative":            {"\x81\x7f\xff\xff\xff\xff\x7f\xff\xff\xff", TransportError, "highest bit"},
		"too large in parts":  {frame(0x01, "4") + "\x80\x7f\x00\x00\x00\x00\x00\x0f\x42\x40", TransportError, "exceeds 1000000 bytes"},
		"fragmented ping":     {"\x09\x00", TransportError, "fin"},
		"long ping":           {frame(0x89, strings.Repeat("x", 126)), TransportError, "control"},
		"no beginning":        {frame(0x80, "4"), TransportError, "continuation"},
		"two beginnings":      {frame(0x01, "4") + frame(0x01, "4"), TransportError, "continuation"},
	} {
		t.Run(name, func(t *testing.T) {
			h := httptest.NewServer(handshakeOnly{upgrades: "[]", bytes: c.bytes})
			defer h.Close()
			e := connectTo(t, h.URL, Config{Transports: []string{"websocket"}, MaxPayload: 1_000_000})
			ce := e.ends(t, c.reason)
			if got := fmt.Sprint(ce.Err); c.err != "" && !strings.Contains(strings.ToLower(got), strings.ToLower(c.err)) {
				t.Errorf("the error is %q, want one of %q", got, c.err)
			}
		})
	}
}

// One close frame is sent, also when it is the server's answer to it that ends the
// connection (RFC 6455, section 5.5.1).
func TestOneCloseFrame(t *testing.T) {
	after := make(chan string, 1)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nc, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return
		}
		defer nc.Close()
		_, _ = io.WriteString(nc, text(fmt.Sprintf(openPacket, "[]")))
		if f, err := ws.ReadFrame(nc); err != nil || f.Header.OpCode != ws.OpClose {
			t.Error(f.Header, err)
		}
		_, _ = io.WriteString(nc, "\x88\x02\x03\xe8")
		rest, _ := io.ReadAll(nc)
		after <- string(rest)
	}))
	defer h.Close()
	e := connectTo(t, h.URL, Config{Transports: []string{"websocket"}})
	e.Close()
	e.ends(t, ForcedClose)
	if rest := take(t, after); rest != "" {
		t.Errorf("%q follows the close frame", rest)
	}
}

// What a server may send, however it is cut, is read.
func TestWebSocketFrames(t *testing.T) {
	long := strings.Repeat("x", 3000)
	bytes := frame(0x01, "4fra") + frame(0x89, "ping") + frame(0x00, "") + frame(0x00, "gmen") + frame(0x8a, "") + frame(0x80, "ted") +
		text("b"+"AAE=") + frame(0x82, "\x00") + frame(0x82, "") + text("6") + text("4"+long) + frame(0x02, long) + frame(0x80, long) + text("4")
	h := httptest.NewServer(handshakeOnly{upgrades: "[]", bytes: bytes, hangUp: true})
	defer h.Close()
	e := connectTo(t, h.URL, Config{Transports: []string{"websocket"}})
	e.hears(t, "fragmented", "b\x00\x01", "b\x00", "b", long, "b"+long+long, "")
	e.ends(t, TransportClose)
}

// The answers of what is no server of the protocol, or of one that refuses.
func TestRefusals(t *testing.T) {
	answer := func(status int, body string, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		polling string // part of the error
		socket  string
	}{
		"not found":       {answer(404, "404 page not found\n"), "404 page not found\" (is the path right", "is the path right"},
		"a page":          {answer(200, "<html>hello"), `it answers "<html>hello"`, "not a Socket.IO server"},
		"empty":           {answer(200, ""), "not a server of Socket.IO", "not a Socket.IO server"},
		"unknown session": {answer(400, `{"code":1,"message":"Session ID unknown"}`), `refused with code 1 "Session ID unknown" (the session`, "load balancer"},
		"forbidden":       {answer(403, `{"code":4,"message":"go away"}`), `code 4 "go away"`, `code 4 "go away"`},
		"old server":      {answer(200, `96:0{"sid":"x"}2:40`), "speaks Engine.IO 3", "not a Socket.IO server"},
		"redirection":     {answer(302, "", "Location", "https://elsewhere/"), "redirected to https://elsewhere/", "redirected to https://elsewhere/"},
		"bad gateway":     {answer(502, "<h1>"), "down or restarts", "down or restarts"},
		"no sid":          {answer(200, `0{"pingInterval":1,"pingTimeout":1}`), "id of 0 bytes", ""},
		"no heartbeat":    {answer(200, `0{"sid":"x"}`), "no heartbeat", ""},
		"broken JSON":     {answer(200, `0{"sid":`), "handshake", ""},
		"wrong packet":    {answer(200, `4hello`), `it answers "4hello"`, ""},
		"not UTF-8":       {answer(200, "0\xff"), "UTF-8", ""},
		"TLS behind":      {answer(400, "Client sent an HTTP request to an HTTPS server.\n"), "connect with https", "connect with https"},
		"huge":            {answer(200, strings.Repeat("x", 20_000)), "exceeds 10000 bytes", ""},
		"hanging up": {func(w http.ResponseWriter, _ *http.Request) {
			nc, _, _ := w.(http.Hijacker).Hijack()
			_ = nc.Close()
		}, "EOF", "hung up"},
		"endless header": {func(w http.ResponseWriter, _ *http.Request) {
			nc, _, _ := w.(http.Hijacker).Hijack()
			defer nc.Close()
			_, _ = io.WriteString(nc, "HTTP/1.1 101 Switching Protocols\r\nX: ")
			for {
				if _, err := io.WriteString(nc, strings.Repeat("x", 4096)); err != nil {
					return
				}
			}
		}, "65536", "handshake"},
		"half an answer": {func(w http.ResponseWriter, _ *http.Request) {
			nc, _, _ := w.(http.Hijacker).Hijack()
			defer nc.Close()
			_, _ = io.WriteString(nc, "HTTP/1.1 101 Switch")
		}, "EOF", "hung up"},
		"garbage": {func(w http.ResponseWriter, _ *http.Request) {
			nc, _, _ := w.(http.Hijacker).Hijack()
			defer nc.Close()
			_, _ = io.WriteString(nc, "220 mail.example.com ESMTP\r\n\r\n")
		}, "malformed HTTP", "handshake"},
	} {
		t.Run(name, func(t *testing.T) {
			h := httptest.NewServer(c.handler)
			defer h.Close()
			for transport, want := range map[string]string{"polling": c.polling, "websocket": c.socket} {
				_, err := tryConnect(t.Context(), h.URL+"/socket.io/?token=secret", Config{Transports: []string{transport}, MaxPayload: 10_000})
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: the error is %v, want one of %q", transport, err, want)
				}
				if err != nil && strings.Contains(err.Error(), "secret") {
					t.Errorf("%s: the error tells a secret: %v", transport, err)
				}
			}
		})
	}
}

// What comes after a polling handshake must be packets.
func TestPollingViolations(t *testing.T) {
	for name, c := range map[string]struct {
		more   string
		reason Reason
	}{
		"empty packet": {"\x1e", ParseError},
		"unknown type": {"\x1ex", ParseError},
		"base64":       {"\x1eb?", ParseError},
		"close":        {"\x1e1", TransportClose},
	} {
		t.Run(name, func(t *testing.T) {
			h := httptest.NewServer(handshakeOnly{upgrades: "[]", bytes: "\x1e4first" + c.more})
			defer h.Close()
			e := connectTo(t, h.URL, Config{Transports: []string{"polling"}})
			e.hears(t, "first")
			e.ends(t, c.reason)
		})
	}
}

// A polling session that the server does not know any more ends.
func TestPollingFails(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("sid") != "" && r.Method == method {
					w.WriteHeader(400)
					_, _ = io.WriteString(w, `{"code":1,"message":"Session ID unknown"}`)
					return
				}
				handshakeOnly{upgrades: "[]"}.ServeHTTP(w, r)
			}))
			defer h.Close()
			e := connectTo(t, h.URL, Config{Transports: []string{"polling"}})
			_ = e.Send(Message{Data: []byte("hello")}) // which may be too late
			ce := e.ends(t, TransportError)
			if !strings.Contains(fmt.Sprint(ce.Err), "Session ID unknown") {
				t.Errorf("the error is %v", ce.Err)
			}
		})
	}
}

// A server that takes its time has no more than its share.
func TestStall(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				r, err := http.ReadRequest(bufio.NewReader(nc))
				if err == nil && r.URL.Query().Get("transport") == "polling" {
					body := fmt.Sprintf(openPacket, "[]") + "\x1e1"
					fmt.Fprintf(nc, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
				}
				_, _ = io.Copy(io.Discard, nc)
			}()
		}
	}()
	e, err := tryConnect(t.Context(), "http://"+l.Addr().String(), Config{Timeout: 2 * time.Second, NoUpgrade: true})
	if err != nil {
		t.Fatal(err)
	}
	if e.Transport() != "polling" {
		t.Errorf("on %q", e.Transport())
	}
	e.ends(t, TransportClose)
}

// A server that floods with pings, and does not read the answers, costs neither
// memory nor the messages behind them.
func TestPingFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handshakeOnly{upgrades: "[]", bytes: strings.Repeat(frame(0x89, strings.Repeat("x", 100))+text("2"), 5000) + text("4still there")}
		stop, dial := h.imagine()
		defer stop()
		e := connectTo(t, "http://memory/", Config{Transports: []string{"websocket"}, Dial: dial})
		e.hears(t, "still there")
		synctest.Wait()
		if !e.Writable() {
			t.Error("not writable")
		}
		e.Abort()
		e.ends(t, ForcedClose)
	})
}
