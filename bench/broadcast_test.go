package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/briohq/brio"
)

const (
	crowdSize = 1000
	maxWindow = 16
)

func BenchmarkBroadcast(b *testing.B) {
	s := start(b)
	joined := make(chan struct{}, crowdSize)
	s.Of("/").OnConnect(func(_ context.Context, s *brio.Socket) error {
		s.Join("crowd")
		joined <- struct{}{}
		return nil
	})
	c := gather(b, s.address, crowdSize, bufferSize)
	for range crowdSize {
		<-joined
	}
	room := s.Of("/").To("crowd")
	for _, window := range []int{1, maxWindow} {
		b.Run(fmt.Sprintf("w%d", window), func(b *testing.B) {
			for range window {
				c.emit(b, room)
			}
			b.ReportAllocs()
			for b.Loop() {
				c.wait(b)
				c.emit(b, room)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/crowdSize, "ns/delivery")
			for range window {
				c.wait(b)
			}
		})
	}
}

// crowd is clients that know when all of them have got a broadcast. As each
// gets them in order, so are they complete.
type crowd struct {
	size    int
	missing [maxWindow]atomic.Int64 // deliveries of the broadcasts in flight, by number
	whole   chan struct{}           // by the last reader of each broadcast
	failed  chan error              // by readers
	emitted int
	wire    atomic.Int64 // bytes of the first frame
}

// gather connects the crowd, which lives as long as b. Each has a buffer of so
// many bytes, and sends so many headers more.
func gather(b *testing.B, address string, size, buffer int, headers ...string) *crowd {
	b.Helper()
	c := &crowd{size: size, whole: make(chan struct{}, maxWindow), failed: make(chan error, size)}
	var readers sync.WaitGroup
	b.Cleanup(readers.Wait) // after all have been closed
	for range size {
		one := connect(b, address, buffer, headers...)
		readers.Go(func() { c.read(one) })
	}
	return c
}

func (c *crowd) read(one *client) {
	for i := 0; ; i++ {
		if _, err := one.next(); err != nil {
			c.failed <- err
			return
		}
		if i == 0 {
			c.wire.Store(int64(one.size))
		}
		if c.missing[i%maxWindow].Add(-1) == 0 {
			c.whole <- struct{}{}
		}
	}
}

func (c *crowd) emit(b *testing.B, to brio.Target) {
	c.expect()
	if err := news.Emit(to, text); err != nil {
		b.Fatal(err)
	}
}

// expect makes the next broadcast one that each of the crowd will get.
func (c *crowd) expect() {
	c.missing[c.emitted%maxWindow].Store(int64(c.size))
	c.emitted++
}

// wait returns when the next broadcast is complete.
func (c *crowd) wait(b *testing.B) {
	select {
	case <-c.whole:
	case err := <-c.failed:
		b.Fatal(err)
	}
}
