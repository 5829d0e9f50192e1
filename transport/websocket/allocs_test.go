//go:build !race

// The race detector makes pools forget, so test.sh runs what is here without it.

package websocket

import (
	"io"
	"strings"
	"testing"
)

func TestWriteAllocatesNothing(t *testing.T) {
	server, client := loopback(t)
	c, _ := start(t, server, limit)
	go func() { _, _ = io.Copy(io.Discard, client) }()
	batch := frames("4a", "4b", "4c")
	c.Write(batch)
	if n := testing.AllocsPerRun(100, func() { c.Write(batch) }); n > 0 {
		t.Errorf("a write takes %v allocations", n)
	}
}

func TestInflatingAllocatesNothing(t *testing.T) {
	c := &Conn{receiver: discard{}, limit: 1 << 20, deflate: 1024}
	in := []byte(squeezed("4" + strings.Repeat("words and more ", 100)))
	buf := make([]byte, len(in))
	n := testing.AllocsPerRun(100, func() {
		copy(buf, in)
		if err := c.feed(buf); err != nil {
			t.Fatal(err)
		}
	})
	if n > 0 {
		t.Errorf("a compressed message takes %v allocations", n)
	}
}
