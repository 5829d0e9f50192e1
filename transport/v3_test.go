package transport_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio/transport"
)

var (
	v3    = transport.Format{Revision: transport.V3}
	v3b64 = transport.Format{Revision: transport.V3, Base64: true}
)

// The examples of the specification.
func TestPayloadsOfV3(t *testing.T) {
	euro, blob := transport.NewText(transport.Message, "€"), transport.NewBinary([]byte{1, 2, 3, 4})
	for name, c := range map[string]struct {
		format transport.Format
		frames []*transport.Frame
		want   string
		binary bool
	}{
		"text": {
			v3, []*transport.Frame{transport.NewText(transport.Message, "hello"), euro},
			"6:4hello2:4€", false,
		},
		"binary":                 {v3, []*transport.Frame{euro, blob}, "\x00\x04\xff4€\x01\x05\xff\x04\x01\x02\x03\x04", true},
		"binary in base64":       {v3b64, []*transport.Frame{euro, blob}, "2:4€10:b4AQIDBA==", false},
		"text for b64":           {v3b64, []*transport.Frame{euro}, "2:4€", false},
		"no data":                {v3, []*transport.Frame{transport.NewText(transport.Pong, "")}, "1:3", false},
		"empty binary":           {v3, []*transport.Frame{transport.NewBinary(nil)}, "\x01\x01\xff\x04", true},
		"empty binary in base64": {v3b64, []*transport.Frame{transport.NewBinary(nil)}, "2:b4", false},
		"surrogate pairs":        {v3, []*transport.Frame{transport.NewText(transport.Message, "😀a𝄞")}, "6:4😀a𝄞", false},
		"all widths":             {v3, []*transport.Frame{transport.NewText(transport.Message, "\x00aé\u07ff\u0800\ufffd\uffff\U00010000\U0010ffff")}, "12:4\x00aé\u07ff\u0800\ufffd\uffff\U00010000\U0010ffff", false},
		"surrogates in binary": {
			v3, []*transport.Frame{transport.NewText(transport.Message, "😀"), blob},
			"\x00\x05\xff4😀\x01\x05\xff\x04\x01\x02\x03\x04", true,
		},
		"more digits": {
			v3, []*transport.Frame{transport.NewText(transport.Message, strings.Repeat("é", 120)), blob},
			"\x00\x02\x04\x01\xff4" + strings.Repeat("é", 120) + "\x01\x05\xff\x04\x01\x02\x03\x04", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // encoded and counted by the first, known by the second
				got, binary := c.format.AppendPayload([]byte("> "), c.frames)
				if string(got) != "> "+c.want || binary != c.binary {
					t.Errorf("%q, binary %v; want %q, %v", got, binary, "> "+c.want, c.binary)
				}
			}
		})
	}
}

