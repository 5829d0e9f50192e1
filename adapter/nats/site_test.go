package nats

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/adapter/cluster"
	"github.com/briohq/brio/protocol"
)

const (
	namespace = "/test"
	limit     = 10 * time.Second // how long a test waits for what must come
)

// serve runs a NATS server on a free port of this machine until the test ends.
func serve(t testing.TB, change ...func(*natsd.Options)) *natsd.Server {
	t.Helper()
	o := &natsd.Options{Host: "127.0.0.1", Port: natsd.RANDOM_PORT, NoSigs: true, NoLog: true}
	for _, f := range change {
		f(o)
	}
	s, err := natsd.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(limit) {
		t.Fatal("server has not begun")
	}
	t.Cleanup(func() { stop(s) })
	return s
}

func stop(s *natsd.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// silent leaves it to the test to see what goes wrong.
var silent = nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})

func connect(t testing.TB, url string, options ...nats.Option) *nats.Conn {
	t.Helper()
	options = append([]nats.Option{silent, nats.ReconnectWait(10 * time.Millisecond), nats.ReconnectJitter(0, 0)}, options...)
	conn, err := Connect(url, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

// open returns an adapter over a connection. What is set of heartbeats is for tests that
// count messages: there are none in their time.
func open(t testing.TB, conn *nats.Conn, sockets adapter.Sockets, change ...func(*Config)) adapter.Adapter {
	t.Helper()
	c := Config{Cluster: cluster.Config{HeartbeatInterval: time.Hour, HeartbeatTimeout: 2 * time.Hour}}
	for _, f := range change {
		f(&c)
	}
	a, err := New(conn, c)(namespace, sockets)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error("close: ", err)
		}
	})
	return a
}

// crowd is the sockets of a node: it is in rooms, and counts what it gets by its event.
type crowd struct {
	mu      sync.Mutex // guards what follows
	rooms   map[string]bool
	changed func(string)
	got     map[string]int
}

// hermit is a crowd that doesn't say in which rooms it is.
type hermit struct{ adapter.Sockets }

func newCrowd(rooms ...string) *crowd {
	c := &crowd{rooms: map[string]bool{}, got: map[string]int{}}
	for _, room := range rooms {
		c.rooms[room] = true
	}
	return c
}

func (c *crowd) Watch(changed func(string)) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed = changed
	for room := range c.rooms {
		changed(room)
	}
	return true
}

func (c *crowd) Has(room string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rooms[room]
}

func (c *crowd) be(in bool, room string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rooms[room] == in {
		return
	}
	if c.rooms[room] = in; !in {
		delete(c.rooms, room)
	}
	c.changed(room)
}

func (c *crowd) Deliver(p *protocol.Packet, _ adapter.Options) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got[string(p.EventName())]++
}

func (c *crowd) count(event string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got[event]
}

func (c *crowd) Do(adapter.Request) {}

func (c *crowd) Answer(context.Context, adapter.Request) iter.Seq2[adapter.Reply, error] {
	return func(yield func(adapter.Reply, error) bool) { yield(adapter.Reply{Count: 1}, nil) }
}

func event(name string, args ...any) *protocol.Packet {
	data, attachments, err := protocol.AppendEvent(nil, nil, name, args...)
	if err != nil {
		panic(err)
	}
	return &protocol.Packet{Type: protocol.Event, Namespace: namespace, Data: data, Attachments: attachments}
}

func in(rooms ...string) adapter.Options { return adapter.Options{Rooms: rooms} }

var everyone = adapter.Options{Everyone: true}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	late := time.After(limit)
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("never: ", what)
		}
	}
}

// subscribed returns the subjects with that text in them that a server knows somebody to
// hear, in order.
func subscribed(t testing.TB, s *natsd.Server, text string) []string {
	t.Helper()
	z, err := s.Subsz(&natsd.SubszOptions{Subscriptions: true, Limit: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, one := range z.Subs {
		if strings.Contains(one.Subject, text) {
			list = append(list, one.Subject)
		}
	}
	slices.Sort(list)
	return list
}

// hose is a way to a server that can be blocked, so that nothing flows.
type hose struct {
	listener net.Listener
	to       string
	tasks    sync.WaitGroup

	mu   sync.Mutex // held while it is blocked; guards ends
	ends []net.Conn
}

func newHose(t *testing.T, s *natsd.Server) *hose {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hose{listener: l, to: s.Addr().String()}
	h.tasks.Go(func() {
		for {
			one, err := l.Accept()
			if err != nil {
				return
			}
			other, err := net.Dial("tcp", h.to)
			if err != nil {
				_ = one.Close()
				continue
			}
			h.mu.Lock()
			h.ends = append(h.ends, one, other)
			h.mu.Unlock()
			h.tasks.Go(func() { h.flow(one, other) })
			h.tasks.Go(func() { h.flow(other, one) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		h.mu.Lock()
		for _, one := range h.ends {
			_ = one.Close()
		}
		h.mu.Unlock()
		h.tasks.Wait()
	})
	return h
}

func (h *hose) url() string { return fmt.Sprint("nats://", h.listener.Addr()) }

func (h *hose) flow(from, to net.Conn) {
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		h.mu.Lock()
		_, failed := to.Write(buf[:n])
		h.mu.Unlock()
		if err != nil || failed != nil {
			if errors.Is(err, io.EOF) {
				_ = to.Close()
			}
			return
		}
	}
}

// journal counts what is logged.
type journal struct {
	mu  sync.Mutex // guards got
	got []string
}

func (j *journal) Enabled(context.Context, slog.Level) bool { return true }
func (j *journal) WithAttrs([]slog.Attr) slog.Handler       { return j }
func (j *journal) WithGroup(string) slog.Handler            { return j }

func (j *journal) Handle(_ context.Context, r slog.Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.got = append(j.got, r.Message)
	return nil
}

func (j *journal) count(message string) (n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, one := range j.got {
		if one == message {
			n++
		}
	}
	return n
}
