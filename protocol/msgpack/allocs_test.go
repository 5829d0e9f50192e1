//go:build !race

// The race detector makes pools forget, so test.sh runs what is here without it.

package msgpack

import (
	"testing"
)

// Encoding, which a server does for each broadcast, allocates nothing of its own.
func TestAppendAllocates(t *testing.T) {
	for _, bench := range benchmarks {
		p := text2packet(t, bench.text, bench.attachments...)
		message, err := Append(nil, &p)
		if err != nil {
			t.Fatal(err)
		}
		want := float64(len(p.Attachments)) // the note of which are named
		if n := testing.AllocsPerRun(100, func() { message, _ = Append(message[:0], &p) }); n > want {
			t.Errorf("%s: %v allocations, want %v", bench.name, n, want)
		}
	}
}
