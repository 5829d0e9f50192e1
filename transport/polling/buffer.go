package polling

import (
	"errors"
	"io"
	"sync"
)

// maxPooled is the size in bytes up to which a buffer is used again: a large body
// must not keep its memory for ever, nor lend it to a client that sends its own
// slowly.
const maxPooled = 16 << 10

// buffer is room for the body of a request or an answer. Buffers are pooled: who
// has one frees it when nobody reads it any more.
type buffer struct{ b []byte }

var buffers = sync.Pool{New: func() any { return &buffer{make([]byte, 0, 512)} }}

// newBuffer returns an empty buffer.
func newBuffer() *buffer { return buffers.Get().(*buffer) }

func (b *buffer) free() {
	if cap(b.b) > maxPooled {
		return
	}
	b.b = b.b[:0]
	buffers.Put(b)
}

// read appends all that r has. The buffer grows with what has come, whatever
// length was announced.
func (b *buffer) read(r io.Reader) error {
	for {
		if len(b.b) == cap(b.b) {
			b.b = append(b.b, 0)[:len(b.b)]
		}
		n, err := r.Read(b.b[len(b.b):cap(b.b)])
		b.b = b.b[:len(b.b)+n]
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}
