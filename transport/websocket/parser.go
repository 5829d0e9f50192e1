package websocket

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"github.com/briohq/brio/transport"
)

// farewell is the peer's close frame, or its close packet, with the status that
// it is answered with.
type farewell struct{ code ws.StatusCode }

func (f *farewell) Error() string { return "closed by the peer" }

// violation is what a peer did against RFC 6455, and the status code with
// which it is told (section 7.4.1).
type violation struct {
	code ws.StatusCode
	err  error
}

func (v *violation) Error() string { return v.err.Error() }
func (v *violation) Unwrap() error { return v.err }

// parser is what is kept between two feeds.
type parser struct {
	*pieces // nil while a connection is idle between two messages

	ended      bool // what comes is dropped
	fragmented bool // a message has begun
	binary     bool // of the fragmented message
	compressed bool // likewise
}

// pieces are what has come of something that is not complete.
type pieces struct {
	partial []byte // the beginning of a frame
	message []byte // the fragments of a message so far
}

// keep returns the place for pieces.
func (p *parser) keep() *pieces {
	if p.pieces == nil {
		p.pieces = new(pieces)
	}
	return p.pieces
}

// begun returns how many bytes of a message have come.
func (p *parser) begun() int {
	if p.pieces == nil {
		return 0
	}
	return len(p.message)
}

// drop forgets the pieces if there are none.
func (p *parser) drop() {
	if p.pieces != nil && p.partial == nil && !p.fragmented {
		p.pieces = nil
	}
}

// feed takes the bytes that have arrived next, pushes the packets that they
// complete, and keeps the beginning of the next frame. It writes to b (frames
// are unmasked in place) but does not keep it.
func (c *Conn) feed(b []byte) error {
	p := &c.parser
	if p.pieces != nil && len(p.partial) > 0 {
		p.partial = append(p.partial, b...)
		b = p.partial
	}
	for {
		h, size, ok := parseHeader(b)
		if !ok {
			break
		}
		if err := c.check(h); err != nil {
			return err
		}
		if int64(len(b)-size) < h.Length {
			break
		}
		payload := b[size : size+int(h.Length)]
		b = b[size+int(h.Length):]
		ws.Cipher(payload, h.Mask, 0)
		if err := c.frame(h, payload); err != nil {
			return err
		}
	}
	if len(b) == 0 {
		if p.pieces != nil {
			p.partial = nil
			p.drop()
		}
		return nil
	}
	kept := p.keep()
	if len(b) != len(kept.partial) { // otherwise it is that, and would be copied with each byte that comes
		kept.partial = append(kept.partial[:0], b...) // moves what is there already to the front
	}
	return nil
}

// parseHeader reads a frame header (RFC 6455, section 5.2) and reports its
// size, or that there are not enough bytes for it yet.
func parseHeader(b []byte) (h ws.Header, size int, ok bool) {
	if len(b) < 2 {
		return h, 0, false
	}
	h.Fin = b[0]&0x80 != 0
	h.Rsv = b[0] >> 4 & 7
	h.OpCode = ws.OpCode(b[0] & 0x0f)
	h.Masked = b[1]&0x80 != 0
	h.Length = int64(b[1] & 0x7f)
	size = 2
	switch h.Length {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	end := size
	if h.Masked {
		end += 4
	}
	if len(b) < end {
		return h, 0, false
	}
	switch size {
	case 4:
		h.Length = int64(binary.BigEndian.Uint16(b[2:]))
	case 10:
		h.Length = int64(binary.BigEndian.Uint64(b[2:]))
	}
	copy(h.Mask[:], b[size:end])
	return h, end, true
}

// check refuses a frame by its header, before its payload is waited for.
func (c *Conn) check(h ws.Header) error {
	s := ws.StateServerSide
	if c.parser.fragmented {
		s = s.Set(ws.StateFragmented)
	}
	if err := ws.CheckHeader(c.unmarked(h), s); err != nil {
		return &violation{ws.StatusProtocolError, err}
	}
	if h.Length < 0 {
		return &violation{ws.StatusProtocolError, errors.New("frame length with its highest bit set")}
	}
	if !h.OpCode.IsControl() && h.Length > int64(c.bound(h)-c.parser.begun()) {
		return &violation{ws.StatusMessageTooBig, fmt.Errorf("message exceeds %d bytes", c.limit)}
	}
	return nil
}

// frame takes one whole frame.
func (c *Conn) frame(h ws.Header, payload []byte) error {
	p := &c.parser
	switch {
	case h.OpCode.IsControl():
		return c.control(h.OpCode, payload)
	case h.OpCode != ws.OpContinuation && h.Fin:
		return c.whole(payload, h.OpCode == ws.OpBinary, h.Rsv != 0)
	case h.OpCode != ws.OpContinuation:
		p.fragmented, p.binary, p.compressed = true, h.OpCode == ws.OpBinary, h.Rsv != 0
	}
	kept := p.keep()
	kept.message = append(kept.message, payload...)
	if !h.Fin {
		c.count(0) // the bytes count with the message
		return nil
	}
	message, compressed := kept.message, p.compressed
	kept.message, p.fragmented, p.compressed = nil, false, false
	return c.whole(message, p.binary, compressed)
}

// deliver pushes the packet of one message.
func (c *Conn) deliver(message []byte, binary bool) error {
	if !binary && !utf8.Valid(message) {
		return &violation{ws.StatusInvalidFramePayloadData, errors.New("text message is not UTF-8")}
	}
	packet, err := c.format.Decode(message, binary)
	if err != nil {
		return &violation{ws.StatusNoStatusRcvd, err}
	}
	if packet.Type == transport.Close {
		return &farewell{ws.StatusNoStatusRcvd}
	}
	c.receiver.Receive(c, packet)
	return nil
}

// control answers a ping and ends with a close frame; a pong asks for nothing.
func (c *Conn) control(op ws.OpCode, payload []byte) error {
	c.count(len(payload))
	switch op {
	case ws.OpPing:
		c.answer(payload)
	case ws.OpClose:
		return parseClose(payload)
	}
	return nil
}

// count makes a frame known that is no packet, to a receiver that bounds those.
func (c *Conn) count(bytes int) {
	if r, ok := c.receiver.(interface{ Count(transport.Conn, int) }); ok {
		r.Count(c, bytes)
	}
}

// parseClose reads the payload of a close frame (RFC 6455, section 7.4).
func parseClose(payload []byte) error {
	if len(payload) == 0 {
		return &farewell{ws.StatusNoStatusRcvd}
	}
	code, reason := ws.ParseCloseFrameData(payload)
	err := ws.CheckCloseFrameData(code, reason)
	switch {
	case len(payload) == 1 || code > 4999:
		return &violation{ws.StatusProtocolError, errors.New("malformed close frame")}
	case errors.Is(err, ws.ErrProtocolInvalidUTF8):
		return &violation{ws.StatusInvalidFramePayloadData, err}
	case err != nil:
		return &violation{ws.StatusProtocolError, err}
	}
	return &farewell{code}
}

// closeFrame returns a close frame, without a status for
// [ws.StatusNoStatusRcvd].
func closeFrame(code ws.StatusCode) []byte {
	var body []byte
	if code != ws.StatusNoStatusRcvd {
		body = ws.NewCloseFrameBody(code, "")
	}
	return compile(ws.NewCloseFrame(body))
}

func compile(f ws.Frame) []byte {
	b := bytes.NewBuffer(make([]byte, 0, ws.HeaderSize(f.Header)+len(f.Payload)))
	_ = ws.WriteFrame(b, f) // a buffer takes everything
	return b.Bytes()
}
