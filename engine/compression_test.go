package engine

import (
	"strings"
	"testing"
)

func TestCompressionOfPolling(t *testing.T) {
	for _, off := range []bool{false, true} {
		_, h, layers := serve(t, Config{NoCompression: off, Origins: []string{"*"}})
		p := fetch(t, h)
		(<-layers).send(t, 0, "4"+strings.Repeat("x", 2000))
		a := request(h, "GET", p.query(), "", "Accept-Encoding", "gzip", "Origin", "https://a.example")
		want, vary := "gzip", "Origin,Accept-Encoding"
		if off {
			want, vary = "", "Origin"
		}
		if got := a.header.Get("Content-Encoding"); got != want || a.status != 200 {
			t.Errorf("off %v: answer %d, encoding %q, want %q", off, a.status, got, want)
		}
		if got := strings.Join(a.header.Values("Vary"), ","); got != vary {
			t.Errorf("off %v: Vary %q, want %q", off, got, vary)
		}
	}
}
