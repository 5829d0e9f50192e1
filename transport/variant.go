package transport

import (
	"encoding/base64"
	"sync"
)

// variant is a form of a binary message that only some peers want.
type variant int

const (
	base64V4 variant = iota // text: b, base64; also on polling
	base64V3                // text: b, type digit, base64
	binaryV3                // type byte, the bytes
)

// binary is the form of a binary message in a WebSocket frame, of a format that
// has another than [Frame.WebSocket].
func (f Format) binary() variant {
	switch {
	case f.Revision != V3:
		return base64V4
	case f.Base64:
		return base64V3
	default:
		return binaryV3
	}
}

// variants has one frame for each variant that has been asked for.
type variants [binaryV3 + 1]struct {
	once  sync.Once
	frame *Frame
}

// variant returns a binary frame in another form, which is made when it is
// first asked for, and shared like the frame itself.
func (f *Frame) variant(v variant) *Frame {
	all := f.variants.Load()
	if all == nil {
		all = new(variants)
		if !f.variants.CompareAndSwap(nil, all) {
			all = f.variants.Load()
		}
	}
	one := &all[v]
	one.once.Do(func() { one.frame = f.newVariant(v) })
	return one.frame
}

func (f *Frame) newVariant(v variant) *Frame {
	data := f.Payload()
	if v == binaryV3 {
		one := &Frame{buf: make([]byte, headroom+1, headroom+1+len(data)), binary: true, plain: f.plain}
		one.buf[headroom] = byte(Message)
		one.buf = append(one.buf, data...)
		one.header(0x82)
		return one
	}
	const digit = '0' + byte(Message)
	built := make([]byte, headroom, headroom+2+base64.StdEncoding.EncodedLen(len(data)))
	built = append(built, 'b')
	if v == base64V3 {
		built = append(built, digit)
	}
	one := new(Frame).End(base64.StdEncoding.AppendEncode(built, data))
	one.plain = f.plain
	return one
}
