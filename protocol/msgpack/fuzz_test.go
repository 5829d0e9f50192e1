package msgpack

import (
	"testing"

	"github.com/briohq/brio/protocol"
)

// What is accepted is a packet that the text protocol can carry, and that comes back
// as it is. Nothing makes Decode panic, or allocate out of proportion.
func FuzzDecode(f *testing.F) {
	for _, file := range []string{"server.hex", "client.hex", "notepack3.hex"} {
		for _, v := range vectors(f, file) {
			f.Add(v.message)
		}
	}
	f.Add([]byte(event + "\xdd\xff\xff\xff\xff\xa1e\xdf\xff\xff\xff\xff"))
	f.Add([]byte(event + "\x94\xa1e\x82\x07\x01\xac_placeholder\xc3\xd5\x07ab\xd6\xff\xff\xff\xff\xff"))
	f.Add([]byte(event + "\x92\xa1e\xcb\x44\x4b\x1a\xe4\xd6\xe2\xef\x50"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var p protocol.Packet
		var err error
		if n := allocated(func() { p, err = Decode(b, protocol.Limits{}) }); n > 1<<16+100*uint64(len(b)) {
			t.Fatalf("%d bytes allocated for a message of %d", n, len(b))
		}
		if err != nil {
			if p.Data != nil || p.Attachments != nil {
				t.Fatal("a packet beside an error")
			}
			return
		}

		if len(p.Attachments) <= 1000 { // the limit of text2packet
			text := text2packet(t, string(p.AppendText(nil)), p.Attachments...)
			if d := diff(p, text); d != "" {
				t.Fatalf("as text: %s", d)
			}
		}
		message, err := Append(nil, &p)
		if err != nil {
			t.Fatalf("%s: %v", p.AppendText(nil), err)
		}
		again, err := Decode(message, protocol.Limits{Bytes: 10e6})
		if err != nil {
			t.Fatalf("%s: %x: %v", p.AppendText(nil), message, err)
		}
		if d := diff(p, again); d != "" {
			t.Fatalf("%x: %s", message, d)
		}
	})
}

// What the text codec accepts can be sent to a peer of this one.
func FuzzAppend(f *testing.F) {
	for _, v := range vectors(f, "server.hex") {
		first := []byte(nil)
		if len(v.packet.Attachments) == 1 {
			first = v.packet.Attachments[0]
		}
		f.Add(v.packet.AppendText(nil), first)
	}
	f.Add([]byte(` 51-["a",{ "num":0,"\u005fplaceholder":true},"\ud800\u0041",1E400,-0] `), []byte("x"))
	f.Fuzz(func(t *testing.T, text, attachment []byte) {
		var d protocol.Decoder
		p, done, err := d.Text(text)
		if err == nil && !done {
			p, done, err = d.Binary(attachment)
		}
		if err != nil || !done {
			return
		}
		message, err := Append(nil, &p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(message, protocol.Limits{Bytes: 100e6, Depth: 1024, Namespace: 4096})
		if err != nil {
			t.Fatalf("%x: %v", message, err)
		}
		again, err := Append(nil, &got)
		if err != nil {
			t.Fatal(err)
		}
		last, err := Decode(again, protocol.Limits{Bytes: 100e6, Depth: 1024, Namespace: 4096})
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(got, last); d != "" {
			t.Fatal(d)
		}
	})
}
