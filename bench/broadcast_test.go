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
	c := gather(b, s.address)
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
	missing [maxWindow]atomic.Int64 // deliveries of the broadcasts in flight, by number
	whole   chan struct{}           // by the last reader of each broadcast
	failed  chan error              // by readers
	emitted int
}

// gather connects the crowd, which lives as long as b.
func gather(b *testing.B, address string) *crowd {
	b.Helper()
	c := &crowd{whole: make(chan struct{}, maxWindow), failed: make(chan error, crowdSize)}
	var readers sync.WaitGroup
	b.Cleanup(readers.Wait) // after all have been closed
	for range crowdSize {
		one := connect(b, address)
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
		if c.missing[i%maxWindow].Add(-1) == 0 {
			c.whole <- struct{}{}
		}
	}
}

func (c *crowd) emit(b *testing.B, to brio.Target) {
	c.missing[c.emitted%maxWindow].Store(crowdSize)
	c.emitted++
	if err := news.Emit(to, text); err != nil {
		b.Fatal(err)
	}
}

// wait returns when the next broadcast is complete.
func (c *crowd) wait(b *testing.B) {
	select {
	case <-c.whole:
	case err := <-c.failed:
		b.Fatal(err)
	}
}
