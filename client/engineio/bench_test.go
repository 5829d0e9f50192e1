package engineio

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"sync"
	"testing"

	"github.com/briohq/brio/engine"
)

// BenchmarkIdle reports what an idle connection costs: both of its ends and its
// server's share, as they are in one process.
func BenchmarkIdle(b *testing.B) {
	for _, name := range []string{"websocket", "polling"} {
		b.Run(name, func(b *testing.B) {
			const n = 1000
			for b.Loop() {
				idle(b, name, n)
			}
		})
	}
}

// BenchmarkEcho sends a message and waits for it to come back, with what the server
// needs for that.
func BenchmarkEcho(b *testing.B) {
	for _, name := range []string{"websocket", "polling"} {
		b.Run(name, func(b *testing.B) {
			s := newSite(engine.Config{}, true)
			h := httptest.NewServer(s)
			defer h.Close()
			u, _ := url.Parse(h.URL)
			c, err := Dial(b.Context(), u, Config{Transports: []string{name}})
			if err != nil {
				b.Fatal(err)
			}
			back := make(chan struct{}, 1)
			var serving sync.WaitGroup
			serving.Go(func() { _ = c.Serve(func([]byte, bool) { back <- struct{}{} }) })
			message := Message{Data: []byte("hello")}
			b.ReportAllocs()
			for b.Loop() {
				_ = c.Send(message)
				<-back
			}
			c.Abort()
			serving.Wait()
			_ = s.Shutdown(b.Context())
		})
	}
}

// deaf is a session on the server that takes no notice.
type deaf struct{}

func (deaf) Message([]byte, bool) {}
func (deaf) Closed(engine.Reason) {}

func idle(b *testing.B, name string, n int) {
	s := engine.NewServer(engine.Config{Open: func(*engine.Session, *http.Request) engine.Receiver { return deaf{} }})
	h := httptest.NewServer(s)
	defer h.Close()
	u, _ := url.Parse(h.URL)
	heap, goroutines := measure()
	var all sync.WaitGroup
	conns := make([]*Conn, n)
	for i := range conns {
		c, err := Dial(b.Context(), u, Config{Transports: []string{name}})
		if err != nil {
			b.Fatal(err)
		}
		conns[i] = c
		all.Go(func() { _ = c.Serve(func([]byte, bool) {}) })
	}
	more, running := measure()
	b.ReportMetric(float64(more-heap)/float64(n), "B/conn")
	b.ReportMetric(float64(running-goroutines)/float64(n), "goroutines/conn")
	for _, c := range conns {
		c.Abort()
	}
	all.Wait()
	_ = s.Shutdown(b.Context())
}

// measure returns the bytes of heap and stacks in use, and the goroutines.
func measure() (bytes, goroutines int) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc + m.StackInuse), runtime.NumGoroutine()
}
