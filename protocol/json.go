package protocol

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// maxDepth bounds nesting whatever the limits say: it is what nesting can hold.
const maxDepth = 1024

// nesting is the stack of the scanner: one bit for each open array (0) or object
// (1), so that no depth a peer chooses makes it grow.
type nesting struct {
	bits  [maxDepth / 64]uint64
	depth int
}

func (n *nesting) push(object uint64) {
	word, bit := n.depth/64%len(n.bits), n.depth%64
	n.bits[word] = n.bits[word]&^(1<<bit) | object<<bit
	n.depth++
}

func (n *nesting) inObject() bool {
	top := uint(n.depth - 1)
	return n.bits[top/64%uint(len(n.bits))]>>(top%64)&1 != 0
}

// fault is why the scanner stopped. It is no error, to keep the scanner free of
// what an error needs.
type fault byte

const (
	none fault = iota
	malformed
	tooDeep
)

// document checks that b is one JSON document (RFC 8259), no deeper than depth,
// and returns it without the white space around it.
func document(b []byte, depth int) ([]byte, error) {
	start := space(b, 0)
	end, fault := scanValue(b, start, depth)
	if fault == tooDeep {
		return nil, fmt.Errorf("%w: more than %d", ErrTooDeep, depth)
	}
	if fault == none {
		if space(b, end) == len(b) {
			return b[start:end:end], nil
		}
	}
	return nil, fmt.Errorf("%w: invalid JSON at byte %d of the payload", ErrSyntax, end)
}

// next splits text, elements of an array, after the first one. It reports false
// if there is none. The text was checked before; if not, it seems to end early.
func next(text []byte) (element, rest []byte, ok bool) {
	start := space(text, 0)
	end, fault := scanValue(text, start, maxDepth)
	if fault != none {
		return nil, nil, false
	}
	element = text[start:end:end]
	if i := space(text, end); i < len(text) && text[i] == ',' {
		rest = text[i+1:]
	}
	return element, rest, true
}

// scanValue checks the JSON value that begins at b[i], and returns where it ends
// or where it goes wrong. It looks at every byte once and does not allocate.
func scanValue(b []byte, i, limit int) (int, fault) {
	var open nesting
	for {
		if i >= len(b) {
			return i, malformed
		}
		ok := true
		switch c := b[i]; c {
		case '"':
			i, ok = scanString(b, i)
		case '{', '[':
			if open.depth >= limit {
				return i, tooDeep
			}
			i = space(b, i+1)
			if i < len(b) && b[i] == c+2 { // '}' or ']': it is empty
				i++
				break
			}
			open.push(uint64(c) >> 5 & 1)
			if c == '{' {
				i, ok = scanKey(b, i)
			}
			if ok {
				continue
			}
		case 't':
			i, ok = scanLiteral(b, i, "true")
		case 'f':
			i, ok = scanLiteral(b, i, "false")
		case 'n':
			i, ok = scanLiteral(b, i, "null")
		default:
			i, ok = scanNumber(b, i)
		}
		if !ok {
			return i, malformed
		}
		if i, ok = open.scanClose(b, i); !ok {
			return i, malformed
		}
		if open.depth == 0 {
			return i, none
		}
	}
}

// scanClose reads what may follow a value inside what is open: the ends of
// containers, then a comma, and the key after it in an object. It stops where
// the next value begins, or after the outermost container.
func (n *nesting) scanClose(b []byte, i int) (int, bool) {
	for n.depth > 0 {
		i = space(b, i)
		if i >= len(b) {
			return i, false
		}
		object, end := n.inObject(), byte(']')
		if object {
			end = '}'
		}
		switch b[i] {
		case end:
			n.depth--
			i++
		case ',':
			i = space(b, i+1)
			if object {
				return scanKey(b, i)
			}
			return i, true
		default:
			return i, false
		}
	}
	return i, true
}

// scanKey reads a key, its colon, and the white space around the colon.
func scanKey(b []byte, i int) (int, bool) {
	if i >= len(b) || b[i] != '"' {
		return i, false
	}
	i, ok := scanString(b, i)
	if !ok {
		return i, false
	}
	i = space(b, i)
	if i >= len(b) || b[i] != ':' {
		return i, false
	}
	return space(b, i+1), true
}

// scanString reads the string whose opening quote is b[i].
func scanString(b []byte, i int) (int, bool) {
	i++
	for {
		i = plain(b, i)
		if i >= len(b) {
			return i, false
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1, true
		case c != '\\':
			return i, false // a control character
		}
		i++
		if i >= len(b) {
			return i, false
		}
		switch b[i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			i++
		case 'u':
			for end := i + 4; i < end; {
				i++
				if i >= len(b) || !isHex(b[i]) {
					return i, false
				}
			}
			i++
		default:
			return i, false
		}
	}
}

// plain returns where, from i on, the first quote, backslash or control character
// stands. It compares eight bytes at a time: text is mostly strings.
func plain(b []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		quote, slash := x^ones*'"', x^ones*'\\'
		// A byte's high bit is set where the byte is zero, or less than 0x20. A
		// borrow can set it wrongly only above a right one; the lowest counts.
		hits := ((quote-ones)&^quote | (slash-ones)&^slash | (x-ones*0x20)&^x) & highs
		if hits != 0 {
			return i + bits.TrailingZeros64(hits)/8
		}
	}
	for i < len(b) && b[i] >= 0x20 && b[i] != '"' && b[i] != '\\' {
		i++
	}
	return i
}

// scanNumber reads -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?.
func scanNumber(b []byte, i int) (int, bool) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	start := i
	i = digits(b, i)
	if i == start || b[start] == '0' && i > start+1 {
		return i, false
	}
	if i < len(b) && b[i] == '.' {
		start = i + 1
		if i = digits(b, start); i == start {
			return i, false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		start = i
		if i = digits(b, start); i == start {
			return i, false
		}
	}
	return i, true
}

func scanLiteral(b []byte, i int, literal string) (int, bool) {
	if len(b)-i < len(literal) || string(b[i:i+len(literal)]) != literal {
		return i, false
	}
	return i + len(literal), true
}

// digits returns where the digits that begin at i end.
func digits(b []byte, i int) int {
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

// space returns where the white space that begins at i ends.
func space(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

func isNumber(c byte) bool { return c == '-' || c-'0' <= 9 }

func isHex(c byte) bool { return c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'f' }
