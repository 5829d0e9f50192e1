package brio_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/briohq/brio"
)

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// site is a server on a network, and the peers that are connected to it.
type site struct {
	*brio.Server
	t      fataler
	http   http.Server
	dial   func() (net.Conn, error)
	served chan struct{} // closed when http has ended

	mu    sync.Mutex // guards peers
	peers []*peer
}

// fataler is the part of a testing.T that an example can have too.
type fataler interface {
	Helper()
	Fatal(...any)
}

// example panics instead.
type example struct{}

func (example) Helper()          {}
func (example) Fatal(why ...any) { panic(fmt.Sprint(why...)) }

// serve puts a server on a free port of this machine, for an example, which
// must close the site.
func serve(server *brio.Server) *site {
	return tcpSite(example{}, server)
}

// newSite puts a new server on a free port until the test ends.
func newSite(t *testing.T, config brio.Config) *site {
	t.Helper()
	w := tcpSite(t, brio.NewServer(config))
	t.Cleanup(w.close)
	return w
}

// memorySite puts a new server on a network without buffers, in which a write
// waits for its read: for a testing/synctest bubble.
func memorySite(t *testing.T, config brio.Config) *site {
	t.Helper()
	l := &pipes{accept: make(chan net.Conn), closed: make(chan struct{})}
	w := openSite(t, brio.NewServer(config), l, l.dial)
	t.Cleanup(w.close)
	return w
}

func tcpSite(t fataler, server *brio.Server) *site {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return openSite(t, server, l, func() (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) })
}

func openSite(t fataler, server *brio.Server, l net.Listener, dial func() (net.Conn, error)) *site {
	w := &site{Server: server, t: t, dial: dial, served: make(chan struct{})}
	w.http.Handler = server
	go func() {
		defer close(w.served)
		_ = w.http.Serve(l)
	}()
	return w
}

// close ends the peers first, so that a shutdown has nobody to wait for.
func (w *site) close() {
	w.t.Helper()
	for _, p := range w.peers {
		p.close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := w.Shutdown(ctx); err != nil {
		w.t.Fatal("shutdown: ", err)
	}
	_ = w.http.Close()
	<-w.served
}

// pipes is a listener whose connections are pipes in memory.
type pipes struct {
	accept chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) dial() (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.accept <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accept:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

// take returns what comes through ch.
func take[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatal("what must come did not")
		panic("unreachable")
	}
}

// eventually waits until a condition that nobody announces holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("never: ", what)
		}
	}
}

// panics reports whether f does.
func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

// journal is a log that a test can read.
type journal struct {
	mu      sync.Mutex // guards entries
	entries []entry
}

type entry struct {
	Message string
	Attr    map[string]any
}

// fails reports whether the entry is about err.
func (e entry) fails(err error) bool {
	got, _ := e.Attr["error"].(error)
	return errors.Is(got, err)
}

func (j *journal) logger() *slog.Logger { return slog.New(j) }

func (j *journal) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }
func (j *journal) WithAttrs([]slog.Attr) slog.Handler           { return j }
func (j *journal) WithGroup(string) slog.Handler                { return j }

func (j *journal) Handle(_ context.Context, r slog.Record) error {
	e := entry{r.Message, map[string]any{}}
	r.Attrs(func(a slog.Attr) bool {
		e.Attr[a.Key] = a.Value.Any()
		return true
	})
	if name, ok := e.Attr["handler"].(string); ok {
		e.Message = strings.Replace(e.Message, "handler", name, 1)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, e)
	return nil
}

// find returns the entries with that message; for "handler failed" and the like
// it begins with the handler's name instead.
func (j *journal) find(message string) []entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	var found []entry
	for _, e := range j.entries {
		if e.Message == message {
			found = append(found, e)
		}
	}
	return found
}

var errTest = errors.New("a secret of the server")