func TestDecodePayloadOfV3(t *testing.T) {
	const blob = "\x01\x05\xff\x04\x01\x02\x03\x04"
	for name, c := range map[string]struct {
		in     string
		binary bool
		want   []string
		parse  bool // it ends with an ErrParse
	}{
		"text":                     {in: "6:4hello2:4€", want: []string{"4hello", "4€"}},
		"text and binary":          {in: "2:4€10:b4AQIDBA==1:2", want: []string{"4€", "b\x01\x02\x03\x04", "2"}},
		"surrogate pairs":          {in: "6:4😀a𝄞2:4b", want: []string{"4😀a𝄞", "4b"}},
		"colons and digits inside": {in: "7:41:4a:22:43", want: []string{"41:4a:2", "43"}},
		"zeros in front":           {in: "002:4a", want: []string{"4a"}},
		"nothing to say":           {in: "0:"},
		"empty members":            {in: "0:2:4a0:0:2:4b", want: []string{"4a", "4b"}},

		"nothing":                      {parse: true},
		"no length":                    {in: ":4a", parse: true},
		"only a length":                {in: "2", parse: true},
		"no colon":                     {in: "4hello", parse: true},
		"what is no digit":             {in: "2:4ax:4b", want: []string{"4a"}, parse: true},
		"a sign":                       {in: "+2:4a", parse: true},
		"an exponent":                  {in: "2e0:4a", parse: true},
		"a space":                      {in: " 2:4a", parse: true},
		"too many digits":              {in: "00000000002:4a", parse: true},
		"a huge length":                {in: strings.Repeat("9", 310) + ":4a", parse: true},
		"a length that wraps around":   {in: "18446744073709551618:4a", parse: true},
		"one unit too many":            {in: "2:4a3:4b", want: []string{"4a"}, parse: true},
		"one unit too few":             {in: "2:4abc", want: []string{"4a"}, parse: true},
		"a length in bytes":            {in: "4:4€", parse: true},
		"the half of a pair":           {in: "2:4😀", parse: true},
		"a pair and a half":            {in: "4:4😀😀", parse: true},
		"a lone surrogate":             {in: "2:4\xed\xa0\xbd", parse: true},
		"no UTF-8":                     {in: "2:4a2:4\xff", parse: true},
		"an unknown type":              {in: "2:4a2:7b2:4c", want: []string{"4a"}, parse: true},
		"base64 without a type":        {in: "1:b", parse: true},
		"base64 of another type":       {in: "6:b2AQID", parse: true},
		"base64 of revision 4":         {in: "5:bAQID", parse: true},
		"broken base64":                {in: "5:b4!!!", parse: true},
		"a binary payload that is not": {in: "\x00\x02\xff4a", parse: true},

		"binary, one":              {in: "\x00\x02\xff4a", binary: true, want: []string{"4a"}},
		"binary, both":             {in: "\x00\x04\xff4€" + blob, binary: true, want: []string{"4€", "b\x01\x02\x03\x04"}},
		"binary, no data":          {in: "\x01\x01\xff\x04\x00\x01\xff4", binary: true, want: []string{"b", "4"}},
		"binary, two digits":       {in: "\x00\x01\x01\xff4123456789a\x00\x01\xff2", binary: true, want: []string{"4123456789a", "2"}},
		"binary, empty members":    {in: "\x00\x00\xff\x01\x00\xff" + blob, binary: true, want: []string{"b\x01\x02\x03\x04"}},
		"binary, base64 inside":    {in: "\x00\x01\x00\xffb4AQIDBA==", binary: true, want: []string{"b\x01\x02\x03\x04"}},
		"binary, bytes like ends":  {in: "\x01\x04\xff\x04\xff\xff\x00" + blob, binary: true, want: []string{"b\xff\xff\x00", "b\x01\x02\x03\x04"}},
		"binary, surrogate pairs":  {in: "\x00\x05\xff4😀", binary: true, want: []string{"4😀"}},
		"binary, lone surrogate":   {in: "\x00\x06\xff4a\xed\xa0\xbdb", binary: true, want: []string{"4a\ufffdb"}},
		"binary, pair of lone":     {in: "\x00\x07\xff4\xed\xa0\xbd\xed\xb8\x80", binary: true, want: []string{"4\ufffd\ufffd"}},
		"binary, half a surrogate": {in: "\x00\x03\xff4\xed\xa0", binary: true, parse: true},
		"binary, no UTF-8":         {in: blob + "\x00\x02\xff4\xff", binary: true, want: []string{"b\x01\x02\x03\x04"}, parse: true},

		"binary, nothing":         {binary: true, parse: true},
		"binary, unknown kind":    {in: "\x02\x02\xff4a", binary: true, parse: true},
		"binary, no length":       {in: "\x00\xff4a", binary: true, parse: true},
		"binary, only a kind":     {in: "\x00", binary: true, parse: true},
		"binary, no end":          {in: "\x00\x02", binary: true, parse: true},
		"binary, ASCII digits":    {in: "\x002\xff4a", binary: true, parse: true},
		"binary, no digit":        {in: "\x00\x0a\xff4a", binary: true, parse: true},
		"binary, too many digits": {in: "\x00" + strings.Repeat("\x00", 10) + "\x02\xff4a", binary: true, parse: true},
		"binary, huge length":     {in: "\x01" + strings.Repeat("\x09", 310) + "\xff\x04", binary: true, parse: true},
		"binary, too long":        {in: "\x01\x05\xff\x04\x01\x02\x03", binary: true, parse: true},
		"binary, no message":      {in: "\x01\x02\xff\x02a", binary: true, parse: true},
		"binary, type in ASCII":   {in: "\x01\x02\xff4a", binary: true, parse: true},
		"binary, unknown type":    {in: blob + "\x00\x01\xff7", binary: true, want: []string{"b\x01\x02\x03\x04"}, parse: true},
		"binary that is text":     {in: "6:4hello", binary: true, parse: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeV3([]byte(c.in), c.binary)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if errors.Is(err, transport.ErrParse) != c.parse || err != nil && !c.parse {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestDecodePayloadOfV3StopsWhenAsked(t *testing.T) {
	for body, binary := range map[string]bool{"2:4a2:4bnonsense": false, "\x00\x02\xff4a\x00\x02\xff4b\x09": true} {
		n := 0
		err := v3.DecodePayload([]byte(body), binary, func(transport.Packet) bool {
			n++
			return n < 2
		})
		if n != 2 || err != nil {
			t.Errorf("%d packets, error %v", n, err)
		}
	}
}

func TestDecodeOfV3(t *testing.T) {
	for name, c := range map[string]struct {
		in     string
		binary bool
		want   string // empty for an ErrParse
	}{
		"text":                   {in: "4hello", want: "4hello"},
		"a probe":                {in: "2probe", want: "2probe"},
		"binary":                 {in: "\x04\x00\xff", binary: true, want: "b\x00\xff"},
		"empty binary":           {in: "\x04", binary: true, want: "b"},
		"base64":                 {in: "b4AQID", want: "b\x01\x02\x03"},
		"nothing":                {},
		"binary of nothing":      {binary: true},
		"binary of another type": {in: "\x02probe", binary: true},
		"a type in ASCII":        {in: "4hello", binary: true},
		"base64 without a type":  {in: "b"},
		"base64 of another type": {in: "b2AQID"},
		"an unknown type":        {in: "7"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := v3.Decode([]byte(c.in), c.binary)
			switch {
			case c.want == "" && !errors.Is(err, transport.ErrParse):
				t.Errorf("%v, error %v", p, err)
			case c.want != "" && (err != nil || show(p) != c.want):
				t.Errorf("%q, error %v; want %q", show(p), err, c.want)
			}
		})
	}
}

// FuzzDecodePayloadV3 decodes any body: what is accepted is no larger than it
// came, and comes back from each way to encode it.
func FuzzDecodePayloadV3(f *testing.F) {
	for _, s := range []string{
		"", "0:", "6:4hello2:4€", "2:4€10:b4AQIDBA==", "3:4😀", "2:4😀", "9999999999:4", "5:b4AA=",
		"\x00\x04\xff4€\x01\x05\xff\x04\x01\x02\x03\x04", "\x00\x04\xff4\xed\xa0\xbd", "\x01\x00\xff", "\x00\x09\x09\x09\xff4",
	} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, body []byte, binary bool) {
		var frames []*transport.Frame
		var want []string
		size := 0
		err := v3.DecodePayload(body, binary, func(p transport.Packet) bool {
			frame := transport.NewText(p.Type, string(p.Data))
			if p.Binary {
				frame = transport.NewBinary(p.Data)
			}
			frames, want = append(frames, frame), append(want, show(p))
			size += len(p.Data)
			return true
		})
		if err != nil && !errors.Is(err, transport.ErrParse) {
			t.Fatal(err)
		}
		if size > len(body) {
			t.Fatalf("%d bytes of data in a payload of %d", size, len(body))
		}
		if len(frames) == 0 {
			return
		}
		for _, format := range []transport.Format{v3, v3b64} {
			again, binary := format.AppendPayload(nil, frames)
			got, err := decodeV3(again, binary)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Fatalf("%q came back as %q: %v %s", body, again, err, diff)
			}
		}
	})
}

func decodeV3(body []byte, binary bool) (got []string, err error) {
	err = v3.DecodePayload(body, binary, func(p transport.Packet) bool {
		got = append(got, show(p))
		return true
	})
	return got, err
}
