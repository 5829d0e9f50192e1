package websocket

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"

	"github.com/briohq/brio/transport"
)

// keep is the capacity of the largest buffer that goes back to its pool.
const keep = 64 << 10

// compressor is what it takes to compress a message: more than a megabyte, so
// there are no more of them than can be at work.
type compressor struct {
	w   *wsflate.Writer
	buf bytes.Buffer
}

var compressors = sync.Pool{New: func() any {
	c := new(compressor)
	c.w = wsflate.NewWriter(&c.buf, func(w io.Writer) wsflate.Compressor {
		// Higher levels gain a few percent for twice the time.
		f, _ := flate.NewWriter(w, flate.BestSpeed) // a valid level
		return f
	})
	return c
}}

// slots has room for as many compressors as can be at work.
var slots = make(chan struct{}, runtime.GOMAXPROCS(0))

// deflate returns the compressed form of a frame (RFC 7692, section 7.2.1), and
// the other one if it is not shorter.
func deflate(f *transport.Frame) []byte {
	slots <- struct{}{}
	defer func() { <-slots }()
	c := compressors.Get().(*compressor)
	defer compressors.Put(c)
	if c.buf.Cap() > keep {
		c.buf = bytes.Buffer{}
	}
	c.buf.Reset()
	c.w.Reset(&c.buf)
	_, _ = c.w.Write(f.Payload()) // a buffer takes everything
	plain := f.WebSocket()
	if err := c.w.Flush(); err != nil || c.buf.Len() >= len(f.Payload()) {
		return plain
	}
	frame := ws.NewFrame(ws.OpCode(plain[0]&0x0f), true, c.buf.Bytes())
	frame.Header.Rsv = mark
	return compile(frame)
}

// inflater is what it takes to read a compressed message.
type inflater struct {
	src source
	r   io.ReadCloser
}

var inflaters = sync.Pool{New: func() any {
	z := new(inflater)
	z.r = flate.NewReader(&z.src)
	return z
}}

// inflated are buffers for messages that have been compressed.
var inflated = sync.Pool{New: func() any { return new([]byte) }}

// inflate appends a message of at most limit bytes to dst, given its compressed
// form (RFC 7692, section 7.2.2). The error is a violation. No more than limit
// bytes and one are made of it, whatever it is.
func inflate(dst, message []byte, limit int) ([]byte, error) {
	z := inflaters.Get().(*inflater)
	defer inflaters.Put(z)
	defer func() { z.src = source{} }()
	z.src = source{message: message, tail: tail}
	for {
		_ = z.r.(flate.Resetter).Reset(&z.src, nil) // never fails
		var err error
		if dst, err = z.append(dst, limit); err != nil {
			return dst, err
		}
		// Blocks may follow one that says it is the last (section 7.2.3.4).
		if len(z.src.message) == 0 {
			return dst, nil
		}
	}
}

// append reads up to the end of the last block.
func (z *inflater) append(dst []byte, limit int) ([]byte, error) {
	for {
		if len(dst) == cap(dst) {
			dst = slices.Grow(dst, min(max(len(dst), 1024), limit+1-len(dst)))
		}
		n, err := z.r.Read(dst[len(dst):min(cap(dst), limit+1)])
		dst = dst[:len(dst)+n]
		switch {
		case len(dst) > limit:
			return dst, &violation{ws.StatusMessageTooBig, fmt.Errorf("message exceeds %d bytes", limit)}
		case errors.Is(err, io.EOF):
			return dst, nil
		case err != nil:
			return dst, &violation{ws.StatusInvalidFramePayloadData, fmt.Errorf("compressed message: %w", err)}
		}
	}
}

// tail is what a compressor leaves out at the end of each message, and a last
// block without content, for the end to be recognized.
var tail = []byte{0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff}

// source is a compressed message with the tail behind it. As it has ReadByte,
// no more of it is read than is needed.
type source struct{ message, tail []byte }

func (s *source) rest() *[]byte {
	if len(s.message) > 0 {
		return &s.message
	}
	return &s.tail
}

func (s *source) Read(p []byte) (int, error) {
	b := s.rest()
	if len(*b) == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	n := copy(p, *b)
	*b = (*b)[n:]
	return n, nil
}

func (s *source) ReadByte() (byte, error) {
	b := s.rest()
	if len(*b) == 0 {
		return 0, io.EOF
	}
	c := (*b)[0]
	*b = (*b)[1:]
	return c, nil
}
