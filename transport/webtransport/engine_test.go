package webtransport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/briohq/brio/engine"
	"github.com/briohq/brio/transport"
)

// layer is the layer above a session, which sends back what it gets.
type layer struct {
	session  *engine.Session
	request  *http.Request
	silent   bool
	messages chan string
	closed   chan engine.Reason
}

func (l *layer) Message(b []byte, binary bool) {
	if l.silent {
		l.messages <- string(b)
		return
	}
	frame := transport.NewText(transport.Message, string(b))
	if binary {
		frame = transport.NewBinary(b)
	}
	_ = l.session.Send([]*transport.Frame{frame}, 0)
}

func (l *layer) Closed(r engine.Reason) { l.closed <- r }

// station is an Engine.IO server behind HTTP/3.
type station struct {
	*host
	engine *engine.Server
	layers chan *layer
}

// open begins Engine.IO on WebTransport, unless the configuration says otherwise.
func openStation(t *testing.T, c engine.Config) *station {
	t.Helper()
	s := &station{layers: make(chan *layer, 100)}
	if c.Transports == nil {
		c.Transports = []string{"polling", "websocket", "webtransport"}
	}
	c.Open = func(session *engine.Session, r *http.Request) engine.Receiver {
		l := &layer{session: session, request: r, messages: make(chan string, 1000), closed: make(chan engine.Reason, 10)}
		s.layers <- l
		return l
	}
	s.engine = engine.NewServer(c)
	s.host = serve(t, s.engine)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.engine.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if n := s.engine.Len(); n != 0 {
			t.Errorf("%d sessions after the shutdown", n)
		}
	})
	return s
}

// connect begins a session.
func (s *station) connect(t *testing.T) (*client, *layer, handshake) {
	t.Helper()
	c := s.dial(t)
	c.say(text("0"))
	return c, take(t, s.layers), c.handshake()
}

type handshake struct {
	Sid                       string
	Upgrades                  []string
	PingInterval, PingTimeout int
	MaxPayload                int
}

func parse(t *testing.T, packet string) (h handshake) {
	t.Helper()
	body, ok := strings.CutPrefix(packet, "0")
	if err := json.Unmarshal([]byte(body), &h); err != nil || !ok || h.Sid == "" {
		t.Fatalf("open packet %q: %v", packet, err)
	}
	return h
}

func (c *client) handshake() handshake {
	c.t.Helper()
	return parse(c.t, c.hear())
}

func (l *layer) ended(t *testing.T, want engine.Reason) {
	t.Helper()
	if got := take(t, l.closed); got != want {
		t.Errorf("closed for %q, want %q", got, want)
	}
}

func TestNewSession(t *testing.T) {
	s := openStation(t, engine.Config{MaxPayload: 200_000, PingInterval: time.Minute, PingTimeout: time.Second})
	c, l, h := s.connect(t)
	if l.session.ID() != h.Sid || len(h.Upgrades) != 0 || h.PingInterval != 60_000 || h.PingTimeout != 1000 || h.MaxPayload != 200_000 {
		t.Errorf("handshake %+v", h)
	}
	if l.session.Transport() != "webtransport" || l.request.URL.Path != "/" || l.request.RemoteAddr == "" {
		t.Errorf("%s, request %+v", l.session.Transport(), l.request)
	}
	c.close()
	l.ended(t, engine.TransportClose)
}

// Each way in which a length is written, in both directions.
func TestEcho(t *testing.T) {
	s := openStation(t, engine.Config{MaxPayload: 200_000})
	c, _, _ := s.connect(t)
	for _, n := range []int{1, 2, 124, 125, 126, 127, 65534, 65535, 65536, 199_999} {
		message := strings.Repeat("é", n/2) + strings.Repeat("x", n%2)
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			c.say(text("4"+message), data(message))
		}()
		c.hears("4"+message, "b:"+message)
		<-sent
	}
	c.say(text("bAQID"), text("b"))
	c.hears("b:\x01\x02\x03", "b")
}

