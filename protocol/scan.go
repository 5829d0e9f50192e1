package protocol

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
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
func (a Args) Scan(dest ...any) error { return (*JSON)(nil).Scan(a, dest...) }

// Scan is [Args.Scan] with the library of j for what it decodes as encoding/json
// does. Strings, numbers and booleans that go into a *string, *int, *int64,
// *float64 or *bool are not left to it, and always as encoding/json has them.
func (j *JSON) Scan(args Args, dest ...any) error {
	rest := args.text
	for i, d := range dest {
		element, after, ok := next(rest)
		if !ok {
			return nil
		}
		if !scalar(element, d) {
			if err := args.decode(j, element, d); err != nil {
				return &ScanError{Index: i, Err: err}
			}
		}
		rest = after
	}
	return nil
}

// scalar decodes an argument that needs no library for its variable, and reports
// whether it was one. All that is an error to encoding/json is not, nor is null.
func scalar(text []byte, dest any) bool {
	switch d := dest.(type) {
	case *string:
		return text[0] == '"' && set(d, unquoteString(text))
	case *int:
		v, err := strconv.Atoi(string(text))
		return err == nil && set(d, v)
	case *int64:
		v, err := strconv.ParseInt(string(text), 10, 64)
		return err == nil && set(d, v)
	case *float64:
		if !isNumber(text[0]) {
			return false
		}
		v, err := strconv.ParseFloat(string(text), 64)
		return err == nil && set(d, v)
	case *bool:
		return (text[0] == 't' || text[0] == 'f') && set(d, text[0] == 't')
	case *json.RawMessage:
		return set(d, text)
	}
	return false
}

// set sets what dest points to, unless it is nil.
func set[T any](dest *T, v T) bool {
	if dest == nil {
		return false
	}
	*dest = v
	return true
}

// decode decodes one argument. A nil pointer is left to the library, which has an
// error for it.
func (a Args) decode(j *JSON, text []byte, dest any) error {
	if len(a.attachments) == 0 {
		return j.unmarshal(text, dest)
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
			return a.tree(j, text, d)
		}
	case *map[string]any:
		if v, ok := treeOf[map[string]any](a, j, text); ok && d != nil {
			*d = v
			return nil
		}
	case *[]any:
		if v, ok := treeOf[[]any](a, j, text); ok && d != nil {
			*d = v
			return nil
		}
	}
	text, err := a.inline(text)
	if err != nil {
		return err
	}
	return j.unmarshal(text, dest)
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
func (a Args) tree(j *JSON, text []byte, dest *any) error {
	// Decoded apart: the library would fill what *dest points to.
	var v any
	if err := j.unmarshal(text, &v); err != nil {
		return err
	}
	*dest = a.attach(v)
	return nil
}

// treeOf decodes text into a tree whose root is a T. If it is not, the library has
// the error for it.
func treeOf[T any](a Args, j *JSON, text []byte) (v T, ok bool) {
	var root any
	if a.tree(j, text, &root) != nil {
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
