// Package deflate compresses messages of WebSocket, each by itself: permessage-deflate
// without a context that is kept from one to the next (RFC 7692, section 7.2).
package deflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
)

// Threshold is the size in bytes from which on a message is worth compressing.
const Threshold = 1024

// Mark is RSV1, which the first frame of a compressed message has (RFC 7692,
// section 6).
const Mark = 4

// ErrTooLong is what a message fails with that is longer than it may be.
var ErrTooLong = errors.New("message is too long")

// compressor is what it takes to compress a message: more than a megabyte, so
// there are no more of them than can be at work.
type compressor struct {
	w   *flate.Writer
	out *bytes.Buffer
}

var compressors = sync.Pool{New: func() any {
	// Higher levels gain a few percent for twice the time.
	w, _ := flate.NewWriter(nil, flate.BestSpeed) // a valid level
	return &compressor{w: w}
}}

// slots has room for as many compressors as can be at work.
var slots = make(chan struct{}, runtime.GOMAXPROCS(0))

// Append appends the compressed form of a message, which may come in parts, to dst
// (RFC 7692, section 7.2.1). It may be longer than the message.
func Append(dst []byte, message ...[]byte) []byte {
	slots <- struct{}{}
	defer func() { <-slots }()
	c := compressors.Get().(*compressor)
	defer compressors.Put(c)
	c.out = bytes.NewBuffer(dst)
	c.w.Reset(c.out)
	for _, part := range message {
		_, _ = c.w.Write(part) // a buffer takes everything
	}
	_ = c.w.Flush()
	out := c.out.Bytes()
	c.out = nil
	return out[:len(out)-len(omitted)]
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

// Inflate appends a message of at most limit bytes to dst, given its compressed
// form (RFC 7692, section 7.2.2). It fails with [ErrTooLong], or because that is none.
// No more than limit bytes and one are made of it, whatever it is.
func Inflate(dst, message []byte, limit int) ([]byte, error) {
	z := inflaters.Get().(*inflater)
	defer inflaters.Put(z)
	defer func() { z.src = source{} }()
	z.src = source{message: message, tail: tail}
	limit += len(dst)
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
			return dst, ErrTooLong
		case errors.Is(err, io.EOF):
			return dst, nil
		case err != nil:
			return dst, fmt.Errorf("compressed message: %w", err)
		}
	}
}

// Bound returns how many bytes of a compressed message are to be read, if the message
// may have limit. What doesn't compress may be longer in its compressed form: by an
// eighth if all of its bytes take nine bits.
func Bound(limit int) int { return limit + limit/8 + 64 }

// omitted is what a compressor leaves out at the end of each message.
var omitted = []byte{0, 0, 0xff, 0xff}

// tail is that, and a last block without content, for the end to be recognized.
var tail = append(slices.Clip(omitted), 1, 0, 0, 0xff, 0xff)

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
