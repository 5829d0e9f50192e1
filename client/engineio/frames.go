package engineio

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"github.com/briohq/brio/internal/deflate"
)

// violation is what a server did against RFC 6455, and the status code with
// which it is told (section 7.4.1).
type violation struct {
	code ws.StatusCode
	err  error
}

func (v *violation) Error() string { return v.err.Error() }
func (v *violation) Unwrap() error { return v.err }

// closedError is the close frame of a server, or the end of its connection without
// one.
type closedError struct {
	code   ws.StatusCode
	reason string
	err    error // instead of a close frame
}

func (e *closedError) Error() string {
	switch {
	case e.err != nil:
		return fmt.Sprintf("connection lost: %v", e.err)
	case e.code == ws.StatusNoStatusRcvd:
		return "closed by the server"
	case e.reason == "":
		return fmt.Sprintf("closed by the server with status %d", e.code)
	}
	return fmt.Sprintf("closed by the server with status %d: %s", e.code, e.reason)
}

func (e *closedError) Unwrap() []error { return []error{io.EOF, e.err} }

// frames reads the frames of a server (RFC 6455, section 5.2).
type frames struct {
	in       *bufio.Reader
	limit    int  // bytes of a message
	deflated bool // messages may be compressed

	used       int       // bytes of in that the last message borrows
	buf        *[]byte   // that holds it, if it does not fit there; nil when idle
	opening    ws.OpCode // of the message that is being read in fragments, if begun
	begun      bool
	compressed bool    // that one, or the one that is complete
	inflated   *[]byte // that holds it; nil when idle
}

var read = sync.Pool{New: func() any { return new([]byte) }}

// next returns the next message, or control frame that is no close frame. Its bytes
// are borrowed until the next call.
func (f *frames) next() (message []byte, op ws.OpCode, err error) {
	f.release()
	for {
		h, err := f.header()
		if err != nil {
			return nil, 0, err
		}
		switch {
		case h.OpCode == ws.OpClose:
			payload, err := f.borrow(int(h.Length))
			if err == nil {
				err = parseClose(payload)
			}
			return nil, 0, err
		case h.OpCode.IsControl():
			payload, err := f.borrow(int(h.Length))
			return payload, h.OpCode, err
		case h.Fin && !f.begun && int(h.Length) <= f.in.Size():
			payload, err := f.borrow(int(h.Length))
			return f.whole(payload, h.OpCode, err)
		}
		if !f.begun {
			f.opening, f.begun = h.OpCode, true
			f.buf = read.Get().(*[]byte)
			*f.buf = (*f.buf)[:0]
		}
		if err := f.gather(int(h.Length)); err != nil {
			return nil, 0, err
		}
		if h.Fin {
			f.begun = false
			return f.whole(*f.buf, f.opening, nil)
		}
	}
}

// release gives back what the last message was in.
func (f *frames) release() {
	if f.used > 0 {
		_, _ = f.in.Discard(f.used) // it has been peeked at
		f.used = 0
	}
	if f.buf != nil && !f.begun {
		if cap(*f.buf) <= keep {
			read.Put(f.buf)
		}
		f.buf = nil
	}
	if f.inflated != nil {
		if cap(*f.inflated) <= keep {
			read.Put(f.inflated)
		}
		f.inflated = nil
	}
}

// header reads a frame's header, and refuses what may not follow, before its
// payload is waited for.
func (f *frames) header() (h ws.Header, err error) {
	if f.used > 0 { // of a control frame
		f.release()
	}
	b, err := f.peek(2)
	if err != nil {
		return h, err
	}
	h.Fin = b[0]&0x80 != 0
	h.Rsv = b[0] >> 4 & 7
	h.OpCode = ws.OpCode(b[0] & 0x0f)
	h.Masked = b[1]&0x80 != 0
	h.Length = int64(b[1] & 0x7f)
	size := 2
	switch h.Length {
	case 126:
		if b, err = f.peek(4); err != nil {
			return h, err
		}
		h.Length, size = int64(binary.BigEndian.Uint16(b[2:])), 4
	case 127:
		if b, err = f.peek(10); err != nil {
			return h, err
		}
		h.Length, size = int64(binary.BigEndian.Uint64(b[2:])), 10
	}
	_, _ = f.in.Discard(size) // it has been peeked at
	if h.OpCode == ws.OpText || h.OpCode == ws.OpBinary {
		f.compressed = f.deflated && h.Rsv&deflate.Mark != 0
		if f.compressed {
			h.Rsv &^= deflate.Mark
		}
	}
	return h, f.check(h)
}

func (f *frames) check(h ws.Header) error {
	s := ws.StateClientSide
	if f.begun {
		s = s.Set(ws.StateFragmented)
	}
	if err := ws.CheckHeader(h, s); err != nil {
		return &violation{ws.StatusProtocolError, err}
	}
	if h.Length < 0 {
		return &violation{ws.StatusProtocolError, errors.New("frame length with its highest bit set")}
	}
	length := 0
	if f.begun {
		length = len(*f.buf)
	}
	limit := f.limit
	if f.compressed {
		limit = deflate.Bound(limit)
	}
	if !h.OpCode.IsControl() && h.Length > int64(limit-length) {
		return &violation{ws.StatusMessageTooBig, fmt.Errorf("message exceeds %d bytes", f.limit)}
	}
	return nil
}

// borrow reads a payload that fits the read buffer, and leaves it there.
func (f *frames) borrow(n int) ([]byte, error) {
	b, err := f.peek(n)
	if err == nil {
		f.used = n
	}
	return b, err
}

func (f *frames) peek(n int) ([]byte, error) {
	b, err := f.in.Peek(n)
	if errors.Is(err, io.EOF) && len(b) > 0 {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

// gather appends a payload to the buffer, which grows with what comes, not with
// what has been announced.
func (f *frames) gather(n int) error {
	for n > 0 {
		b := *f.buf
		step := min(n, max(len(b), readBuffer))
		b = slices.Grow(b, step)
		got, err := io.ReadFull(f.in, b[len(b):len(b)+step])
		*f.buf = b[:len(b)+got]
		if err != nil {
			return err
		}
		n -= step
	}
	return nil
}

func (f *frames) whole(message []byte, op ws.OpCode, err error) ([]byte, ws.OpCode, error) {
	if err == nil && f.compressed {
		message, err = f.inflate(message)
	}
	if err == nil && op == ws.OpText && !utf8.Valid(message) {
		err = &violation{ws.StatusInvalidFramePayloadData, errors.New("text message is not UTF-8")}
	}
	return message, op, err
}

// inflate returns a message, given its compressed form.
func (f *frames) inflate(message []byte) ([]byte, error) {
	f.inflated = read.Get().(*[]byte)
	b, err := deflate.Inflate((*f.inflated)[:0], message, f.limit)
	*f.inflated = b
	switch {
	case errors.Is(err, deflate.ErrTooLong):
		err = &violation{ws.StatusMessageTooBig, fmt.Errorf("message exceeds %d bytes", f.limit)}
	case err != nil:
		err = &violation{ws.StatusInvalidFramePayloadData, err}
	}
	return b, err
}

// parseClose reads the payload of a close frame (RFC 6455, section 7.4).
func parseClose(payload []byte) error {
	if len(payload) == 0 {
		return &closedError{code: ws.StatusNoStatusRcvd}
	}
	code, reason := ws.ParseCloseFrameData(payload)
	if err := ws.CheckCloseFrameData(code, reason); len(payload) == 1 || code > 4999 || err != nil {
		return &violation{ws.StatusProtocolError, errors.New("malformed close frame")}
	}
	return &closedError{code: code, reason: reason}
}
