package protocol

import (
	"fmt"
	"strconv"
)

// placeholder is where an attachment stands in a JSON text.
type placeholder struct{ start, end, num int }

func appendPlaceholder(dst []byte, num int) []byte {
	dst = append(dst, `{"_placeholder":true,"num":`...)
	dst = strconv.AppendInt(dst, int64(num), 10)
	return append(dst, '}')
}

// checkPlaceholders checks the placeholders of a JSON text, as
// [appendPlaceholders] does.
func checkPlaceholders(text []byte, low, high int) error {
	var found [16]placeholder
	_, err := appendPlaceholders(found[:0], text, low, high)
	return err
}

// appendPlaceholders appends the placeholders of a JSON text in their order, all
// numbered from low up to but not including high.
//
// The JavaScript decoder takes every object whose _placeholder is true for one.
// So does this, but refuses what no encoder writes: other members beside the
// number, a number that is not a plain index, and a number named twice. Naming
// one twice would let a small packet unfold into a huge one.
//
// Socket.IO protocol v5, packet encoding, examples with binary data.
func appendPlaceholders(found []placeholder, text []byte, low, high int) ([]placeholder, error) {
	var few [16]bool
	seen := few[:]
	if high-low > len(few) {
		seen = make([]bool, high-low)
	}
	for i := 0; i < len(text); {
		switch text[i] {
		case '{':
			end, num, ok := matchPlaceholder(text, i)
			if !ok {
				i++
				continue
			}
			if num < low || num >= high {
				return nil, fmt.Errorf("%w: number out of range", ErrAttachments)
			}
			if seen[num-low] {
				return nil, fmt.Errorf("%w: %d is named twice", ErrAttachments, num)
			}
			seen[num-low] = true
			found = append(found, placeholder{i, end, num})
			i = end
		case '"':
			end, _ := scanString(text, i)
			// A well-formed one was skipped as a whole, above.
			if claims(text, end) && keyIs(text[i:end], "_placeholder") {
				return nil, fmt.Errorf("%w: malformed placeholder", ErrAttachments)
			}
			i = end
		default:
			i++
		}
	}
	return found, nil
}

// claims reports whether what follows a key at i is the value true.
func claims(text []byte, i int) bool {
	i = space(text, i)
	if i >= len(text) || text[i] != ':' {
		return false
	}
	_, ok := scanLiteral(text, space(text, i+1), "true")
	return ok
}

// matchPlaceholder reads the object that begins at i if it has exactly the two
// members of a placeholder, in any order.
func matchPlaceholder(text []byte, i int) (end, num int, ok bool) {
	var marked, numbered bool
	for _, after := range []byte(",}") {
		start := space(text, i+1) // after the brace or the comma
		colon, ok := scanKey(text, start)
		if !ok {
			return 0, 0, false
		}
		key, _ := scanString(text, start)
		switch name := text[start:key]; {
		case keyIs(name, "_placeholder"):
			i, marked = scanLiteral(text, colon, "true")
		case keyIs(name, "num"):
			i, num, numbered = scanIndex(text, colon)
		default:
			return 0, 0, false
		}
		i = space(text, i)
		if i >= len(text) || text[i] != after {
			return 0, 0, false
		}
	}
	return i + 1, num, marked && numbered
}

// scanIndex reads a number that can be an index: digits, and not too many.
func scanIndex(text []byte, i int) (end, num int, ok bool) {
	end, ok = scanNumber(text, i)
	if !ok {
		return i, 0, false
	}
	num, err := strconv.Atoi(string(text[i:end]))
	return end, num, err == nil && text[i] != '-'
}

// keyIs reports whether token, a JSON string with its quotes, means name, which
// consists of letters and underscores. Escapes are looked through, as a peer's
// JSON parser does; those of such characters begin with \u.
func keyIs(token []byte, name string) bool {
	i, end := 1, len(token)-1
	for ; i < end && name != ""; name = name[1:] {
		c := uint64(token[i])
		i++
		if c == '\\' {
			if end-i < 5 || token[i] != 'u' {
				return false
			}
			c, _ = strconv.ParseUint(string(token[i+1:i+5]), 16, 16)
			i += 5
		}
		if c != uint64(name[0]) {
			return false
		}
	}
	return i == end && name == ""
}
