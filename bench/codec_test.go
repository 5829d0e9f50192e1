package bench

import (
	"testing"

	"github.com/briohq/brio"
	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/protocol"
	"github.com/briohq/brio/transport"
)

// event160 is an event of 160 bytes.
const event160 = `2["position",{"id":"4f1c2a9e-7d","x":1024.25,"y":-387.5,"moving":true,` +
	`"name":"Ada Lovelace of Marylebone","text":"a note on the engine, its loom and its card"}]`

type position struct {
	ID     string  `json:"id"`
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Moving bool    `json:"moving"`
	Name   string  `json:"name"`
	Text   string  `json:"text"`
}

// drop is an adapter to nobody.
type drop struct{ adapter.Adapter }

func (drop) Broadcast(*protocol.Packet, adapter.Options) error { return nil }

func BenchmarkEncode(b *testing.B) {
	server := brio.NewServer(brio.Config{
		Adapter: func(string, adapter.Sockets) (adapter.Adapter, error) { return drop{}, nil },
	})
	ns := server.Of("/")
	packet := decode(b)
	var v position
	args := packet.Args()
	if err := args.Scan(&v); err != nil {
		b.Fatal(err)
	}
	b.Run("emit/struct", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := brio.Event[position]("position").Emit(ns, v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("emit/string", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := news.Emit(ns, text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("emit/relay", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := ns.Emit("position", args); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("frame", func(b *testing.B) {
		var frames []*transport.Frame // as it is sent, which keeps it on the heap
		b.ReportAllocs()
		for b.Loop() {
			frame, buf := transport.Begin(transport.Message, len(packet.Data)+16)
			frames = append(frames[:0], frame.End(packet.AppendText(buf)))
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	in := []byte(event160)
	b.Run("packet", func(b *testing.B) {
		var d protocol.Decoder
		b.ReportAllocs()
		for b.Loop() {
			if _, done, err := d.Text(in); !done || err != nil {
				b.Fatal(done, err)
			}
		}
	})
	b.Run("struct", func(b *testing.B) {
		var d protocol.Decoder
		b.ReportAllocs()
		for b.Loop() {
			p, done, err := d.Text(in)
			if !done || err != nil {
				b.Fatal(done, err)
			}
			var v position
			if err := p.Args().Scan(&v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func decode(b *testing.B) protocol.Packet {
	b.Helper()
	if len(event160) != 160 {
		b.Fatalf("the event has %d bytes", len(event160))
	}
	var d protocol.Decoder
	p, done, err := d.Text([]byte(event160))
	if !done || err != nil {
		b.Fatal(done, err)
	}
	return p
}
