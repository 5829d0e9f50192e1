package protocol

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// values generates what an application may emit and get back: trees as
// encoding/json makes them, with bytes in them.
func values(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.Just[any](nil),
		rapid.Bool().AsAny(),
		rapid.Float64Range(-1e9, 1e30).AsAny(),
		strs().AsAny(),
		rapid.SliceOfN(rapid.Byte(), 0, 40).AsAny(),
	}
	if depth == 0 {
		return rapid.OneOf(leaves...)
	}
	// An object with this key may look like a placeholder, which is refused as
	// soon as there are attachments.
	keys := strs().Filter(func(s string) bool { return s != "_placeholder" })
	return rapid.OneOf(append(leaves,
		rapid.SliceOfN(values(depth-1), 0, 4).AsAny(),
		rapid.MapOfN(keys, values(depth-1), 0, 4).AsAny())...)
}

// strs generates strings, among them those that mean something on the wire.
func strs() *rapid.Generator[string] {
	return rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "_placeholder", "num", at0, "\\u0062", "\x00\"\\/", "\u2028", `]`, `}`}))
}

// What is emitted arrives, whatever it is and however it is scanned.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := Packet{
			Type:      Event,
			Namespace: rapid.SampledFrom([]string{"/", "/chat", "/a?b=c", "/[1]"}).Draw(t, "namespace"),
			ID:        rapid.Uint64().Draw(t, "id"),
			HasID:     rapid.Bool().Draw(t, "has id"),
		}
		if !sent.HasID {
			sent.ID = 0
		}
		event := strs().Filter(func(s string) bool { return !Reserved(s) }).Draw(t, "event")
		args := rapid.SliceOfN(values(3), 0, 4).Draw(t, "args")
		var err error
		if sent.Data, sent.Attachments, err = AppendEvent(nil, nil, event, args...); err != nil {
			t.Fatal(err)
		}

		got := receive(t, sent)
		if diff := cmp.Diff(sent, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
		name, gotArgs := got.Event()
		if name != strings.ToValidUTF8(event, "\uFFFD") || gotArgs.Len() != len(args) {
			t.Fatalf("%q with %d arguments, want %q with %d", name, gotArgs.Len(), event, len(args))
		}
		if diff := cmp.Diff(args, scanAll(t, gotArgs), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}

		relayed := Packet{Type: Ack, Namespace: "/"}
		if relayed.Data, relayed.Attachments, err = AppendArgs(nil, nil, []byte("own"), gotArgs, 1.0); err != nil {
			t.Fatal(err)
		}
		gotPacket := receive(t, relayed)
		want := append(append([]any{[]byte("own")}, args...), 1.0)
		if diff := cmp.Diff(want, scanAll(t, gotPacket.Args()), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// receive decodes what p is on the wire.
func receive(t *rapid.T, p Packet) Packet {
	d := Decoder{Limits: &Limits{Attachments: 1000}}
	got, done, err := d.Text(p.AppendText(nil))
	for _, a := range p.Attachments {
		if err != nil || done {
			break
		}
		got, done, err = d.Binary(a)
	}
	if err != nil || !done {
		t.Fatalf("%s: done %v, error %v", p.AppendText(nil), done, err)
	}
	return got
}

func scanAll(t *rapid.T, args Args) []any {
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

// A struct arrives as it was sent, with its bytes as attachments or in base64.
func TestStructRoundTrip(t *testing.T) {
	binary := rapid.Custom(func(t *rapid.T) Binary { return rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes") })
	rapid.Check(t, func(t *rapid.T) {
		sent := picture{
			Name:   rapid.String().Draw(t, "name"),
			Data:   binary.Draw(t, "data"),
			Plain:  binary.Draw(t, "plain"),
			Frames: rapid.SliceOfN(binary, 0, 5).Draw(t, "frames"),
			Extra:  rapid.String().Draw(t, "extra"),
		}
		data, attachments, err := AppendArgs(nil, nil, sent)
		if err != nil {
			t.Fatal(err)
		}
		if len(attachments) != 1+len(sent.Frames) || !json.Valid(data) {
			t.Fatalf("%s with %d attachments", data, len(attachments))
		}
		got := receive(t, Packet{Type: Ack, Namespace: "/", Data: data, Attachments: attachments})
		var back picture
		if err := got.Args().Scan(&back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sent, back, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}
