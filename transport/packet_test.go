package transport_test

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/briohq/brio/transport"
)

func TestDecode(t *testing.T) {
	for name, c := range map[string]struct {
		in     string
		binary bool
		want   transport.Packet
	}{
		"open":                {in: `0{"sid":"x"}`, want: transport.Packet{Type: transport.Open, Data: []byte(`{"sid":"x"}`)}},
		"close":               {in: "1", want: transport.Packet{Type: transport.Close}},
		"ping":                {in: "2probe", want: transport.Packet{Type: transport.Ping, Data: []byte("probe")}},
		"pong":                {in: "3", want: transport.Packet{Type: transport.Pong}},
		"message":             {in: "4héllo", want: transport.Packet{Type: transport.Message, Data: []byte("héllo")}},
		"empty message":       {in: "4", want: transport.Packet{Type: transport.Message}},
		"upgrade":             {in: "5", want: transport.Packet{Type: transport.Upgrade}},
		"noop":                {in: "6", want: transport.Packet{Type: transport.Noop}},
		"binary":              {in: "\x00\xff4", binary: true, want: transport.Packet{Type: transport.Message, Binary: true, Data: []byte("\x00\xff4")}},
		"empty binary":        {binary: true, want: transport.Packet{Type: transport.Message, Binary: true}},
		"base64":              {in: "bAQID", want: transport.Packet{Type: transport.Message, Binary: true, Data: []byte{1, 2, 3}}},
		"base64 with padding": {in: "b/+8=", want: transport.Packet{Type: transport.Message, Binary: true, Data: []byte{0xff, 0xef}}},
		"empty base64":        {in: "b", want: transport.Packet{Type: transport.Message, Binary: true}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := transport.Decode([]byte(c.in), c.binary)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"nothing":                  "",
		"type 7":                   "7",
		"what stands before digit": "/",
		"a letter":                 "a4",
		"no UTF-8":                 "\xff",
		"base64 without padding":   "bAQ",
		"base64 of URLs":           "b-_8=",
		"base64 and more":          "bAQID.",
	} {
		t.Run(name, func(t *testing.T) {
			if p, err := transport.Decode([]byte(in), false); !errors.Is(err, transport.ErrParse) {
				t.Errorf("%q: %v, error %v", in, p, err)
			}
		})
	}
}

func TestDecodedDataIsBorrowed(t *testing.T) {
	b := []byte("4abc")
	p, err := transport.Decode(b, false)
	if err != nil {
		t.Fatal(err)
	}
	b[1] = 'x'
	if string(p.Data) != "xbc" {
		t.Errorf("data %q does not alias the input", p.Data)
	}
}

func TestTypeNames(t *testing.T) {
	for typ, want := range map[transport.Type]string{
		transport.Open: "open", transport.Close: "close", transport.Ping: "ping", transport.Pong: "pong",
		transport.Message: "message", transport.Upgrade: "upgrade", transport.Noop: "noop", 7: "type(7)",
	} {
		if typ.String() != want {
			t.Errorf("%d is %q, want %q", typ, typ, want)
		}
	}
}

// FuzzDecode decodes anything, and has what is accepted come back from a frame.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "0{}", "1", "2probe", "3", "4", "4hello", "5", "6", "7", "b", "bAQID", "bAQ==", "bAR==", "b\n", "\xff", "4\xff"} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, binary bool) {
		p, err := transport.Decode(b, binary)
		if err != nil {
			if binary || !errors.Is(err, transport.ErrParse) {
				t.Fatalf("%q: %v", b, err)
			}
			return
		}
		switch {
		case binary:
			if got := payload(t, transport.NewBinary(p.Data)); string(got) != string(b) {
				t.Fatalf("%q came back as %q", b, got)
			}
		case p.Binary: // base64 may have been written in another way than ours
			if got := string(transport.NewBinary(p.Data).Polling()); got != "b"+base64.StdEncoding.EncodeToString(p.Data) {
				t.Fatalf("%q came back as %q", b, got)
			}
		default:
			frame := transport.NewText(p.Type, string(p.Data))
			if string(frame.Polling()) != string(b) || string(payload(t, frame)) != string(b) {
				t.Fatalf("%q came back as %q and %q", b, frame.Polling(), frame.WebSocket())
			}
		}
	})
}