// A client on polling changes to WebTransport: what waits leaves there.
func TestUpgradeFromPolling(t *testing.T) {
	s := openStation(t, engine.Config{})
	_, open := s.request(t, "GET", "/?EIO=4&transport=polling", "")
	h, l := parse(t, open), take(t, s.layers)
	if strings.Join(h.Upgrades, " ") != "websocket webtransport" {
		t.Errorf("upgrades %q", h.Upgrades)
	}
	poll := "/?EIO=4&transport=polling&sid=" + h.Sid

	c := s.dial(t)
	c.say(text(`0{"sid":"`+h.Sid+`"}`), text("2probe"))
	c.hears("3probe")
	if status, body := s.request(t, "GET", poll, ""); status != 200 || body != "6" {
		t.Errorf("a poll during the upgrade: %d %q", status, body)
	}
	if status, _ := s.request(t, "POST", poll, "4by post"); status != 200 {
		t.Errorf("a post during the upgrade: %d", status)
	}
	if _, body := s.request(t, "GET", poll, ""); body != "4by post" && body != "6" {
		t.Errorf("a poll during the upgrade: %q", body)
	}
	second := s.dial(t) // refused, and does no harm
	second.say(text(`0{"sid":"` + h.Sid + `"}`))
	second.hears("closed")

	c.say(text("5"), text("4hello"))
	for got := c.hear(); got != "4hello"; got = c.hear() {
		if got != "4by post" {
			t.Fatalf("heard %q", got)
		}
	}
	if l.session.Transport() != "webtransport" {
		t.Error(l.session.Transport())
	}
	if status, _ := s.request(t, "GET", poll, ""); status != 400 {
		t.Errorf("a poll after the upgrade: %d", status)
	}
	again := s.dial(t)
	again.say(text(`0{"sid":"` + h.Sid + `"}`))
	again.hears("closed")
	c.say(data("still"))
	c.hears("b:still")
}

// What is no greeting ends its connection, and nothing else.
func TestGreetingRefused(t *testing.T) {
	var refused []int
	var mu sync.Mutex
	s := openStation(t, engine.Config{OnRefused: func(_ *http.Request, code int, _ string) {
		mu.Lock()
		defer mu.Unlock()
		refused = append(refused, code)
	}})
	other, _, h := s.connect(t)
	for name, raw := range map[string]string{
		"another packet":     text("4hello"),
		"a probe":            text("2probe"),
		"binary":             data("0"),
		"an empty frame":     "\x00",
		"too long":           framed(0, "0"+strings.Repeat(" ", firstLimit)),
		"no JSON":            text("0{"),
		"another type":       text(`0"` + h.Sid + `"`),
		"no id":              text("0{}"),
		"a number":           text(`0{"sid":1}`),
		"an unknown id":      text(`0{"sid":"11111111111111111111"}`),
		"__proto__":          text(`0{"sid":"__proto__"}`),
		"that of an equal":   text(`0{"sid":"` + h.Sid + `"}`),
		"an unknown packet":  text("9"),
		"text is not UTF-8":  text("0\xff"),
		"as in the protocol": "\x01\x02\x03",
	} {
		t.Run(name, func(t *testing.T) {
			c := s.dial(t)
			c.say(raw)
			c.hears("closed")
		})
	}
	other.say(text("4still here"))
	other.hears("4still here")
	if n := s.engine.Len(); n != 1 {
		t.Errorf("%d sessions", n)
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Contains(refused, 1) || !slices.Contains(refused, 3) {
		t.Errorf("told of %v", refused)
	}
}

// Whoever doesn't say what a connection is for loses it after a while.
func TestGreetingInTime(t *testing.T) {
	s := openStation(t, engine.Config{UpgradeTimeout: time.Second})
	_, kept, _ := s.ask(t, "/") // that of one who does is not disturbed later
	kept.open()
	kept.say(text("0"))
	kept.handshake()
	for name, does := range map[string]func(*client){
		"no stream":        func(c *client) {},
		"nothing on it":    func(c *client) { c.open() },
		"a part of it":     func(c *client) { c.open(); c.say(text("0")[:1]) },
		"another, mute":    func(c *client) { c.open(); c.open() },
		"no bidirectional": func(c *client) { _, _ = c.session.OpenUniStream() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, c, err := s.ask(t, "/")
			if err != nil {
				t.Fatal(err)
			}
			does(c)
			select {
			case <-c.session.Context().Done():
			case <-time.After(patience):
				t.Error("still there")
			}
		})
	}
	t.Cleanup(func() { // after those
		kept.say(text("4still here"))
		kept.hears("4still here")
	})
}

func TestRequestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		config engine.Config
		origin string
		status int
	}{
		"not enabled":     {engine.Config{Transports: []string{"polling", "websocket"}}, "", 400},
		"another origin":  {engine.Config{}, "https://example.com", 403},
		"not in the list": {engine.Config{Origins: []string{"https://example.com"}}, "https://example.org", 403},
		"in the list":     {engine.Config{Origins: []string{"https://example.com"}}, "https://example.com", 200},
		"any":             {engine.Config{Origins: []string{"*"}}, "https://example.com", 200},
		"no browser":      {engine.Config{}, "", 200},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStation(t, c.config)
			var headers []string
			if c.origin != "" {
				headers = []string{"Origin", c.origin}
			}
			response, _, err := s.ask(t, "/", headers...)
			if response == nil || response.StatusCode != c.status {
				t.Errorf("%+v, error %v; want %d", response, err, c.status)
			}
		})
	}
}

func TestAllowRequest(t *testing.T) {
	asked := make(chan string, 10)
	s := openStation(t, engine.Config{AllowRequest: func(r *http.Request) error {
		asked <- r.URL.RawQuery
		if r.URL.Query().Get("key") != "open sesame" {
			return errors.New("no key")
		}
		return nil
	}})
	for query, want := range map[string]bool{"": false, "?key=open%20sesame": true} {
		_, c, err := s.ask(t, "/"+query)
		if err != nil {
			t.Fatal(err)
		}
		c.open()
		c.say(text("0"))
		if got := c.hear(); strings.HasPrefix(got, "0{") != want {
			t.Errorf("with %q heard %q", query, got)
		}
		if got := take(t, asked); "?"+got != query && got != query {
			t.Errorf("asked about %q", got)
		}
	}
}

func TestMalformedFramesEndTheSession(t *testing.T) {
	s := openStation(t, engine.Config{MaxPayload: 1000})
	for name, c := range map[string]struct {
		raw  string
		want engine.Reason
	}{
		"empty":          {"\x00", engine.ParseError},
		"too long":       {"\x7e\x03\xe9", engine.ParseError},
		"2^53":           {"\x7f\x00\x20\x00\x00\x00\x00\x00\x00", engine.ParseError},
		"unknown packet": {text("8"), engine.ParseError},
		"greets again":   {text("0"), engine.ParseError},
		"upgrade":        {text("5"), engine.ParseError},
		"ping":           {text("2"), engine.TransportError},
		"says goodbye":   {text("1"), engine.TransportClose},
	} {
		t.Run(name, func(t *testing.T) {
			client, l, _ := s.connect(t)
			client.say(c.raw)
			l.ended(t, c.want)
			client.hears("closed")
		})
	}
}

// A client that doesn't read is given up when too much waits for it.
func TestSlowClient(t *testing.T) {
	s := openStation(t, engine.Config{MaxBacklog: 300_000})
	_, l, _ := s.connect(t)
	frame := []*transport.Frame{transport.NewBinary(make([]byte, 1000))}
	for n := 0; l.session.Send(frame, 0) == nil; n++ {
		if n > 3000 {
			t.Fatal("there is room for 3 MB")
		}
	}
	l.ended(t, engine.SlowClient)
}

