package webtransport

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio/transport"
)

func TestCut(t *testing.T) {
	long, longer := strings.Repeat("x", 126), strings.Repeat("y", 65536)
	for name, c := range map[string]struct {
		in     string
		binary bool
		want   string
		rest   string
	}{
		"text":                          {"\x014", false, "4", ""},
		"binary":                        {"\x82\xff\x00", true, "\xff\x00", ""},
		"two":                           {"\x014\x022p", false, "4", "\x022p"},
		"one and a part":                {"\x014\x7e\x00", false, "4", "\x7e\x00"},
		"125 bytes":                     {"\x7d" + long[:125], false, long[:125], ""},
		"126 bytes":                     {"\x7e\x00\x7e" + long, false, long, ""},
		"65535 bytes of binary":         {"\xfe\xff\xff" + longer[:65535], true, longer[:65535], ""},
		"65536 bytes":                   {"\x7f\x00\x00\x00\x00\x00\x01\x00\x00" + longer, false, longer, ""},
		"one byte, stated in two":       {"\x7e\x00\x014", false, "4", ""},
		"one byte, stated in eight":     {"\x7f\x00\x00\x00\x00\x00\x00\x00\x014", false, "4", ""},
		"as many as are allowed":        {"\x7f\x00\x00\x00\x00\x00\x01\x11\x70" + longer + strings.Repeat("z", 4464), false, longer + strings.Repeat("z", 4464), ""},
		"nothing":                       {"", false, "", ""},
		"a part of a length of two":     {"\x7e\x01", false, "", "\x7e\x01"},
		"a part of a length of eight":   {"\x7f\xff\xff\xff\xff\xff\xff\xff", false, "", "\x7f\xff\xff\xff\xff\xff\xff\xff"},
		"a part of a payload":           {"\x054abc", false, "", "\x054abc"},
		"a part of a large payload":     {"\x7f\x00\x00\x00\x00\x00\x01\x00\x004", false, "", "\x7f\x00\x00\x00\x00\x00\x01\x00\x004"},
		"a length that is not all zero": {"\x7e\x01\x00", false, "", "\x7e\x01\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			f, size, err := cut([]byte(c.in), 70_000)
			if err != nil {
				t.Fatal(err)
			}
			if f.binary != c.binary || string(f.payload) != c.want || c.in[size:] != c.rest {
				t.Errorf("binary %v, %.20q, rest %.20q", f.binary, f.payload, c.in[size:])
			}
		})
	}
}

func TestCutRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"no byte":                  "\x00",
		"no byte of binary":        "\x80",
		"no byte, stated in two":   "\x7e\x00\x00",
		"no byte, stated in eight": "\x7f\x00\x00\x00\x00\x00\x00\x00\x00",
		"one more than allowed":    "\x7e\x01\x01",
		"2^53":                     "\x7f\x00\x20\x00\x00\x00\x00\x00\x00",
		"2^64-1":                   "\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	} {
		for _, limit := range []int{256, 1} {
			if _, size, err := cut([]byte(in), limit); size != 0 || !errors.Is(err, transport.ErrParse) {
				t.Errorf("%s: %d bytes, error %v", name, size, err)
			}
		}
	}
	if _, size, err := cut([]byte("\x7f\x00\x20\x00\x00\x00\x00\x00\x00"), math.MaxInt); size != 0 || !errors.Is(err, transport.ErrParse) {
		t.Errorf("without a limit, 2^53: %d bytes, error %v", size, err)
	}
}

// FuzzFrames feeds anything, in two pieces. Where they part makes no difference,
// and what was accepted comes back from a frame.
func FuzzFrames(f *testing.F) {
	for _, s := range []string{
		"", "\x010", "\x014\x82ab\x01b", "\x00", "\x80", "\x7e\x00\x014", "\x7f\x00\x00\x00\x00\x00\x00\x00\x014", "\x01\xff",
		"\x7f\x00\x20\x00\x00\x00\x00\x00\x00", "\x1f" + `0{"sid":"aaaaaaaaaaaaaaaaaaaa"}`, "\x011", "\x013\x04bAQ=", "\xfe\x00\x80" + strings.Repeat("a", 128),
	} {
		f.Add([]byte(s), uint(1))
	}
	f.Fuzz(func(t *testing.T, b []byte, at uint) {
		const limit = 1000
		whole, parts := &recorder{}, &recorder{}
		one, two := &conn{receiver: whole, limit: limit}, &conn{receiver: parts, limit: limit}
		err := one.feed(b)
		cutAt := at % (uint(len(b)) + 1)
		twoErr := two.feed(append([]byte(nil), b[:cutAt]...))
		if twoErr == nil {
			twoErr = two.feed(append([]byte(nil), b[cutAt:]...))
		}
		if diff := cmp.Diff(whole.received(), parts.received()); diff != "" || (err == nil) != (twoErr == nil) {
			t.Fatalf("%q: errors %v, %v: %s", b, err, twoErr, diff)
		}
		if err != nil && !errors.Is(err, transport.ErrParse) && !errors.Is(err, errFarewell) {
			t.Fatalf("%q: %v", b, err)
		}
		if n := len(one.partial); n > 9+limit || n != len(two.partial) && err == nil {
			t.Fatalf("%q: keeps %d and %d bytes", b, n, len(two.partial))
		}
		for _, p := range whole.received() {
			back := &recorder{}
			if err := (&conn{receiver: back, limit: limit + 9}).feed(wire(p)); err != nil || !cmp.Equal(back.received(), []string{p}) {
				t.Fatalf("%q came back as %q, error %v", p, back.received(), err)
			}
		}
	})
}

// wire returns the bytes of a packet that a recorder has noted.
func wire(noted string) []byte {
	f := transport.NewText(transport.Type(noted[0]-'0'), noted[1:])
	if noted[0] == 'b' {
		f = transport.NewBinary([]byte(noted[1:]))
	}
	first, rest := f.WebTransport()
	return append([]byte{first}, rest...)
}
