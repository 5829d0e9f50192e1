//go:build unix

package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"syscall"
	"testing"

	"github.com/briohq/brio"
)

const (
	fewer       = 100
	documentMin = 4096 // bytes
)

const documents = brio.Event[json.RawMessage]("document")

func BenchmarkDeflate(b *testing.B) {
	for _, mode := range []struct {
		name   string
		config brio.Config
		offer  []string
	}{
		{"off", brio.Config{}, nil},
		{"on", brio.Config{Deflate: new(brio.Deflate)}, []string{"Sec-WebSocket-Extensions: permessage-deflate"}},
	} {
		s := startWith(b, mode.config)
		joined := make(chan *brio.Socket, fewer)
		s.Of("/").OnConnect(func(_ context.Context, s *brio.Socket) error {
			joined <- s
			return nil
		})
		c := gather(b, s.address, fewer, 4*documentMin, mode.offer...)
		sockets := make([]*brio.Socket, fewer)
		for i := range sockets {
			sockets[i] = <-joined
		}
		body := document()
		for _, to := range []struct {
			name string
			emit func() error
		}{
			{"broadcast", func() error { return documents.Emit(s.Of("/"), body) }},
			{"each", func() error {
				for _, socket := range sockets {
					if err := documents.Emit(socket, body); err != nil {
						return err
					}
				}
				return nil
			}},
		} {
			b.Run(to.name+"/"+mode.name, func(b *testing.B) {
				b.ReportAllocs()
				began := cpu(b)
				for b.Loop() {
					c.expect()
					if err := to.emit(); err != nil {
						b.Fatal(err)
					}
					c.wait(b)
				}
				b.ReportMetric(float64(cpu(b)-began)/float64(b.N), "cpu-ns/op")
				b.ReportMetric(float64(c.wire.Load()), "wire-B/delivery")
			})
		}
	}
}

// document returns JSON of a little more than 4 KiB: a list of records that are
// alike, as applications send them.
func document() json.RawMessage {
	type record struct {
		ID    int      `json:"id"`
		Name  string   `json:"name"`
		Price float64  `json:"price"`
		Tags  []string `json:"tags"`
		At    string   `json:"at"`
	}
	var list []record
	for seed := uint32(1); ; {
		next := func(n uint32) int { // the same each time, and not too regular
			seed = seed*1664525 + 1013904223
			return int((seed >> 8) % n)
		}
		list = append(list, record{
			ID: next(100_000), Name: fmt.Sprint("item ", next(1000)), Price: float64(next(10_000)) / 100,
			Tags: []string{"new", "sale"}, At: fmt.Sprintf("2026-11-%02dT%02d:%02d:00Z", 1+next(28), next(24), next(60)),
		})
		if b, _ := json.Marshal(list); len(b) >= documentMin {
			return b
		}
	}
}

// cpu returns the time that this process has had on all cores, in nanoseconds.
func cpu(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
