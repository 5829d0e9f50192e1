package transport

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// maxDigits is how many digits the length of a member may have. More than a
// body can be long are refused anyhow; this is for zeros in front.
const maxDigits = 10

// appendPayload3 writes a payload of revision 3 (Engine.IO protocol v3,
// "Payload"): as text, or in binary if a message is, and the peer can take that.
func (f Format) appendPayload3(dst []byte, frames []*Frame) ([]byte, bool) {
	binary := false
	for _, one := range frames {
		binary = binary || one.binary && !f.Base64
	}
	for _, one := range frames {
		switch {
		case binary && one.binary:
			dst = appendBinaryMember(dst, 1, one.variant(binaryV3).Payload())
		case binary:
			dst = appendBinaryMember(dst, 0, one.Payload())
		case one.binary:
			dst = one.variant(base64V3).appendTextMember(dst)
		default:
			dst = one.appendTextMember(dst)
		}
	}
	return dst, binary
}

// appendTextMember writes a member whose length counts as JavaScript does, in
// UTF-16 code units.
func (f *Frame) appendTextMember(dst []byte) []byte {
	units := f.units.Load()
	if units == 0 { // not counted yet: no text is empty
		units = uint32(countUTF16(f.Payload()))
		f.units.Store(units)
	}
	dst = strconv.AppendUint(dst, uint64(units), 10)
	dst = append(dst, ':')
	return append(dst, f.Payload()...)
}

// appendBinaryMember writes a member whose length, in bytes, is written as one
// byte for each digit: 0 to 9, not ASCII.
func appendBinaryMember(dst []byte, kind byte, content []byte) []byte {
	dst = append(dst, kind)
	start := len(dst)
	dst = strconv.AppendInt(dst, int64(len(content)), 10)
	for i := start; i < len(dst); i++ {
		dst[i] -= '0'
	}
	dst = append(dst, 0xff)
	return append(dst, content...)
}

// decode3 reads the packet of one WebSocket message, or of one member of a
// payload (Engine.IO protocol v3, "Packet"). It differs from [Decode] in
// that binary has its type, which can only be that of a message.
func decode3(b []byte, binary bool) (Packet, error) {
	const digit = '0' + byte(Message)
	switch {
	case binary && (len(b) == 0 || b[0] != byte(Message)):
		return Packet{}, fmt.Errorf("%w: binary packet is no message", ErrParse)
	case binary:
		return Packet{Type: Message, Binary: true, Data: b[1:]}, nil
	case len(b) > 0 && b[0] == 'b':
		if len(b) == 1 || b[1] != digit {
			return Packet{}, fmt.Errorf("%w: binary packet is no message", ErrParse)
		}
		return decodeBase64(b[2:])
	default:
		return Decode(b, false)
	}
}

// decodePayload3 is [DecodePayload] for revision 3. Members without any content
// are skipped.
func decodePayload3(body []byte, binary bool, receive func(Packet) bool) error {
	next := cutTextMember
	switch {
	case len(body) == 0:
		return fmt.Errorf("%w: empty payload", ErrParse)
	case binary:
		next = cutBinaryMember
	case !utf8.Valid(body):
		return fmt.Errorf("%w: payload is not UTF-8", ErrParse)
	}
	for len(body) > 0 {
		one, rest, err := next(body)
		if err != nil {
			return err
		}
		body = rest
		if len(one.content) == 0 {
			continue
		}
		p, err := decode3(one.content, one.binary)
		if err != nil {
			return err
		}
		if !receive(p) {
			return nil
		}
	}
	return nil
}

// member is one member of a payload.
type member struct {
	content []byte
	binary  bool
}

// cutTextMember cuts the first member off a text payload, which is UTF-8.
func cutTextMember(body []byte) (m member, rest []byte, err error) {
	n, rest, err := cutLength(body, '0', ':')
	if err != nil {
		return m, nil, err
	}
	end, ok := indexUTF16(rest, n)
	if !ok {
		return m, nil, fmt.Errorf("%w: member ends before its length", ErrParse)
	}
	return member{content: rest[:end]}, rest[end:], nil
}

// cutBinaryMember cuts the first member off a binary payload.
func cutBinaryMember(body []byte) (m member, rest []byte, err error) {
	kind := body[0]
	if kind > 1 {
		return m, nil, fmt.Errorf("%w: unknown kind of member %d", ErrParse, kind)
	}
	n, rest, err := cutLength(body[1:], 0, 0xff)
	if err != nil {
		return m, nil, err
	}
	m, rest = member{content: rest[:n], binary: kind == 1}, rest[n:]
	if !m.binary {
		m.content, err = scalars(m.content)
	}
	return m, rest, err
}

// cutLength reads the length in front of a member, which is no longer than what
// follows: digits from zero on, and an end.
func cutLength(b []byte, zero, end byte) (n int, rest []byte, err error) {
	for i, c := range b {
		if c == end && i > 0 {
			rest = b[i+1:]
			if n > len(rest) {
				break
			}
			return n, rest, nil
		}
		digit := c - zero // wraps around if it is none
		if digit > 9 || i == maxDigits {
			break
		}
		n = 10*n + int(digit)
		if n > len(b) {
			break
		}
	}
	return 0, nil, fmt.Errorf("%w: length of a member", ErrParse)
}

// countUTF16 returns the length of UTF-8 text in UTF-16 code units.
func countUTF16(b []byte) int {
	n := 0
	for _, c := range b {
		if c&0xc0 != 0x80 { // not a continuation
			n++
		}
		if c >= 0xf0 { // the first of four bytes: a surrogate pair
			n++
		}
	}
	return n
}

// indexUTF16 returns where in UTF-8 text n UTF-16 code units have passed. There
// is no such place if it has fewer, or in the middle of a surrogate pair.
func indexUTF16(b []byte, n int) (int, bool) {
	i := 0
	for n > 0 && i < len(b) {
		switch c := b[i]; {
		case c < 0x80:
			i++
		case c < 0xe0:
			i += 2
		case c < 0xf0:
			i += 3
		default:
			i += 4
			n--
		}
		n--
	}
	return i, n == 0
}

// scalars returns text of a binary payload as UTF-8. Old clients encode a lone
// surrogate as if it were a character; it becomes U+FFFD, as everywhere else.
func scalars(b []byte) ([]byte, error) {
	if utf8.Valid(b) {
		return b, nil
	}
	own := bytes.Clone(b)
	for i := 0; i+2 < len(own); i++ {
		if own[i] == 0xed && own[i+1] >= 0xa0 && own[i+1] <= 0xbf && own[i+2]&0xc0 == 0x80 {
			copy(own[i:], string(utf8.RuneError))
		}
	}
	if !utf8.Valid(own) {
		return nil, fmt.Errorf("%w: text is not UTF-8", ErrParse)
	}
	return own, nil
}
