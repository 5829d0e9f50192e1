package bench

import (
	"bytes"
	"fmt"
	"testing"
)

const echoed = `42["echo","` + text + `"]`

func BenchmarkEcho(b *testing.B) {
	for _, window := range []int{1, 16} {
		b.Run(fmt.Sprintf("w%d", window), func(b *testing.B) {
			s := start(b)
			s.echoes()
			c := connect(b, s.address, bufferSize)
			one := masked(echoed)
			all := bytes.Repeat(one, window)
			send := func(n int) {
				if _, err := c.nc.Write(all[:n*len(one)]); err != nil {
					b.Fatal(err)
				}
			}
			receive := func() {
				payload, err := c.next()
				if err != nil || len(payload) != len(echoed) {
					b.Fatalf("came %q, %v", payload, err)
				}
			}

			// What one read brings is answered with one write.
			send(window)
			owed := 0
			b.ReportAllocs()
			for b.Loop() {
				receive()
				owed++
				if !c.buffered() {
					send(owed)
					owed = 0
				}
			}
			for range window - owed {
				receive()
			}
		})
	}
}