// One for which only the latest state waits is not, and gets that when it reads.
func TestSlowClientSkipsStates(t *testing.T) {
	s := openStation(t, engine.Config{MaxBacklog: 300_000})
	client, l, _ := s.connect(t)
	const states = 3000
	padding := strings.Repeat(".", 1000)
	for n := range states {
		if err := l.session.SendLatest(frames(fmt.Sprintf("4%d %s", n, padding)), engine.Later, nil, "k"); err != nil {
			t.Fatal(n, ": ", err)
		}
	}
	if err := l.session.Send(frames("4end"), engine.Later); err != nil {
		t.Fatal(err)
	}
	count, last := 0, -1
	for packet := client.hear(); packet != "4end"; packet = client.hear() {
		var n int
		if _, err := fmt.Sscanf(packet, "4%d ", &n); err != nil || n <= last {
			t.Fatalf("%.20s after %d: %v", packet, last, err)
		}
		count, last = count+1, n
	}
	if last != states-1 || count > states/2 {
		t.Errorf("%d states, the last is %d", count, last)
	}
}

func TestPingTimeout(t *testing.T) {
	s := openStation(t, engine.Config{PingInterval: 20 * time.Millisecond, PingTimeout: 50 * time.Millisecond})
	c, l, _ := s.connect(t)
	for range 3 {
		c.hears("2")
		c.say(text("3"))
	}
	c.hears("2")
	l.ended(t, engine.PingTimeout)
	c.hears("closed")
}

// A shutdown lets each client have what was sent to it, and leaves nothing.
func TestShutdown(t *testing.T) {
	s := openStation(t, engine.Config{})
	var clients []*client
	for range 5 {
		c, l, _ := s.connect(t)
		_ = l.session.Send(frames("4last words"), engine.Later)
		clients = append(clients, c)
	}
	down := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		down <- s.engine.Shutdown(ctx)
	}()
	for _, c := range clients {
		c.hears("4last words", "2")
		c.say(text("3"))
		c.hears("closed")
	}
	if err := take(t, down); err != nil {
		t.Error(err)
	}
	response, _, err := s.ask(t, "/")
	if response == nil || response.StatusCode != 503 || response.Header.Get("Retry-After") != "1" {
		t.Errorf("%+v, error %v", response, err)
	}
}

func TestPathsAreTheHandlers(t *testing.T) {
	mux := http.NewServeMux()
	server := engine.NewServer(engine.Config{Transports: []string{"webtransport"}, Open: func(*engine.Session, *http.Request) engine.Receiver {
		return &layer{closed: make(chan engine.Reason, 1)}
	}})
	mux.Handle("/socket.io/", server)
	h := serve(t, mux)
	if response, _, _ := h.ask(t, "/elsewhere/"); response == nil || response.StatusCode != 404 {
		t.Errorf("elsewhere: %+v", response)
	}
	_, c, err := h.ask(t, "/socket.io/")
	if err != nil {
		t.Fatal(err)
	}
	c.open()
	c.say(text("0"))
	c.handshake()
	c.close()
	if err := server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// Many clients, each with many messages under way, keep each its order.
func TestManyAtOnce(t *testing.T) {
	s := openStation(t, engine.Config{})
	const clients, messages = 8, 300
	var wg sync.WaitGroup
	for range clients {
		c, _, _ := s.connect(t)
		wg.Go(func() {
			for i := range messages {
				_, _ = io.WriteString(c.stream, text(fmt.Sprint("4", i))+data(strings.Repeat("x", i*10+1)))
			}
		})
		wg.Go(func() {
			for i := range messages {
				for _, want := range []string{fmt.Sprint("4", i), "b:" + strings.Repeat("x", i*10+1)} {
					if got := c.hear(); got != want {
						t.Errorf("heard %.20q, want %.20q", got, want)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}
