package protocol

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"unicode/utf8"
)

// Scan decodes argument i into the variable dest[i] points to. Arguments beyond
// the destinations are ignored; destinations beyond the arguments are left as
// they are. The first argument that cannot be decoded ends it with a *[ScanError];
// the destinations before that one are set.
//
// It decodes as encoding/json does, and attachments in this way:
//
//   - *[]byte, *[Binary]: an argument that is an attachment gives the attachment
//     itself, shared and not to be modified. Text in base64 is decoded.
//   - *any, *map[string]any, *[]any: an attachment anywhere in the argument
//     becomes a []byte.
//   - *json.RawMessage: the JSON text as it came, placeholders included. It
//     aliases the packet.
//   - anything else: an attachment fills the []byte or [Binary] it stands for,
//     wherever in a struct. A field of type any gets it as a string in base64.
func (a Args) Scan(dest ...any) error {
	rest := a.text
	for i, d := range dest {
		element, after, ok := next(rest)
		if !ok {
			return nil
		}
		if err := a.decode(element, d); err != nil {
			return &ScanError{i, err}
		}
		rest = after
	}
	return nil
}

// decode decodes one argument. A nil pointer is left to encoding/json, which has
// an error for it.
func (a Args) decode(text []byte, dest any) error {
	switch d := dest.(type) {
	case *string:
		if s, ok := plainString(text); ok && d != nil {
			*d = s
			return nil
		}
	case *json.RawMessage:
		if d != nil {
			*d = text
			return nil
		}
	}
	if len(a.attachments) == 0 {
		return json.Unmarshal(text, dest)
	}
	switch d := dest.(type) {
	case *[]byte:
		if b, ok := a.attachment(text); ok && d != nil {
			*d = b
			return nil
		}
	case *Binary:
		if b, ok := a.attachment(text); ok && d != nil {
			*d = b
			return nil
		}
	case *any:
		if d != nil {
			return a.tree(text, d)
		}
	case *map[string]any:
		if v, ok := treeOf[map[string]any](a, text); ok && d != nil {
			*d = v
			return nil
		}
	case *[]any:
		if v, ok := treeOf[[]any](a, text); ok && d != nil {
			*d = v
			return nil
		}
	}
	text, err := a.inline(text)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, dest)
}

// plainString returns the value of a JSON string without escapes.
func plainString(text []byte) (string, bool) {
	n := len(text)
	if n < 2 || text[0] != '"' || bytes.IndexByte(text, '\\') >= 0 || !utf8.Valid(text) {
		return "", false
	}
	return string(text[1 : n-1]), true
}

// attachment returns the attachment text is a placeholder of.
func (a Args) attachment(text []byte) ([]byte, bool) {
	if text[0] != '{' {
		return nil, false
	}
	end, num, ok := matchPlaceholder(text, 0)
	if !ok || end != len(text) || num >= len(a.attachments) {
		return nil, false
	}
	return a.attachments[num], true
}

// inline returns text with its attachments in place of their placeholders, as
// strings in base64: what encoding/json fills a []byte from.
func (a Args) inline(text []byte) ([]byte, error) {
	found, err := appendPlaceholders(nil, text, 0, len(a.attachments))
	if err != nil || len(found) == 0 {
		return text, err
	}
	size := len(text)
	for _, p := range found {
		size += base64.StdEncoding.EncodedLen(len(a.attachments[p.num]))
	}
	out, last := make([]byte, 0, size), 0
	for _, p := range found {
		out = append(out, text[last:p.start]...)
		out = append(out, '"')
		out = base64.StdEncoding.AppendEncode(out, a.attachments[p.num])
		out = append(out, '"')
		last = p.end
	}
	return append(out, text[last:]...), nil
}

// tree decodes text into *dest, with its attachments in place of their
// placeholders.
func (a Args) tree(text []byte, dest *any) error {
	// Decoded apart: encoding/json would fill what *dest points to.
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	*dest = a.attach(v)
	return nil
}

// treeOf decodes text into a tree whose root is a T. If it is not, encoding/json
// has the error for it.
func treeOf[T any](a Args, text []byte) (v T, ok bool) {
	var root any
	if a.tree(text, &root) != nil {
		return v, false
	}
	v, ok = root.(T)
	return v, ok
}

// attach returns v, a tree as encoding/json makes it, with its attachments in
// place of their placeholders.
func (a Args) attach(v any) any {
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			v[i] = a.attach(e)
		}
	case map[string]any:
		num, ok := v["num"].(float64)
		if ok && v["_placeholder"] == true && num >= 0 && num < float64(len(a.attachments)) {
			return a.attachments[int(num)]
		}
		for k, e := range v {
			v[k] = a.attach(e)
		}
	}
	return v
}
