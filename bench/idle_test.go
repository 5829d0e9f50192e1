package bench

import (
	"net"
	"runtime"
	"testing"
)

const idleSize = 2000

// BenchmarkIdle has no time and no B/op: what a connection allocates until it
// is idle is in BenchmarkConnect.
func BenchmarkIdle(b *testing.B) {
	var all, clients usage
	buf := make([]byte, bufferSize)
	for b.Loop() {
		clients.add(b, pending(b))
		s := start(b)
		all.add(b, func() net.Conn {
			c, err := dial(s.address, buf)
			if err != nil {
				b.Fatal(err)
			}
			return c.nc
		})
		if err := s.Shutdown(b.Context()); err != nil { // so that the next server starts from nothing
			b.Fatal(err)
		}
	}
	n := float64(b.N) * idleSize
	b.ReportMetric(0, "ns/op") // not shown
	b.ReportMetric((all.heap-clients.heap)/n, "heap-B/conn")
	b.ReportMetric((all.stack-clients.stack)/n, "stack-B/conn")
	b.ReportMetric((all.goroutines-clients.goroutines)/n, "goroutines/conn")
	b.ReportMetric(clients.heap/n, "client-heap-B/conn")
}

// pending returns a way to get connections that nobody accepts, which cost
// this process only their client's side. As few wait at each listener as fit
// everywhere.
func pending(b *testing.B) func() net.Conn {
	b.Helper()
	const each = 100
	var listeners []net.Listener
	for range idleSize / each {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { l.Close() })
		listeners = append(listeners, l)
	}
	dialled := 0
	return func() net.Conn {
		nc, err := net.Dial("tcp", listeners[dialled/each].Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		dialled++
		return nc
	}
}

// usage is what connections hold, in bytes.
type usage struct{ heap, stack, goroutines float64 }

// add opens idleSize connections, adds what they hold, and closes them.
func (u *usage) add(b *testing.B, open func() net.Conn) {
	b.Helper()
	list := make([]net.Conn, 0, idleSize)
	before := now()
	for range idleSize {
		list = append(list, open())
	}
	after := now()
	u.heap += after.heap - before.heap
	u.stack += after.stack - before.stack
	u.goroutines += after.goroutines - before.goroutines
	for _, nc := range list {
		nc.Close()
	}
}

// now returns what is in use after the pools have been emptied, which takes two
// collections.
func now() usage {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{float64(m.HeapAlloc), float64(m.StackInuse), float64(runtime.NumGoroutine())}
}
