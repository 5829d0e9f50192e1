package transport_test

import (
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/briohq/brio/transport"
)

var formats = map[string]struct {
	format transport.Format
	binary string // a binary message of 1, 2, 3 in a WebSocket frame
	large  string // the beginning of one of 130 bytes
}{
	"v4":     {transport.Format{}, "\x82\x03\x01\x02\x03", "\x82\x7e\x00\x82xx"},
	"v4 b64": {transport.Format{Revision: transport.V4, Base64: true}, "\x81\x05bAQID", "\x81\x7e\x00\xb1beHh4"},
	"v3":     {v3, "\x82\x04\x04\x01\x02\x03", "\x82\x7e\x00\x83\x04xx"},
	"v3 b64": {v3b64, "\x81\x06b4AQID", "\x81\x7e\x00\xb2b4eHh4"},
}

func TestFrames(t *testing.T) {
	text, small := transport.NewText(transport.Message, "hello"), transport.NewBinary([]byte{1, 2, 3})
	large := transport.NewBinary([]byte(strings.Repeat("x", 130)))
	for name, c := range formats {
		t.Run(name, func(t *testing.T) {
			given := []*transport.Frame{text, small, large, text}
			got := c.format.Frames(given)
			if len(got) != 4 || got[0] != text || got[3] != text {
				t.Errorf("the text frames became others: %v", got)
			}
			if s := string(got[1].WebSocket()); s != c.binary {
				t.Errorf("binary is %q, want %q", s, c.binary)
			}
			if s := string(got[2].WebSocket()); !strings.HasPrefix(s, c.large) {
				t.Errorf("large binary is %.10q…, want %q…", s, c.large)
			}
			if again := c.format.Frames(given); again[1] != got[1] || again[2] != got[2] {
				t.Error("another frame the second time")
			}
			if given[1] != small || given[2] != large {
				t.Error("the caller's slice has been written to")
			}
			texts := given[:1]
			if got := c.format.Frames(texts); &got[0] != &texts[0] {
				t.Error("text frames were copied")
			}
			if got := c.format.Frames(nil); len(got) != 0 {
				t.Errorf("no frames became %v", got)
			}
		})
	}
}

// A frame that waits for clients of all kinds is encoded for each kind once.
func TestVariantsAreShared(t *testing.T) {
	text, binary := transport.NewText(transport.Message, "😀"), transport.NewBinary([]byte{1, 2, 3})
	all := []*transport.Frame{text, binary}
	var wg sync.WaitGroup
	for range 4 {
		for _, c := range formats {
			wg.Go(func() {
				if s := string(c.format.Frames(all)[1].WebSocket()); s != c.binary {
					t.Errorf("%q, want %q", s, c.binary)
				}
				if got, _ := c.format.AppendPayload(nil, all); len(got) < 10 {
					t.Errorf("payload %q", got)
				}
			})
		}
	}
	wg.Wait()
}

// Revision 4 does as if there were no other.
func TestFormatOfV4(t *testing.T) {
	var format transport.Format
	got, binary := format.AppendPayload(nil, []*transport.Frame{transport.NewText(transport.Message, "a"), transport.NewBinary([]byte{1})})
	if string(got) != "4a\x1ebAQ==" || binary {
		t.Errorf("%q, binary %v", got, binary)
	}
	var packets []string
	err := format.DecodePayload(got, false, func(p transport.Packet) bool {
		packets = append(packets, show(p))
		return true
	})
	if err != nil || strings.Join(packets, " ") != "4a b\x01" {
		t.Errorf("%q, error %v", packets, err)
	}
	if p, err := format.Decode([]byte("\x04"), true); err != nil || show(p) != "b\x04" {
		t.Errorf("%q, error %v", show(p), err)
	}
}

func TestFormatsCostNothing(t *testing.T) {
	if size := reflect.TypeFor[transport.Frame]().Size(); size > 80 {
		t.Errorf("a frame takes %d bytes beside its buffer, want 80", size)
	}
	frames := []*transport.Frame{transport.NewText(transport.Message, message), transport.NewBinary([]byte(message))}
	buf := make([]byte, 0, 1024)
	for name, c := range formats {
		encode := func() {
			_ = c.format.Frames(frames[:1])
			buf, _ = c.format.AppendPayload(buf[:0], frames)
		}
		encode()
		if n := testing.AllocsPerRun(100, encode); n != 0 {
			t.Errorf("%s: encoded frames take %v allocations, want none", name, n)
		}
	}
}

func BenchmarkPayloadV3(b *testing.B) {
	frames := make([]*transport.Frame, 10)
	for i := range frames {
		frames[i] = transport.NewText(transport.Message, message)
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = v3.AppendPayload(buf[:0], frames)
	}
}
