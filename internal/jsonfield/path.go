package jsonfield

import (
	"strconv"
	"unicode/utf8"
)

// The bounds of a path, in bytes: a peer chooses the names that stand in it.
const (
	maxName = 64
	maxPath = 256
)

// AppendName appends a member to a path: items.price, or labels["in stock"] for a
// name that is no word. Long ones are cut.
func AppendName(path []byte, name string) []byte {
	short := Cut(name, maxName)
	if !word(short) {
		path = append(path, '[')
		path = strconv.AppendQuote(path, short)
		return append(path, ']')
	}
	if len(path) > 0 {
		path = append(path, '.')
	}
	return append(path, short...)
}

// AppendIndex appends an element of an array to a path: items[2].
func AppendIndex(path []byte, i int) []byte {
	path = append(path, '[')
	path = strconv.AppendInt(path, int64(i), 10)
	return append(path, ']')
}

// Join returns the path of a value inside of one at path, as text.
func Join(path []byte, inner string) string {
	if inner != "" {
		path = path[:len(path):len(path)]
		if len(path) > 0 && inner[0] != '[' {
			path = append(path, '.')
		}
		path = append(path, inner...)
	}
	return Path(path)
}

// Path returns a path as text, cut if it is too long.
func Path(path []byte) string { return Cut(string(path[:min(len(path), 2*maxPath)]), maxPath) }

// Cut returns text with an ellipsis for what is beyond so many bytes, in valid UTF-8.
func Cut(text string, most int) string {
	const ellipsis = "…"
	if len(text) <= most {
		return text
	}
	most -= len(ellipsis)
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + ellipsis
}

func word(name string) bool {
	for _, c := range []byte(name) {
		if c != '_' && c != '-' && c != '$' && c < utf8.RuneSelf && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return name != "" && utf8.ValidString(name)
}
