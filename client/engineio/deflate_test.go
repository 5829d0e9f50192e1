package engineio

import (
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"

	"github.com/briohq/brio/engine"
)

// wire counts what goes over connections.
type wire struct{ sent, received atomic.Int64 }

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	return &counted{c, w}, err
}

type counted struct {
	net.Conn
	wire *wire
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.wire.received.Add(int64(n))
	return n, err
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.wire.sent.Add(int64(n))
	return n, err
}

// What is compressed arrives as it was, in fewer bytes, from brio and from the official
// server; what is small, or is to be left alone, in as many.
func TestDeflate(t *testing.T) {
	ours := serve(t, engine.Config{Deflate: &engine.Deflate{}}, true, nil)
	servers := map[string]string{"brio": ours.address, "official": startOfficial(t, `{"perMessageDeflate":true}`).address}
	long := strings.Repeat("long ", 20_000)
	for name, address := range servers {
		t.Run(name, func(t *testing.T) {
			var w wire
			e := connectTo(t, address, Config{Transports: []string{"websocket"}, Deflate: &Deflate{}, Dial: w.dial})
			for range 3 { // each by itself
				e.says(t, "short", long, "b"+long, long[:1023], long[:1024])
				e.hears(t, "short", long, "b"+long, long[:1023], long[:1024])
			}
			if sent, received := w.sent.Load(), w.received.Load(); sent > 20_000 || received > 20_000 {
				t.Errorf("%d bytes were sent and %d came, for 600 kB each", sent, received)
			}
			before := w.sent.Load()
			if err := e.Send(Message{Data: []byte(long), Uncompressed: true}); err != nil {
				t.Fatal(err)
			}
			e.hears(t, long)
			if n := w.sent.Load() - before; n < int64(len(long)) {
				t.Errorf("%d bytes were sent of what was to be left alone", n)
			}
			e.Close()
			e.ends(t, ForcedClose)
		})
	}
}

// A server that does not compress is spoken to as without.
func TestDeflateIsDeclined(t *testing.T) {
	s := serve(t, engine.Config{}, true, nil)
	e := connectTo(t, s.address, Config{Transports: []string{"websocket"}, Deflate: &Deflate{Threshold: 1}})
	long := strings.Repeat("long ", 2000)
	e.says(t, long)
	e.hears(t, long)
	e.Close()
	e.ends(t, ForcedClose)
}

func TestDeflateViolations(t *testing.T) {
	const agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	for name, c := range map[string]struct{ answer, bytes, want string }{
		"a context kept":        {"permessage-deflate", "", "leave Config.Deflate out"},
		"a smaller window":      {agreed + "; client_max_window_bits=9", "", "leave Config.Deflate out"},
		"unknown":               {agreed + "; level=9", "", "leave Config.Deflate out"},
		"another extension":     {"x-more", "", "handshake"},
		"no deflate":            {agreed, frame(0xc1, "\xff\xff"), "corrupt input"},
		"too long":              {agreed, frame(0xc2, squeeze(strings.Repeat("a", 101_000))), "exceeds 100000 bytes"},
		"no UTF-8":              {agreed, frame(0xc1, squeeze("4\xff")), "UTF-8"},
		"a marked continuation": {agreed, frame(0x41, "x") + frame(0xc0, "y"), "rsv bits"},
		"a marked ping":         {agreed, frame(0xc9, ""), "rsv bits"},
		"marked unasked":        {"", frame(0xc1, squeeze("4x")), "rsv bits"},
	} {
		t.Run(name, func(t *testing.T) {
			stop, dial := imagineHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				u := ws.HTTPUpgrader{Negotiate: func(httphead.Option) (option httphead.Option, err error) {
					options, _ := httphead.ParseOptions([]byte(c.answer), nil)
					if len(options) > 0 {
						option = options[0]
					}
					return option, nil
				}}
				nc, _, _, err := u.Upgrade(r, w)
				if err != nil {
					return
				}
				defer nc.Close()
				_, _ = io.WriteString(nc, text(fmt.Sprintf(openPacket, "[]"))+c.bytes)
				_, _ = io.Copy(io.Discard, nc)
			}))
			defer stop()
			e, err := tryConnect(t.Context(), "http://server/", Config{
				Transports: []string{"websocket"}, Deflate: &Deflate{}, Dial: dial, MaxPayload: 100_000,
			})
			if err == nil {
				err = take(t, e.over)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

// squeeze returns the compressed form of a message.
func squeeze(message string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression) // a valid level
	_, _ = io.WriteString(w, message)
	_ = w.Flush()
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}
