// Package frame reads and writes WebSocket frames by hand (RFC 6455, section 5),
// for the two ends of a measurement that must cost next to nothing.
package frame

import (
	"encoding/binary"
	"errors"
)

// The opcodes (section 5.2).
const (
	Continuation byte = 0
	Text         byte = 1
	Binary       byte = 2
	Close        byte = 8
	Ping         byte = 9
	Pong         byte = 10
)

// ErrTooLarge is returned for a frame whose length no buffer here can hold.
var ErrTooLarge = errors.New("websocket frame too large")

// MaxLength is the largest payload that is read, in bytes.
const MaxLength = 1 << 20

// Header is what a frame begins with.
type Header struct {
	Final  bool
	Opcode byte
	Masked bool
	Key    [4]byte
	Size   int // bytes of the header itself
	Length int // bytes of the payload
}

// Parse reads the header that b begins with, false if it is not complete.
func Parse(b []byte) (h Header, ok bool, err error) {
	if len(b) < 2 {
		return h, false, nil
	}
	h = Header{Final: b[0]&0x80 != 0, Opcode: b[0] & 0x0f, Masked: b[1]&0x80 != 0, Size: 2, Length: int(b[1] & 0x7f)}
	switch h.Length {
	case 126:
		if len(b) < 4 {
			return h, false, nil
		}
		h.Size, h.Length = 4, int(binary.BigEndian.Uint16(b[2:]))
	case 127:
		if len(b) < 10 {
			return h, false, nil
		}
		length := binary.BigEndian.Uint64(b[2:])
		if length > MaxLength {
			return h, false, ErrTooLarge
		}
		h.Size, h.Length = 10, int(length)
	}
	if h.Masked {
		if len(b) < h.Size+4 {
			return h, false, nil
		}
		copy(h.Key[:], b[h.Size:])
		h.Size += 4
	}

	return h, true, nil
}

// key masks what a client sends. One key will do here: it is there to protect
// proxies from browsers.
var key = [4]byte{0x5a, 0xc3, 0x96, 0x0f}

// Append appends the frame of a server: a final one, without mask.
func Append(dst []byte, opcode byte, payload []byte) []byte {
	return append(appendHeader(dst, opcode, 0, len(payload)), payload...)
}

// AppendMasked appends the frame of a client: a final one, masked.
func AppendMasked(dst []byte, opcode byte, payload []byte) []byte {
	dst = append(appendHeader(dst, opcode, 0x80, len(payload)), key[:]...)
	start := len(dst)
	dst = append(dst, payload...)
	Mask(dst[start:], key)

	return dst
}

func appendHeader(dst []byte, opcode, mask byte, length int) []byte {
	dst = append(dst, 0x80|opcode)
	switch {
	case length < 126:
		return append(dst, mask|byte(length))
	case length <= 0xffff:
		return binary.BigEndian.AppendUint16(append(dst, mask|126), uint16(length))
	default:
		return binary.BigEndian.AppendUint64(append(dst, mask|127), uint64(length))
	}
}

// Mask masks b, or unmasks it (section 5.3).
func Mask(b []byte, key [4]byte) {
	word := uint64(binary.LittleEndian.Uint32(key[:]))
	word |= word << 32
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^word)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= key[i&3]
	}
}
