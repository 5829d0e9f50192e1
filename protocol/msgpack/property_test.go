package msgpack

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/briohq/brio/protocol"
)

// values generates trees as encoding/json makes them, with bytes in them.
func values(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.Just[any](nil),
		rapid.Bool().AsAny(),
		rapid.Float64().AsAny(),
		rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.Int64().Draw(t, "integer")) }).AsAny(),
		strs().AsAny(),
		rapid.SliceOfN(rapid.Byte(), 0, 300).AsAny(),
	}
	if depth == 0 {
		return rapid.OneOf(leaves...)
	}
	// An object with this key may look like a placeholder, which is refused as
	// soon as there are attachments.
	keys := strs().Filter(func(s string) bool { return s != "_placeholder" })
	return rapid.OneOf(append(leaves,
		rapid.SliceOfN(values(depth-1), 0, 20).AsAny(),
		rapid.MapOfN(keys, values(depth-1), 0, 20).AsAny())...)
}

func strs() *rapid.Generator[string] {
	return rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "_placeholder", "num", "\x00\"\\/", "\u2028", "🎉"}))
}

// A packet of the text protocol arrives the same by way of this one, and what
// arrived is again what arrives.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := protocol.Packet{
			Type:      rapid.SampledFrom([]protocol.Type{protocol.Event, protocol.Ack}).Draw(t, "type"),
			Namespace: rapid.SampledFrom([]string{"/", "/chat", "/a?b=c"}).Draw(t, "namespace"),
			HasID:     rapid.Bool().Draw(t, "has id"),
		}
		if sent.HasID {
			sent.ID = rapid.Uint64().Draw(t, "id")
		}
		args := append([]any{"name"}, rapid.SliceOfN(values(2), 0, 4).Draw(t, "args")...)
		var err error
		if sent.Data, sent.Attachments, err = protocol.AppendArgs(nil, nil, args...); err != nil {
			t.Fatal(err)
		}

		got := roundTrip(t, sent)
		if d := diff(got, roundTrip(t, got)); d != "" {
			t.Fatal(d)
		}
		if d := diff(scanAll(t, sent), scanAll(t, got)); d != "" {
			t.Fatal(d)
		}
		if d := diff(sent.Attachments, got.Attachments); d != "" {
			t.Fatal(d)
		}
		got.Data, got.Attachments = sent.Data, sent.Attachments
		if d := diff(sent, got); d != "" {
			t.Fatal(d)
		}
	})
}

func roundTrip(t *rapid.T, p protocol.Packet) protocol.Packet {
	message, err := Append(nil, &p)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(message, protocol.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// scanAll returns what is in the payload of an Event or an Ack.
func scanAll(t *rapid.T, p protocol.Packet) []any {
	p.Type = protocol.Ack
	args := p.Args()
	all := make([]any, args.Len())
	dest := make([]any, len(all))
	for i := range all {
		dest[i] = &all[i]
	}
	if err := args.Scan(dest...); err != nil {
		t.Fatal(err)
	}
	return all
}
