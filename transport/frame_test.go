package transport_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/gobwas/ws"

	"github.com/briohq/brio/transport"
)

func TestWebSocketHeader(t *testing.T) {
	for _, c := range []struct {
		size   int // of the payload, with the type digit of a text packet
		header string
	}{
		{1, "\x01"},
		{125, "\x7d"},
		{126, "\x7e\x00\x7e"},
		{65535, "\x7e\xff\xff"},
		{65536, "\x7f\x00\x00\x00\x00\x00\x01\x00\x00"},
	} {
		text := strings.Repeat("x", c.size-1)
		grown, buf := transport.Begin(transport.Message, 0)
		for name, got := range map[string]*transport.Frame{
			"NewText": transport.NewText(transport.Message, text),
			"End":     grown.End(append(buf, text...)),
		} {
			if want := "\x81" + c.header + "4" + text; string(got.WebSocket()) != want {
				t.Errorf("%s of %d bytes is %.12q…, want %.12q…", name, c.size, got.WebSocket(), want)
			}
			if want := "4" + text; string(got.Polling()) != want {
				t.Errorf("%s of %d bytes on polling is %.12q…", name, c.size, got.Polling())
			}
			if got.Size() < c.size {
				t.Errorf("%s of %d bytes has size %d", name, c.size, got.Size())
			}
		}
		binary := transport.NewBinary(bytes.Repeat([]byte{0xff}, c.size))
		if want := "\x82" + c.header + strings.Repeat("\xff", c.size); string(binary.WebSocket()) != want {
			t.Errorf("binary of %d bytes is %.12q…, want %.12q…", c.size, binary.WebSocket(), want)
		}
	}
}

func TestEmptyBinary(t *testing.T) {
	f := transport.NewBinary(nil)
	if string(f.WebSocket()) != "\x82\x00" || string(f.Polling()) != "b" {
		t.Errorf("%q, %q", f.WebSocket(), f.Polling())
	}
}

func TestBinaryIsCopied(t *testing.T) {
	data := []byte{1, 2, 3}
	f := transport.NewBinary(data)
	data[0] = 9
	if string(f.WebSocket()) != "\x82\x03\x01\x02\x03" {
		t.Errorf("%q", f.WebSocket())
	}
}

func TestFramesAreShared(t *testing.T) {
	f := transport.NewBinary([]byte{1, 2, 3})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if string(f.Polling()) != "bAQID" || string(f.WebSocket()) != "\x82\x03\x01\x02\x03" {
				t.Errorf("%q, %q", f.Polling(), f.WebSocket())
			}
		})
	}
	wg.Wait()
}

// payload returns what a WebSocket frame carries, which is whole, final and
// unmasked.
func payload(t *testing.T, f *transport.Frame) []byte {
	t.Helper()
	r := bytes.NewReader(f.WebSocket())
	got, err := ws.ReadFrame(r)
	if err != nil || r.Len() != 0 || !got.Header.Fin || got.Header.Masked {
		t.Fatalf("%q: header %+v, %d bytes left, error %v", f.WebSocket(), got.Header, r.Len(), err)
	}
	return got.Payload
}

const message = `2["chat","a message of the usual length, a line or so of text"]`

func BenchmarkText(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		f, buf := transport.Begin(transport.Message, len(message))
		_ = f.End(append(buf, message...)).WebSocket()
	}
}

func BenchmarkPayload(b *testing.B) {
	frames := make([]*transport.Frame, 10)
	for i := range frames {
		frames[i] = transport.NewText(transport.Message, message)
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = transport.AppendPayload(buf[:0], frames)
	}
}

func TestAllocations(t *testing.T) {
	var f *transport.Frame
	built := testing.AllocsPerRun(100, func() {
		var buf []byte
		f, buf = transport.Begin(transport.Message, len(message))
		f.End(append(buf, message...))
	})
	if built > 2 {
		t.Errorf("a text frame takes %v allocations, want 2: its buffer and itself", built)
	}
	frames := []*transport.Frame{f, f}
	buf := make([]byte, 0, 1024)
	written := testing.AllocsPerRun(100, func() {
		buf = transport.AppendPayload(buf[:0], frames)
		_ = f.WebSocket()
	})
	if written != 0 {
		t.Errorf("writing encoded frames takes %v allocations, want none", written)
	}
}

func TestWebTransportHeader(t *testing.T) {
	for _, c := range []struct {
		size   int // of the payload, with the type digit of a text packet
		text   string
		binary string
	}{
		{1, "\x01", "\x81"},
		{125, "\x7d", "\xfd"},
		{126, "\x7e\x00\x7e", "\xfe\x00\x7e"},
		{65535, "\x7e\xff\xff", "\xfe\xff\xff"},
		{65536, "\x7f\x00\x00\x00\x00\x00\x01\x00\x00", "\xff\x00\x00\x00\x00\x00\x01\x00\x00"},
	} {
		text, data := strings.Repeat("x", c.size-1), bytes.Repeat([]byte{0xfe}, c.size)
		if got, want := onStream(transport.NewText(transport.Message, text)), c.text+"4"+text; got != want {
			t.Errorf("text of %d bytes is %.12q…, want %.12q…", c.size, got, want)
		}
		if got, want := onStream(transport.NewBinary(data)), c.binary+string(data); got != want {
			t.Errorf("binary of %d bytes is %.12q…, want %.12q…", c.size, got, want)
		}
	}
	if got := onStream(transport.NewBinary(nil)); got != "\x01b" {
		t.Errorf("empty binary is %q", got)
	}
}

func onStream(f *transport.Frame) string {
	first, rest := f.WebTransport()
	return string([]byte{first}) + string(rest)
}
