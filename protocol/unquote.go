package protocol

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// unquoteString returns the value of a JSON string that was checked.
func unquoteString(token []byte) string {
	if bytes.IndexByte(token, '\\') < 0 && utf8.Valid(token) {
		return string(token[1 : len(token)-1])
	}
	var short [128]byte
	return string(appendUnquoted(short[:0], token))
}

// appendUnquoted appends the value of a JSON string that was checked. As in
// encoding/json, each byte that is not UTF-8, and each half of a surrogate pair on
// its own, becomes U+FFFD.
func appendUnquoted(dst, token []byte) []byte {
	for text := token[1 : len(token)-1]; len(text) > 0; {
		if n := bytes.IndexByte(text, '\\'); n != 0 {
			if n < 0 {
				n = len(text)
			}
			dst = appendValid(dst, text[:n])
			text = text[n:]
			continue
		}
		c := text[1]
		text = text[2:]
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
			r := hexRune(text)
			text = text[4:]
			if utf16.IsSurrogate(r) {
				low := utf8.RuneError
				if len(text) >= 6 && text[0] == '\\' && text[1] == 'u' {
					low = hexRune(text[2:])
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					text = text[6:]
				}
			}
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

// hexRune returns the value of the four digits of an escape.
func hexRune(text []byte) rune {
	n, _ := strconv.ParseUint(string(text[:4]), 16, 16) // they were checked
	return rune(n)
}

// appendValid appends text, with U+FFFD for each byte that is not UTF-8.
func appendValid(dst, text []byte) []byte {
	if utf8.Valid(text) {
		return append(dst, text...)
	}
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		dst = utf8.AppendRune(dst, r)
		text = text[n:]
	}
	return dst
}
