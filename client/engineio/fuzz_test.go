package engineio

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"github.com/briohq/brio/transport"
)

// canned is a connection with a server that has said everything at once.
type canned struct {
	net.Conn
	in *bytes.Reader
}

func (c canned) Read(b []byte) (int, error)  { return c.in.Read(b) }
func (c canned) Write(b []byte) (int, error) { return len(b), nil }

// FuzzWebSocket reads whatever a server sends: messages are within the limit and
// valid, and the end is an error.
func FuzzWebSocket(f *testing.F) {
	for _, seed := range []string{
		text("4hello") + frame(0x82, "binary") + text("2"),
		frame(0x01, "4fr") + frame(0x89, "ping") + frame(0x80, "ag"),
		text("bAAE=") + "\x88\x02\x03\xe8",
		frame(0xc1, squeeze("4hello hello hello")) + frame(0x42, squeeze("bytes")) + frame(0x80, ""),
		"\x81\x7e\xff\xff", "\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		client, server := net.Pipe()
		defer client.Close()
		defer server.Close()
		nc := canned{client, bytes.NewReader(b)}
		s := &webSocket{nc: nc, in: frames{in: bufio.NewReaderSize(nc, 16), limit: 100, deflated: len(b)%2 == 0}}
		for n := 0; ; n++ {
			p, err := s.Read()
			if err != nil {
				return
			}
			if n > len(b) || len(p.Data) > 100 || !p.Binary && !utf8.Valid(p.Data) {
				t.Fatalf("packet %d is %+v", n, p)
			}
		}
	})
}

// FuzzFrames reads back what a client writes, as a server would.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("hello"), true)
	f.Add(bytes.Repeat([]byte("x"), 70_000), false)
	f.Fuzz(func(t *testing.T, payload []byte, binary bool) {
		op, prefix := ws.OpText, "4"
		if binary {
			op, prefix = ws.OpBinary, ""
		}
		got, err := ws.ReadFrame(bytes.NewReader(appendFrame(nil, ws.Header{OpCode: op}, prefix, payload)))
		if err != nil || !got.Header.Masked || !got.Header.Fin || got.Header.OpCode != op {
			t.Fatalf("%+v, %v", got.Header, err)
		}
		if got = ws.UnmaskFrame(got); string(got.Payload) != prefix+string(payload) {
			t.Fatalf("%q became %q", payload, got.Payload)
		}
	})
}

// reply is a server whose every answer is this one.
type reply []byte

func (r reply) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(r))}, nil
}

// FuzzPayload reads whatever a server answers to polls, the handshake included.
func FuzzPayload(f *testing.F) {
	open := fmt.Sprintf(openPacket, "[]")
	for _, seed := range []string{open, open + "\x1e4hello\x1ebAAE=", "0{}", open + "\x1e", "96:" + open, `0{"sid":"x","pingInterval":1e999,"pingTimeout":-1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p := &polling{client: &http.Client{Transport: reply(body)}, answer: 1000, address: &url.URL{Scheme: "http", Host: "x"}}
		p.ctx, p.cancel = context.WithCancelCause(t.Context())
		if err := p.handshake(); err != nil {
			return
		}
		total := 0
		for p.due {
			packet, err := p.Read()
			if err != nil {
				if !errors.Is(err, transport.ErrParse) {
					t.Fatal(err)
				}
				return
			}
			if packet.Type == transport.Open {
				if h, err := parseHandshake(packet); err == nil && (h.patience() < 0 || h.limit() < 1) {
					t.Fatalf("%+v", h)
				}
			}
			if total += len(packet.Data); total > len(body) {
				t.Fatalf("%d bytes of %d", total, len(body))
			}
		}
	})
}
