package metrics

import (
	"context"
	"testing"

	"github.com/briohq/brio"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

// BenchmarkObserver is what metrics add to an event that comes, and to one that goes.
func BenchmarkObserver(b *testing.B) {
	m := New(Config{})
	o := m.Observer()
	server := brio.NewServer(brio.Config{})
	sockets := make(chan *brio.Socket, 1)
	server.Of("/").OnConnect(func(_ context.Context, s *brio.Socket) error { sockets <- s; return nil })
	briotest.Serve(b, server).Connect(b, "/", client.Config{})
	in := brio.Incoming{Socket: <-sockets, Event: "say", Handled: true}
	out := brio.Outgoing{Namespace: server.Of("/"), Event: "said", Sockets: 10}
	b.Run("handled", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			o.Received(10)
			_, end := o.Handle(context.Background(), in)
			end(nil)
		}
	})
	b.Run("emitted", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			o.Emitted(out)
			o.Sent(1, 10)
		}
	})
}
