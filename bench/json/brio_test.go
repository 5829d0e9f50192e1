package json

import (
	"testing"

	"github.com/briohq/brio/protocol"
)

// BenchmarkBrio has the libraries do their part in brio: an event is scanned, and
// written, by protocol.JSON. "default" is a server's without Config.JSON.
func BenchmarkBrio(b *testing.B) {
	plugged := map[string]*protocol.JSON{"default": nil}
	for _, l := range libraries[1:] {
		plugged[l.name] = &protocol.JSON{Marshal: l.marshal, Unmarshal: l.unmarshal}
	}
	for _, c := range cases {
		p := protocol.Packet{Type: protocol.Event, Data: []byte(`["e",` + c.text + `]`)}
		for name, j := range plugged {
			b.Run("scan/"+c.name+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := j.Scan(p.Args(), c.dest()); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("emit/"+c.name+"/"+name, func(b *testing.B) {
				v := c.dest()
				if err := j.Scan(p.Args(), v); err != nil {
					b.Fatal(err)
				}
				var buf []byte
				b.ReportAllocs()
				for b.Loop() {
					var err error
					if buf, _, err = j.AppendEvent(buf[:0], nil, "e", v); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
