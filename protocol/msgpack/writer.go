package msgpack

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"

	"github.com/briohq/brio/protocol"
)

// writer turns JSON and attachments into a MessagePack value. Its methods read data,
// which is valid JSON, from i on, where what they are named for begins, and return
// where it ends.
type writer struct {
	out         []byte
	data        []byte
	attachments [][]byte
	named       []bool // attachments that are in out
	unescaped   []byte // scratch
}

func (w *writer) value(i int) (end int, err error) {
	switch w.data[i] {
	case '{':
		return w.object(i)
	case '[':
		return w.array(i)
	case '"':
		return w.string(i), nil
	case 'n':
		w.out = msgp.AppendNil(w.out)
		return i + len("null"), nil
	case 't':
		w.out = msgp.AppendBool(w.out, true)
		return i + len("true"), nil
	case 'f':
		w.out = msgp.AppendBool(w.out, false)
		return i + len("false"), nil
	}
	return w.number(i), nil
}

// array writes an array. The length comes first, but is known last: there is room
// for a short one, and a longer one makes room.
func (w *writer) array(i int) (end int, err error) {
	start, n := len(w.out), uint32(0)
	w.out = append(w.out, 0)
	for i = w.space(i + 1); w.data[i] != ']'; n++ {
		if i, err = w.value(i); err != nil {
			return i, err
		}
		i = w.comma(i)
	}
	var room [5]byte
	w.header(start, msgp.AppendArrayHeader(room[:0], n))
	return i + 1, nil
}

// object writes an object as a map, or as the attachment it stands for.
func (w *writer) object(i int) (end int, err error) {
	start, n := len(w.out), uint32(0)
	w.out = append(w.out, 0)
	var claimed bool
	var num []byte
	for i = w.space(i + 1); w.data[i] != '}'; n++ {
		before := len(w.out)
		i = w.space(w.string(i)) // the colon
		key := w.out[before:]
		marker, number := string(key) == "\xac_placeholder", string(key) == "\xa3num"

		from := w.space(i + 1)
		if i, err = w.value(from); err != nil {
			return i, err
		}
		claimed = claimed || marker && w.data[from] == 't'
		if number {
			num = w.data[from:i]
		}
		i = w.comma(i)
	}
	if claimed && len(w.attachments) > 0 {
		w.out = w.out[:start]
		return i + 1, w.attachment(n, num)
	}
	var room [5]byte
	w.header(start, msgp.AppendMapHeader(room[:0], n))
	return i + 1, nil
}

// attachment writes the attachment of a placeholder with n members. The rules are
// those of the text codec, which refuses what no encoder writes.
func (w *writer) attachment(n uint32, num []byte) error {
	index, err := strconv.ParseUint(string(num), 10, 32)
	switch {
	case n != 2 || err != nil:
		return fmt.Errorf("%w: malformed placeholder", protocol.ErrAttachments)
	case index >= uint64(len(w.attachments)):
		return fmt.Errorf("%w: number out of range", protocol.ErrAttachments)
	case w.named[index]:
		return fmt.Errorf("%w: %d is named twice", protocol.ErrAttachments, index)
	}
	w.named[index] = true
	w.out = msgp.AppendBytes(w.out, w.attachments[index])
	return nil
}

// header puts a header at start, where there is room for one byte.
func (w *writer) header(start int, header []byte) {
	w.out[start] = header[0]
	w.out = slices.Insert(w.out, start+1, header[1:]...)
}

func (w *writer) string(i int) (end int) {
	escaped := false
	for end = i + 1; w.data[end] != '"'; end++ {
		if w.data[end] == '\\' {
			escaped = true
			end++
		}
	}
	text := w.data[i+1 : end]
	if escaped {
		w.unescaped = appendUnescaped(w.unescaped[:0], text)
		text = w.unescaped
	}
	w.out = msgp.AppendStringFromBytes(w.out, text)
	return end + 1
}

// appendUnescaped appends what the inside of a JSON string means.
func appendUnescaped(dst, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:i]...)
		c := text[i+1]
		text = text[i+2:]
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r := unit(text)
			text = text[4:]
			if utf16.IsSurrogate(r) && bytes.HasPrefix(text, []byte(`\u`)) {
				if pair := utf16.DecodeRune(r, unit(text[2:])); pair != utf8.RuneError {
					r, text = pair, text[6:]
				}
			}
			dst = utf8.AppendRune(dst, r) // U+FFFD for half a pair
			continue
		}
		dst = append(dst, c)
	}
}

// unit returns the UTF-16 code unit that four hexadecimal digits are.
func unit(text []byte) rune {
	u, _ := strconv.ParseUint(string(text[:4]), 16, 16)
	return rune(u)
}

func (w *writer) number(i int) (end int) {
	integral := true
	for end = i; end < len(w.data) && isNumeric(w.data[end]); end++ {
		c := w.data[end]
		integral = integral && c != '.' && c|0x20 != 'e'
	}
	text := string(w.data[i:end])
	if integral && text[0] == '-' {
		if v, err := strconv.ParseInt(text, 10, 64); err == nil {
			w.out = msgp.AppendInt64(w.out, v)
			return end
		}
	} else if integral {
		if v, err := strconv.ParseUint(text, 10, 64); err == nil {
			w.out = msgp.AppendUint64(w.out, v)
			return end
		}
	}
	// The error is of a number out of range, for which v is an infinity, as it is
	// to JSON.parse.
	v, _ := strconv.ParseFloat(text, 64)
	w.out = msgp.AppendFloat64(w.out, v)
	return end
}

func isNumeric(c byte) bool {
	return c-'0' <= 9 || c == '-' || c == '+' || c == '.' || c|0x20 == 'e'
}

// comma returns where, from the end of an element on, the next one begins or the
// closing bracket stands.
func (w *writer) comma(i int) int {
	i = w.space(i)
	if w.data[i] == ',' {
		i = w.space(i + 1)
	}
	return i
}

// space returns where the white space that begins at i ends.
func (w *writer) space(i int) int {
	for i < len(w.data) && w.data[i] <= ' ' {
		i++
	}
	return i
}
