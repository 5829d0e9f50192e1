package natsembed

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/adapter/cluster"
	"github.com/briohq/brio/adapter/nats"
	"github.com/briohq/brio/protocol"
)

// counter is sockets that count what they are given. They are in the room "r".
type counter struct {
	got  atomic.Int64
	some chan struct{} // gets one for each, if it has room
}

func (c *counter) Deliver(*protocol.Packet, adapter.Options) {
	c.got.Add(1)
	select {
	case c.some <- struct{}{}:
	default:
	}
}

func (c *counter) Do(adapter.Request)   {}
func (c *counter) Has(room string) bool { return room == "r" }

func (c *counter) Watch(changed func(string)) bool {
	changed("r")
	return true
}

func (c *counter) Answer(context.Context, adapter.Request) iter.Seq2[adapter.Reply, error] {
	return func(yield func(adapter.Reply, error) bool) { yield(adapter.Reply{Count: 1}, nil) }
}

// BenchmarkBroadcast is what a broadcast costs all nodes together, and how many per
// second arrive at each: with one server for two nodes, and with one in each of two.
func BenchmarkBroadcast(b *testing.B) {
	for _, nodes := range []int{2, 3} {
		b.Run(fmt.Sprint("natsembed-", nodes), func(b *testing.B) {
			servers := []*Server{start(b, Config{})}
			for len(servers) < nodes {
				servers = append(servers, start(b, Config{}, servers[0]))
			}
			form(b, servers...)
			var conns []*natsgo.Conn
			for _, s := range servers {
				conns = append(conns, s.Conn())
			}
			broadcasts(b, conns)
		})
		b.Run(fmt.Sprint("nats-", nodes), func(b *testing.B) {
			s := start(b, Config{Secret: "s", Listen: ":0"})
			var conns []*natsgo.Conn
			for range nodes {
				conn, err := nats.Connect("nats://s@" + s.Addr().String())
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(conn.Close)
				conns = append(conns, conn)
			}
			broadcasts(b, conns)
		})
	}
}

// window is how many broadcasts may be on their way.
const window = 1000

func broadcasts(b *testing.B, conns []*natsgo.Conn) {
	config := nats.Config{Cluster: cluster.Config{HeartbeatInterval: 100 * time.Millisecond, HeartbeatTimeout: time.Minute}}
	var nodes []adapter.Adapter
	var crowds []*counter
	for _, conn := range conns {
		crowds = append(crowds, &counter{some: make(chan struct{}, 1)})
		a, err := nats.New(conn, config)("/", crowds[len(crowds)-1])
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = a.Close() })
		nodes = append(nodes, a)
	}
	eventually(b, "the nodes know each other", func() bool {
		n := 0
		for range nodes[0].Ask(b.Context(), adapter.Request{Op: adapter.Count, Options: adapter.Options{Everyone: true}}) {
			n++
		}
		return n == len(nodes)
	})
	b.Run("one at a time", func(b *testing.B) {
		p := &protocol.Packet{Type: protocol.Event, Namespace: "/", Data: []byte(`["news"]`)}
		for b.Loop() {
			if err := nodes[0].Broadcast(p, adapter.Options{Rooms: []string{"r"}}); err != nil {
				b.Fatal(err)
			}
			for _, c := range crowds[1:] {
				<-c.some
			}
		}
	})
	for _, room := range []string{"r", "elsewhere"} {
		for _, size := range []int{64, 4096} {
			b.Run(fmt.Sprint(room, "-", size), func(b *testing.B) {
				p := &protocol.Packet{Type: protocol.Event, Namespace: "/", Data: []byte(`["news","` + strings.Repeat("x", size) + `"]`)}
				before := make([]int64, len(crowds))
				for i, c := range crowds {
					before[i] = c.got.Load()
				}
				arrived := func(least int64) bool {
					for i, c := range crowds[1:] {
						if c.got.Load()-before[i+1] < least {
							return false
						}
					}
					return true
				}
				b.ReportAllocs()
				n := int64(0)
				for b.Loop() {
					if err := nodes[0].Broadcast(p, adapter.Options{Rooms: []string{room}}); err != nil {
						b.Fatal(err)
					}
					if n++; room == "r" && n%(window/2) == 0 {
						eventually(b, "some have arrived", func() bool { return arrived(n - window) })
					}
				}
				if room == "r" {
					eventually(b, "all have arrived", func() bool { return arrived(n) })
					b.ReportMetric(float64(n)*float64(len(crowds)-1)/b.Elapsed().Seconds(), "deliveries/s")
				}
			})
		}
	}
}
