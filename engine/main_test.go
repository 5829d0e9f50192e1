package engine

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/briohq/brio/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// layer is the layer above a session: it keeps what it is told.
type layer struct {
	session   *Session
	onMessage func(string)
	messages  chan string
	closed    chan Reason
}

func (l *layer) Message(data []byte, binary bool) {
	text := string(data)
	if binary {
		text = "b" + text
	}
	l.messages <- text
	if l.onMessage != nil {
		l.onMessage(text)
	}
}

func (l *layer) Closed(r Reason) { l.closed <- r }

func (l *layer) send(t *testing.T, how Sending, packets ...string) {
	t.Helper()
	if err := l.session.Send(frames(packets...), how); err != nil {
		t.Errorf("send %q: %v", packets, err)
	}
}

// ended checks why the session has closed, which it tells once.
func (l *layer) ended(t *testing.T, want Reason) {
	t.Helper()
	select {
	case got := <-l.closed:
		if got != want {
			t.Errorf("closed for %q, want %q", got, want)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("not closed for %q", want)
	}
	l.open(t)
}

func (l *layer) open(t *testing.T) {
	t.Helper()
	select {
	case got := <-l.closed:
		t.Errorf("closed for %q", got)
	default:
	}
}

func (l *layer) received(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		select {
		case got := <-l.messages:
			if got != w {
				t.Errorf("received %q, want %q", got, w)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%q did not arrive", w)
		}
	}
	select {
	case got := <-l.messages:
		t.Errorf("received %q too", got)
	default:
	}
}

// newServer returns a server, and where the layers of its sessions come out.
func newServer(c Config) (*Server, <-chan *layer) {
	layers := make(chan *layer, 100)
	c.Open = func(s *Session, _ *http.Request) Receiver {
		l := &layer{session: s, messages: make(chan string, 10_000), closed: make(chan Reason, 10)}
		layers <- l
		return l
	}
	return NewServer(c), layers
}

// serve runs a server behind HTTP until the end of the test, and has it cut off
// its sessions and shut down then, which must leave nothing running.
func serve(t *testing.T, c Config) (*Server, *httptest.Server, <-chan *layer) {
	t.Helper()
	s, layers := newServer(c)
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	t.Cleanup(func() {
		s.mu.RLock()
		left := slices.Collect(maps.Values(s.sessions))
		s.mu.RUnlock()
		for _, session := range left { // a shutdown would wait for their clients
			session.Abort(ForcedClose)
		}
		shutDown(t, s)
	})
	return s, h, layers
}

func shutDown(t *testing.T, s *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	if s.Len() != 0 {
		t.Errorf("%d sessions after the shutdown", s.Len())
	}
}

// fakeConn is a transport that notes what it is told.
type fakeConn struct {
	receiver transport.Receiver
	polls    bool // it takes one write for each Ready

	mu      sync.Mutex // guards what follows
	writes  []string   // each as its frames in polling's form, joined by |
	blocked bool
	ends    []string
	paused  bool
}

func (c *fakeConn) Name() string {
	if c.polls {
		return "polling"
	}
	return "websocket"
}

func (c *fakeConn) Write(fs []*transport.Frame) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes = append(c.writes, join(fs))
	return !c.blocked && !c.polls
}

func (c *fakeConn) Close(fs []*transport.Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ends = append(c.ends, "close "+join(fs))
}

func (c *fakeConn) Release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ends = append(c.ends, "release")
}

func (c *fakeConn) Abort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ends = append(c.ends, "abort")
}

func (c *fakeConn) Pause()  { c.setPaused(true) }
func (c *fakeConn) Resume() { c.setPaused(false) }

func (c *fakeConn) setPaused(p bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paused = p
}

func (c *fakeConn) block(b bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.blocked = b
}

// written returns what has been written since the last call.
func (c *fakeConn) written() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := strings.Join(c.writes, " ")
	c.writes = nil
	return w
}

func (c *fakeConn) ended() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.ends, " ")
}

// receive has the session take a packet.
func (c *fakeConn) receive(packet string) {
	c.receiver.Receive(c, transport.Packet{Type: transport.Type(packet[0] - '0'), Data: []byte(packet[1:])})
}

// seat returns the place of a handshake that becomes a session.
func seat(s *Server) *entry {
	e, _ := s.enter()
	return e
}

// openFake begins a session on a fake connection, which has sent its handshake.
func openFake(t *testing.T, c Config, polls bool) (*Server, *layer, *fakeConn) {
	t.Helper()
	s, layers := newServer(c)
	session := &Session{id: NewID(), server: s, ready: !polls, blocked: polls}
	conn := &fakeConn{receiver: session, polls: polls}
	if !s.open(session, conn, httptest.NewRequest("GET", "/", nil), seat(s), nil) {
		t.Fatal("not opened")
	}
	if polls {
		session.Ready(conn)
	}
	if w := conn.written(); !strings.HasPrefix(w, `0{"sid":"`+session.ID()) {
		t.Fatalf("the handshake is %q", w)
	}
	return s, <-layers, conn
}

func join(fs []*transport.Frame) string {
	var texts []string
	for _, f := range fs {
		texts = append(texts, string(f.Polling()))
	}
	return strings.Join(texts, "|")
}

func frames(packets ...string) (fs []*transport.Frame) {
	for _, p := range packets {
		fs = append(fs, transport.NewText(transport.Type(p[0]-'0'), p[1:]))
	}
	return fs
}
