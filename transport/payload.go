package transport

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"unicode/utf8"
)

// separator stands between the packets of a polling payload (Engine.IO
// protocol v4, "HTTP long-polling").
const separator = 0x1e

// AppendPayload appends the polling payload of frames to dst.
func AppendPayload(dst []byte, frames []*Frame) []byte {
	for i, f := range frames {
		if i > 0 {
			dst = append(dst, separator)
		}
		dst = append(dst, f.Polling()...)
	}
	return dst
}

// DecodePayload calls receive with each packet of a polling payload, in order,
// and stops at the first that can't be read or for which receive returns
// false. The error is an [ErrParse].
func DecodePayload(body []byte, receive func(Packet) bool) error {
	if !utf8.Valid(body) {
		return fmt.Errorf("%w: payload is not UTF-8", ErrParse)
	}
	for more := true; more; {
		var member []byte
		member, body, more = bytes.Cut(body, []byte{separator})
		p, err := Decode(member, false)
		if err != nil {
			return err
		}
		if !receive(p) {
			return nil
		}
	}
	return nil
}

func decodeBase64(b []byte) (Packet, error) {
	data := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
	n, err := base64.StdEncoding.Decode(data, b)
	if err != nil {
		return Packet{}, fmt.Errorf("%w: binary packet: %w", ErrParse, err)
	}
	return Packet{Type: Message, Binary: true, Data: data[:n]}, nil
}
