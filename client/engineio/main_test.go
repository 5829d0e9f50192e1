package engineio

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/briohq/brio/engine"
	"github.com/briohq/brio/internal/memnet"
	"github.com/briohq/brio/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come.
const patience = time.Minute

// peer is a session on the server: it keeps what it gets.
type peer struct {
	session  *engine.Session
	request  *http.Request
	echo     bool
	messages chan string
	closed   chan engine.Reason
}

func (p *peer) Message(data []byte, binary bool) {
	if p.echo {
		p.send(string(data), binary)
		return
	}
	p.messages <- mark(data, binary)
}

func (p *peer) send(data string, binary bool) {
	frame := transport.NewText(transport.Message, data)
	if binary {
		frame = transport.NewBinary([]byte(data))
	}
	_ = p.session.Send([]*transport.Frame{frame}, 0) // one that has ended says so itself
}

func (p *peer) Closed(r engine.Reason) { p.closed <- r }

// mark is a message as text: a binary one has a b in front.
func mark(data []byte, binary bool) string {
	if binary {
		return "b" + string(data)
	}
	return string(data)
}

// site is brio's own server, at an address.
type site struct {
	*engine.Server
	address string
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	peers   chan *peer
}

func newSite(c engine.Config, echo bool) *site {
	s := &site{peers: make(chan *peer, 100)}
	c.Open = func(session *engine.Session, r *http.Request) engine.Receiver {
		p := &peer{session, r, echo, make(chan string, 10_000), make(chan engine.Reason, 10)}
		s.peers <- p
		return p
	}
	s.Server = engine.NewServer(c)
	return s
}

// serve runs a server on this machine until the test ends. between, if not nil, is
// what requests pass first.
func serve(t *testing.T, c engine.Config, echo bool, between func(http.Handler) http.Handler) *site {
	t.Helper()
	s := newSite(c, echo)
	var handler http.Handler = s
	if between != nil {
		handler = between(s)
	}
	h := httptest.NewServer(handler)
	s.address = h.URL + "/socket.io/"
	t.Cleanup(h.Close)
	t.Cleanup(func() { s.stop(t) })
	return s
}

func (s *site) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Errorf("shutdown: %v", err)
	}
}

// imagine runs a server in memory, which the test stops with the returned function:
// in its bubble.
func imagine(t *testing.T, c engine.Config, echo bool, link memnet.Link) (*site, func()) {
	t.Helper()
	s := newSite(c, echo)
	l := memnet.Listen()
	h := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = h.Serve(l)
	}()
	s.address = "http://memory/socket.io/"
	s.dial = func(context.Context, string, string) (net.Conn, error) { return l.Dial(link) }
	return s, func() {
		s.stop(t)
		_ = h.Close()
		<-served
	}
}

// end is one client with what has come to it.
type end struct {
	*Conn
	messages chan string
	upgraded chan string
	over     chan error
}

// connectTo dials, and serves until the connection ends.
func connectTo(t *testing.T, address string, config Config) *end {
	t.Helper()
	e, err := tryConnect(t.Context(), address, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Abort)
	return e
}

func tryConnect(ctx context.Context, address string, config Config) (*end, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	e := &end{messages: make(chan string, 100_000), upgraded: make(chan string, 10), over: make(chan error, 1)}
	if config.OnUpgrade == nil {
		config.OnUpgrade = func(name string) { e.upgraded <- name }
	}
	if e.Conn, err = Dial(ctx, u, config); err != nil {
		return nil, err
	}
	go func() {
		e.over <- e.Serve(func(data []byte, binary bool) { e.messages <- mark(data, binary) })
	}()
	return e, nil
}

func (e *end) says(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		m := Message{Data: []byte(text)}
		if data, binary := strings.CutPrefix(text, "b"); binary {
			m = Message{Data: []byte(data), Binary: true}
		}
		if err := e.Send(m); err != nil {
			t.Errorf("send %.20q: %v", text, err)
		}
	}
}

func (e *end) hears(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := take(t, e.messages); got != w {
			t.Fatalf("heard %.50q, want %.50q", got, w)
		}
	}
}

// ends checks why the connection has ended, which leaves nothing running.
func (e *end) ends(t *testing.T, want Reason) *CloseError {
	t.Helper()
	err := take(t, e.over)
	ce, ok := errors.AsType[*CloseError](err)
	if !ok || ce.Reason != want {
		t.Fatalf("ended with %v, want %q", err, want)
	}
	if err := e.Send(Message{}); !errors.Is(err, ErrClosed) {
		t.Errorf("send after the end: %v", err)
	}
	if e.Writable() {
		t.Error("writable after the end")
	}
	return ce
}

// take returns what comes through ch.
func take[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case v := <-ch:
		return v
	case <-timer.C:
		t.Fatal("what must come did not")
		panic("unreachable")
	}
}

// notes is a list that several write.
type notes struct {
	mu   sync.Mutex
	list []string
}

func (n *notes) add(s string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, s)
}

func (n *notes) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.list...)
}
