package transport_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio/transport"
)

func TestAppendPayload(t *testing.T) {
	frames := []*transport.Frame{
		transport.NewText(transport.Message, "héllo"),
		transport.NewBinary([]byte{1, 2, 3}),
		transport.NewText(transport.Ping, ""),
	}
	if got, want := string(transport.AppendPayload([]byte("> "), frames)), "> 4héllo\x1ebAQID\x1e2"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := transport.AppendPayload(nil, nil); len(got) != 0 {
		t.Errorf("no frames make %q", got)
	}
}

func TestDecodePayload(t *testing.T) {
	for name, c := range map[string]struct {
		in    string
		want  []string
		parse bool // it ends with an ErrParse
	}{
		"one":                 {in: "4a", want: []string{"4a"}},
		"several":             {in: "4a\x1e3\x1ebAQID\x1e4", want: []string{"4a", "3", "b\x01\x02\x03", "4"}},
		"nothing":             {parse: true},
		"an empty one first":  {in: "\x1e4a", parse: true},
		"an empty one inside": {in: "4a\x1e\x1e4b", want: []string{"4a"}, parse: true},
		"an empty one last":   {in: "4a\x1e", want: []string{"4a"}, parse: true},
		"an unknown type":     {in: "4a\x1e9\x1e4b", want: []string{"4a"}, parse: true},
		"broken base64":       {in: "4a\x1eb!\x1e4b", want: []string{"4a"}, parse: true},
		"no UTF-8":            {in: "4a\x1e4\xff", parse: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeAll([]byte(c.in))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if errors.Is(err, transport.ErrParse) != c.parse || err != nil && !c.parse {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestDecodePayloadStopsWhenAsked(t *testing.T) {
	n := 0
	err := transport.DecodePayload([]byte("4a\x1e4b\x1enonsense"), func(transport.Packet) bool {
		n++
		return n < 2
	})
	if n != 2 || err != nil {
		t.Errorf("%d packets, error %v", n, err)
	}
}

// FuzzDecodePayload decodes any body, and has what is accepted come back from
// the encoder.
func FuzzDecodePayload(f *testing.F) {
	for _, s := range []string{"", "4a", "4a\x1e4b", "4a\x1e", "\x1e", "bAQID\x1e2probe", "b\x1eb", "bAR==\x1e1", "4\xff", "7"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var frames []*transport.Frame
		var want []string
		err := transport.DecodePayload(body, func(p transport.Packet) bool {
			frame := transport.NewText(p.Type, string(p.Data))
			if p.Binary {
				frame = transport.NewBinary(p.Data)
			}
			frames, want = append(frames, frame), append(want, show(p))
			return true
		})
		if err != nil {
			if !errors.Is(err, transport.ErrParse) {
				t.Fatal(err)
			}
			return
		}
		again := transport.AppendPayload(nil, frames)
		got, err := decodeAll(again)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("%q came back as %q: %v %s", body, again, err, diff)
		}
		if !strings.Contains(string(body), "b") && string(again) != string(body) {
			t.Fatalf("%q came back as %q", body, again)
		}
	})
}

func decodeAll(body []byte) (got []string, err error) {
	err = transport.DecodePayload(body, func(p transport.Packet) bool {
		got = append(got, show(p))
		return true
	})
	return got, err
}

func show(p transport.Packet) string {
	if p.Binary {
		return "b" + string(p.Data)
	}
	return string('0'+rune(p.Type)) + string(p.Data)
}
