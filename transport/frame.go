package transport

import (
	"encoding/binary"
	"sync/atomic"
)

// headroom is what the longest header of a WebSocket frame from a server takes
// (RFC 6455, section 5.2): two bytes and a length of eight.
const headroom = 10

// Frame is one outgoing packet in the form its transport writes. It is encoded
// once, immutable from then on, and shared by every outbox in which it waits.
//
// The forms share one buffer: a text packet on a polling transport is its type
// digit and payload, and a WebSocket frame is the same behind a header, for
// which the buffer leaves room. Every other form, such as base64 or what is
// compressed, is made when it is first asked for.
type Frame struct {
	buf []byte // headroom, type digit unless binary, payload

	variants   atomic.Pointer[variants]
	compressed atomic.Pointer[compressed] // see Compressed
	units      atomic.Uint32              // of UTF-16 in text, 0 until they are counted
	start      uint8                      // where the WebSocket frame begins in buf
	binary     bool
	plain      bool // see NoCompression

	alone [1]*Frame // the frame itself, see Alone
}

// small is a frame with room for its bytes, which most have: one piece of memory
// instead of three.
type small struct {
	frame Frame
	room  [136]byte
}

// Begin returns a frame of a text packet that is yet to be built, and a buffer to
// append its payload of about size bytes to: [Frame.End] takes the result.
func Begin(t Type, size int) (f *Frame, buf []byte) {
	if n := headroom + 1 + size; n <= len(small{}.room) {
		s := new(small)
		f, buf = &s.frame, s.room[:headroom+1]
	} else {
		f, buf = new(Frame), make([]byte, headroom+1, n)
	}
	buf[headroom] = '0' + byte(t)
	return f, buf
}

// End makes the frame that of a text packet built on the buffer from [Begin],
// which it takes over.
func (f *Frame) End(built []byte) *Frame {
	f.buf = built
	f.header(0x81)
	return f
}

// NewText returns the frame of a text packet.
func NewText(t Type, payload string) *Frame {
	f, buf := Begin(t, len(payload))
	return f.End(append(buf, payload...))
}

// Alone returns a slice of the frame only, which must not be modified.
func (f *Frame) Alone() []*Frame { return f.alone[:] }

// NewBinary returns the frame of a binary message. It copies data.
func NewBinary(data []byte) *Frame {
	f := &Frame{buf: make([]byte, headroom+len(data)), binary: true}
	copy(f.buf[headroom:], data)
	f.header(0x82)
	return f
}

// header writes the WebSocket header in front of the payload: a final frame of
// the given first byte, unmasked.
func (f *Frame) header(first byte) {
	switch n := len(f.buf) - headroom; {
	case n < 126:
		f.start = headroom - 2
		f.buf[f.start+1] = byte(n)
	case n < 1<<16:
		f.start = headroom - 4
		f.buf[f.start+1] = 126
		binary.BigEndian.PutUint16(f.buf[f.start+2:], uint16(n))
	default:
		f.start = headroom - 10
		f.buf[f.start+1] = 127
		binary.BigEndian.PutUint64(f.buf[f.start+2:], uint64(n))
	}
	f.buf[f.start] = first
	f.alone[0] = f
}

// WebSocket returns the frame as RFC 6455 has it, in the form of [V4]; see
// [Format.Frames] for others. It must not be written to.
func (f *Frame) WebSocket() []byte { return f.buf[f.start:] }

// WebTransport returns the frame as it is on a stream, its first byte and the
// rest, which must not be written to (Engine.IO protocol v4, "WebTransport").
// The header there is that of a WebSocket without its first byte: the second
// has the length, and in its highest bit whether the packet is binary. A binary
// packet without data, for which there is no frame, goes as base64.
func (f *Frame) WebTransport() (first byte, rest []byte) {
	b := f.buf[f.start+1:]
	switch {
	case f.binary && len(b) == 1:
		return 1, f.Polling()
	case f.binary:
		return b[0] | 0x80, b[1:]
	}
	return b[0], b[1:]
}

// Polling returns the frame as a member of a polling payload of [V4]. It must
// not be written to.
func (f *Frame) Polling() []byte {
	if !f.binary {
		return f.Payload()
	}
	return f.variant(base64V4).Payload()
}

// Length is the length of the packet in bytes, see [Packet.Size].
func (f *Frame) Length() int { return len(f.buf) - headroom }

// overhead is what a frame takes beside what is sent, at most: itself, room that it
// does not need, and its place in a queue.
const overhead = 192

// Size is how many bytes of memory the frame takes at most, for the bounds of a
// queue: of a small one that is several times what is sent. Forms that are made later
// don't count.
func (f *Frame) Size() int { return overhead + len(f.buf) }
