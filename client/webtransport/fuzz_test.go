package webtransport

import (
	"bufio"
	"bytes"
	"errors"
	"testing"

	"github.com/briohq/brio/transport"
)

// FuzzFrames reads whatever a server sends: no more than the limit is kept of it.
func FuzzFrames(f *testing.F) {
	var b bytes.Buffer
	appendFrame(&b, false, []byte("4hello"))
	appendFrame(&b, true, bytes.Repeat([]byte("x"), 200))
	f.Add(b.Bytes())
	f.Add([]byte{0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, sent []byte) {
		p := &pipe{limit: 300, in: bufio.NewReaderSize(bytes.NewReader(sent), 16)}
		total := 0
		for {
			isBinary, n, err := p.header()
			if err != nil {
				return
			}
			payload, err := p.payload(n)
			if err != nil {
				return
			}
			if total += len(payload); len(payload) != n || n > 300 || total > len(sent) {
				t.Fatalf("%d bytes of %d, binary %v", len(payload), n, isBinary)
			}
			_, _ = p.in.Discard(p.used)
			p.used = 0
		}
	})
}

// What is written is read as it was, at each border of the length's size.
func TestFrames(t *testing.T) {
	for _, n := range []int{1, 125, 126, 127, 1024, 65_535, 65_536, 100_000} {
		for _, isBinary := range []bool{false, true} {
			data := bytes.Repeat([]byte("x"), n)
			var b bytes.Buffer
			appendFrame(&b, isBinary, data[:1], data[1:])
			p := &pipe{limit: n, in: bufio.NewReaderSize(&b, readBuffer)}
			got, size, err := p.header()
			if err != nil || got != isBinary || size != n {
				t.Fatalf("%d bytes: %v, %d, %v", n, got, size, err)
			}
			payload, err := p.payload(size)
			if err != nil || !bytes.Equal(payload, data) {
				t.Fatalf("%d bytes: %d came, %v", n, len(payload), err)
			}
			p.limit = n - 1
			appendFrame(&b, isBinary, data)
			p.in.Reset(&b)
			if _, _, err := p.header(); !errors.Is(err, transport.ErrParse) {
				t.Errorf("%d bytes, one too many: %v", n, err)
			}
		}
	}
}
