package bench

import (
	"fmt"
	"sync"
	"testing"
)

func BenchmarkConnect(b *testing.B) {
	for _, window := range []int{1, 16} {
		b.Run(fmt.Sprintf("w%d", window), func(b *testing.B) {
			s := start(b)
			// Unbuffered, so that no more than window are ahead of the clock.
			work := make(chan struct{})
			var clients sync.WaitGroup
			for range window {
				clients.Go(func() {
					buf := make([]byte, bufferSize)
					for range work {
						c, err := dial(s.address, buf)
						if err != nil {
							b.Error(err)
							continue
						}
						c.nc.Close()
					}
				})
			}
			for range window {
				work <- struct{}{}
			}
			b.ReportAllocs()
			for b.Loop() {
				work <- struct{}{}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "connects/s")
			close(work)
			clients.Wait()
		})
	}
}
