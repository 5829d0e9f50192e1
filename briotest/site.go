package briotest

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
	"github.com/briohq/brio/internal/group"
	"github.com/briohq/brio/internal/memnet"
)

// Site is a server on a network in memory. Its methods may be called concurrently,
// those that take a testing.TB as it allows.
type Site struct {
	// Immutable:
	server  *brio.Server // nil if it is not known
	http    http.Server
	network *memnet.Listener
	group   group.Group
	label   label

	mu       sync.Mutex // guards what follows
	conns    []*conn
	parted   bool
	children map[string]*brio.Namespace // those made for clients
	barriers int
}

// Serve serves h, a [brio.Server] or an [http.ServeMux] with one in it, until the test
// ends, and with the Config that it has. Then the server is shut down, if it is one of
// these, and the test fails if that takes longer than [Patience], or if goroutines of
// it are left. What the HTTP server logs is dropped.
//
// Clients that [Site.Connect] has made are closed before.
func Serve(t testing.TB, h http.Handler) *Site {
	t.Helper()
	s := &Site{
		server: find(h), network: memnet.Listen(), label: newLabel(t.Name()),
		children: map[string]*brio.Namespace{},
	}
	if s.server != nil {
		s.server.OnNewNamespace(s.made)
	}
	s.http = http.Server{
		Handler:           h,
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		BaseContext:       func(net.Listener) context.Context { return s.label.context() },
	}
	s.group.Go(func() {
		s.label.wear()
		_ = s.http.Serve(s.network) // until it is closed
	})
	t.Cleanup(func() {
		t.Helper()
		s.close(t)
	})
	return s
}

// find returns the server that a handler is or leads to.
func find(h http.Handler) *brio.Server {
	if mux, ok := h.(*http.ServeMux); ok {
		r, err := http.NewRequest(http.MethodGet, "http://briotest/socket.io/", nil) //nolint:noctx // it is not sent
		if err != nil {
			return nil
		}
		h, _ = mux.Handler(r)
	}
	server, _ := h.(*brio.Server)
	return server
}

// made hears of a namespace that has been made.
func (s *Site) made(ns *brio.Namespace) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.children[ns.Name()] = ns
}

func (s *Site) close(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	if s.server != nil {
		if err := s.server.Shutdown(ctx); err != nil {
			t.Errorf("briotest: the server does not shut down within %v, perhaps because a handler does not return when its context ends: %v", Patience, err)
		}
	}
	_ = s.http.Close()
	s.cut()
	if err := s.group.Wait(ctx); err != nil {
		t.Errorf("briotest: the HTTP server does not end: %v", err)
	}
	if left := s.label.left(); left != "" {
		t.Errorf("briotest: goroutines of the server, or of its handlers, are left:\n%s", left)
	}
}

// Connect returns a client that has been let into a namespace, such as "/chat"; it
// may have a query. The test fails at once if it is refused. It is closed when the test
// ends.
//
// What config doesn't say is as documented there, but for these: Engine.Dial is the
// site's network, whatever it says. Engine.Transports is WebSocket alone. A lost
// connection is made again after 10 ms, then 20 ms, and so on to ReconnectDelayMax,
// without Randomization.
func (s *Site) Connect(t testing.TB, namespace string, config client.Config) *Client {
	t.Helper()
	c := s.newClient(namespace, config)
	t.Cleanup(c.end)
	if err := c.enter(t); err != nil {
		t.Fatalf("briotest: %v", err)
	}
	return c
}

// Refused returns the error with which a middleware of the namespace refuses a
// client; its Data is a [encoding/json.RawMessage], or nil. The test fails at once if
// the client is let in, or if it doesn't get as far as the namespace.
func (s *Site) Refused(t testing.TB, namespace string, config client.Config) *brio.Error {
	t.Helper()
	config.NoReconnect = true
	c := s.newClient(namespace, config)
	defer c.end()
	err := c.enter(t)
	if err == nil {
		t.Fatalf("briotest: namespace %s refuses nobody: the client was let in", c.Namespace())
	}
	refusal, ok := errors.AsType[*brio.Error](err)
	if !ok {
		t.Fatalf("briotest: not refused by the namespace: %v", err)
	}
	return refusal
}

var errParted = errors.New("briotest: the network is parted")

// Dial connects to the server, whatever the address: for clients that Connect does
// not make, such as an [http.Transport]. Parameters are those of
// [net.Dialer.DialContext].
func (s *Site) Dial(context.Context, string, string) (net.Conn, error) { return s.dial(nil) }

func (s *Site) dial(of *Client) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.parted {
		return nil, errParted
	}
	nc, err := s.network.Dial(memnet.Link{})
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: nc, site: s, of: of}
	s.conns = append(s.conns, c)
	return c, nil
}

// Part parts the network: all connections break, and none can be made until
// [Site.Heal].
func (s *Site) Part() {
	s.mu.Lock()
	s.parted = true
	s.mu.Unlock()
	s.cut()
}

// Heal ends what [Site.Part] began. Clients come back by themselves.
func (s *Site) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parted = false
}

func (s *Site) cut() {
	for _, c := range s.open() {
		c.Reset()
	}
}

// open returns the connections that there are.
func (s *Site) open() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.conns)
}

func (s *Site) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.conns, c); i >= 0 {
		s.conns = slices.Delete(s.conns, i, i+1)
	}
}

// barrier emits to a client an event that comes behind all that was emitted to it
// before, and returns its number. That is 0 if the server does not have the client.
func (s *Site) barrier(c *Client) int {
	s.mu.Lock()
	s.barriers++
	n, ns := s.barriers, s.children[c.Namespace()]
	s.mu.Unlock()
	if ns == nil {
		ns = s.server.Of(c.Namespace()) // which has been there before the site
	}
	socket := ns.Socket(c.ID())
	if socket == nil || socket.Emit(barrier, n) != nil {
		return 0
	}
	return n
}
