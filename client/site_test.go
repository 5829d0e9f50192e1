package client_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
	"github.com/briohq/brio/client/engineio"
	"github.com/briohq/brio/internal/memnet"
)

// site is a server on a network in memory, for a testing/synctest bubble.
type site struct {
	*brio.Server
	t      *testing.T
	http   http.Server
	net    *memnet.Listener
	link   memnet.Link
	served chan struct{} // closed when http has ended

	mu    sync.Mutex // guards what follows
	conns []net.Conn
	bad   *weather // nil for a network that works
}

func newSite(t *testing.T, config brio.Config) *site {
	t.Helper()
	w := &site{Server: brio.NewServer(config), t: t, net: memnet.Listen(), served: make(chan struct{})}
	w.http.Handler = w.Server
	w.http.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	go func() {
		defer close(w.served)
		_ = w.http.Serve(w.net)
	}()
	return w
}

func (w *site) close() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.Shutdown(ctx); err != nil {
		w.t.Error("shutdown: ", err)
	}
	_ = w.http.Close()
	<-w.served
}

// config returns that of a client of the site.
func (w *site) config() client.Config {
	return client.Config{
		Engine:            engineio.Config{Dial: w.dial, Transports: []string{"websocket"}},
		ReconnectDelay:    10 * time.Millisecond,
		ReconnectDelayMax: 100 * time.Millisecond,
	}
}

func (w *site) connect(config client.Config) *client.Socket {
	w.t.Helper()
	c, err := client.Dial(w.t.Context(), "http://site", config)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *site) dial(context.Context, string, string) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	link := w.link
	if w.bad != nil {
		link.Latency = w.bad.latency()
	}
	conn, err := w.net.Dial(link)
	if err != nil {
		return nil, err
	}
	var c net.Conn = conn
	if w.bad != nil {
		c = w.bad.over(conn)
	}
	w.conns = append(w.conns, c)
	return c, nil
}

// cut breaks all connections.
func (w *site) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		_ = c.Close()
	}
	w.conns = nil
}

// weather is a network that breaks connections at random. Its methods are called by
// one goroutine at a time.
type weather struct {
	random *rand.Rand
	broken int
}

var errWeather = errors.New("cut by the weather")

func (w *weather) latency() time.Duration {
	return time.Duration(1+w.random.IntN(40)) * time.Millisecond
}

// over returns a connection that will break after some bytes: at once, or so that the
// server learns of it much later and has two of the client meanwhile.
func (w *weather) over(c *memnet.Conn) net.Conn {
	w.broken++
	fragile := &fragile{Conn: c, left: 200 + w.random.IntN(3000)}
	if w.random.IntN(2) == 0 {
		fragile.linger = time.Duration(1+w.random.IntN(2000)) * time.Millisecond
	}
	return fragile
}

// fragile is a connection that breaks once it has carried some bytes.
type fragile struct {
	*memnet.Conn
	linger time.Duration // until the other end notices

	mu   sync.Mutex // guards left
	left int
}

func (f *fragile) Read(b []byte) (int, error) {
	n, err := f.Conn.Read(b)
	if got := f.spend(n); got < n {
		return got, errWeather
	}
	return n, err
}

func (f *fragile) Write(b []byte) (int, error) {
	n := f.spend(len(b))
	got, err := f.Conn.Write(b[:n])
	if err == nil && got < len(b) {
		err = errWeather
	}
	return got, err
}

// spend returns how many of n bytes get through.
func (f *fragile) spend(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left < n {
		n, f.left = f.left, 0
		f.end()
		return n
	}
	f.left -= n
	return n
}

// end breaks what the client sees at once, and what the server sees later.
func (f *fragile) end() {
	_ = f.Conn.SetReadDeadline(time.Unix(1, 0))
	if f.linger == 0 {
		_ = f.Conn.Close()
	}
}

func (f *fragile) SetReadDeadline(t time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left == 0 {
		return nil
	}
	return f.Conn.SetReadDeadline(t)
}

func (f *fragile) Close() error {
	if f.linger > 0 {
		time.AfterFunc(f.linger, func() { f.Conn.Close() })
		return nil
	}
	return f.Conn.Close()
}
