package websocket

import (
	"errors"
	"net"
	"testing"

	"github.com/gobwas/ws"
	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio/transport"
)

// speaking runs a Conn that speaks a format, as start does.
func speaking(t *testing.T, f transport.Format) (*tested, *recorder, net.Conn) {
	t.Helper()
	server, client := loopback(t)
	c, r := begin(t, server, limit)
	c.Speak(f)
	c.Start()
	return c, r, client
}

func TestFormats(t *testing.T) {
	binary := transport.NewBinary([]byte("\x01\x02"))
	for name, c := range map[string]struct {
		format transport.Format
		want   string // a binary message, as opcode and payload
	}{
		"v4":     {transport.Format{Revision: transport.V4}, "2 \x01\x02"},
		"v4 b64": {transport.Format{Revision: transport.V4, Base64: true}, "1 bAQI="},
		"v3":     {transport.Format{Revision: transport.V3}, "2 \x04\x01\x02"},
		"v3 b64": {transport.Format{Revision: transport.V3, Base64: true}, "1 b4AQI="},
	} {
		t.Run(name, func(t *testing.T) {
			conn, _, client := speaking(t, c.format)
			conn.Write([]*transport.Frame{transport.NewText(transport.Message, "é😀"), binary})
			for _, want := range []string{"1 4é😀", c.want} {
				if got := hear(t, client); got != want {
					t.Errorf("heard %q, want %q", got, want)
				}
			}
			conn.Close([]*transport.Frame{binary})
			for _, want := range []string{c.want, "8 "} {
				if got := hear(t, client); got != want {
					t.Errorf("heard %q, want %q", got, want)
				}
			}
		})
	}
}

func TestMessagesOfV3(t *testing.T) {
	_, r, client := speaking(t, transport.Format{Revision: transport.V3})
	say(t, client, text("4é")+masked(ws.OpBinary, true, "\x04\x01\x02")+text("b4AQI=")+text("2")+
		masked(ws.OpBinary, false, "\x04\x03")+masked(ws.OpContinuation, true, "\x04"))
	say(t, client, text("1"))
	if err := r.ended(t); err != nil {
		t.Error(err)
	}
	want := []string{"4é", "b\x01\x02", "b\x01\x02", "2", "b\x03\x04"}
	if diff := cmp.Diff(want, r.received()); diff != "" {
		t.Error(diff)
	}
}

func TestMalformedMessagesOfV3(t *testing.T) {
	for name, message := range map[string]string{
		"binary without a type":  masked(ws.OpBinary, true, ""),
		"binary of another type": masked(ws.OpBinary, true, "\x02probe"),
		"a type in ASCII":        masked(ws.OpBinary, true, "4hello"),
		"base64 without a type":  text("bAQI="),
		"nothing":                text(""),
		"an unknown type":        text("7"),
		"a payload of polling":   text("8:4message"),
	} {
		t.Run(name, func(t *testing.T) {
			_, r, client := speaking(t, transport.Format{Revision: transport.V3})
			say(t, client, text("4before")+message+text("1"))
			if err := r.ended(t); !errors.Is(err, transport.ErrParse) {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff([]string{"4before"}, r.received()); diff != "" {
				t.Error(diff)
			}
			if got := hear(t, client); got != "8 " {
				t.Errorf("heard %q", got)
			}
		})
	}
}
