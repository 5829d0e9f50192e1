package engine

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"

	"github.com/briohq/brio/transport"
)

// Both ways to get a WebSocket agree on compression, with those who want it.
func TestDeflate(t *testing.T) {
	_, h, layers := serve(t, Config{Deflate: new(Deflate)})
	words := strings.Repeat("words and more ", 100)
	frame := transport.NewText(transport.Message, words)
	tell := func(l *layer) {
		t.Helper()
		if err := l.session.Send([]*transport.Frame{frame}, 0); err != nil {
			t.Error(err)
		}
	}

	first := dialDeflate(t, h.URL, newCable, true)
	l := <-layers
	first.hear() // the handshake
	tell(l)
	first.hears(t, "4"+words)
	if err := first.say("4" + words); err != nil {
		t.Error(err)
	}
	l.received(t, words)

	p := fetch(t, h)
	upgraded := dialDeflate(t, h.URL, newCable+"&sid="+p.id, true)
	upgraded.say("2probe")
	upgraded.hears(t, "3probe")
	upgraded.say("5")
	l = <-layers
	until(t, func() bool { return l.session.Transport() == "websocket" })
	tell(l)
	upgraded.hears(t, "4"+words)

	without := dialDeflate(t, h.URL, newCable, false)
	without.hear()
	tell(<-layers)
	without.hears(t, "4"+words)

	if !first.compressed || !upgraded.compressed || without.compressed {
		t.Errorf("compressed: %v first, %v after an upgrade, %v for those who don't want it",
			first.compressed, upgraded.compressed, without.compressed)
	}
}

func TestNoDeflate(t *testing.T) {
	_, h, _ := serve(t, Config{})
	c := upgraded(t, h, newCable, "Sec-WebSocket-Extensions", "permessage-deflate")
	if got := c.Get("Sec-WebSocket-Extensions"); got != "" {
		t.Errorf("extensions %q", got)
	}
}

// deflateCable is a cable that compresses, and notes if the server did.
type deflateCable struct {
	cable
	wants, compressed bool
}

func dialDeflate(t *testing.T, url, query string, wants bool) *deflateCable {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var d ws.Dialer
	if wants {
		d.Extensions = []httphead.Option{wsflate.DefaultParameters.Option()}
	}
	nc, buffered, shaken, err := d.Dial(ctx, "ws"+strings.TrimPrefix(url, "http")+"/?"+query)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	if (len(shaken.Extensions) > 0) != wants {
		t.Errorf("extensions %v", shaken.Extensions)
	}
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	c := &deflateCable{cable: cable{nc, nc}, wants: wants}
	if buffered != nil {
		early, _ := buffered.Peek(buffered.Buffered())
		c.in = io.MultiReader(bytes.NewReader(bytes.Clone(early)), nc)
	}
	return c
}

func (c *deflateCable) say(packet string) error {
	f, err := wsflate.CompressFrame(ws.NewTextFrame([]byte(packet)))
	if err != nil {
		return err
	}
	return ws.WriteFrame(c, ws.MaskFrameInPlace(f))
}

func (c *deflateCable) hear() string {
	f, err := ws.ReadFrame(c.in)
	if err != nil {
		return err.Error()
	}
	c.compressed = c.compressed || f.Header.Rsv != 0
	if f, err = wsflate.DecompressFrame(f); err != nil {
		return err.Error()
	}
	return string(f.Payload)
}

func (c *deflateCable) hears(t *testing.T, want string) {
	t.Helper()
	if got := c.hear(); got != want {
		t.Fatalf("heard %.40q, want %.40q", got, want)
	}
}
