package protocol

import (
	"encoding/json"
	"io"
	"reflect"
	"sync"
)

// Strict returns a library that decodes as j does, and refuses members of objects for
// which a struct has no field. If j has an Unmarshal of its own, that is its Strict,
// and where there is none its Unmarshal. What a type decodes with a method of its own
// is its own business.
func (j *JSON) Strict() *JSON {
	switch {
	case j == nil || j.Unmarshal == nil:
		return &JSON{Unmarshal: unmarshalStrict, known: true}
	case j.UnmarshalStrict == nil:
		return j
	}
	return &JSON{Unmarshal: j.UnmarshalStrict, known: true}
}

// ScanOne decodes the one argument that there has to be into the variable that dest
// points to, as [JSON.Scan] does. An argument is missing unless the variable can be
// nil, and stays as it is then. With a library that [JSON.Strict] has returned, null is
// no argument either: JavaScript writes it for undefined. More than one argument is an
// error of that.
//
// The error is a *[ScanError] with the Violation in it. To find its place takes about
// as long as decoding, and does not depend on the library: it is where the text does
// not fit the variable's type by the rules of encoding/json. If it does fit, the
// library has other rules, and Path is empty.
func (j *JSON) ScanOne(args Args, dest any) error {
	element, rest, ok := next(args.text)
	switch {
	case (!ok || element[0] == 'n' && j.exact()) && !optional(dest, ok):
		return &ScanError{Violation: &Violation{Rule: RuleMissing, Message: "expected an argument"}}
	case !ok:
		return nil
	case len(rest) > 0 && j.exact() && !nothing(rest):
		return &ScanError{Index: 1, Violation: surplus(1)}
	case scalar(element, dest):
		return nil
	}
	if err := args.decode(j, element, dest); err != nil {
		return &ScanError{Err: err, Violation: args.locate(j, element, dest, err)}
	}
	return nil
}

// ScanNone checks that there is no argument but null, with a library that
// [JSON.Strict] has returned.
func (j *JSON) ScanNone(args Args) error {
	if j.exact() && !nothing(args.text) {
		return &ScanError{Violation: surplus(0)}
	}
	return nil
}

// nothing reports whether arguments are all null.
func nothing(text []byte) bool {
	for element, rest, ok := next(text); ok; element, rest, ok = next(rest) {
		if element[0] != 'n' {
			return false
		}
	}
	return true
}

func surplus(most int) *Violation {
	message := "expected no argument"
	if most > 0 {
		message = "expected no other argument"
	}
	return &Violation{Rule: RuleSurplus, Message: message, Params: map[string]any{"max": most}}
}

func (j *JSON) exact() bool { return j != nil && j.known }

// optional reports whether dest may stay as it is; or whether null is for its type to
// decode, if that is there.
func optional(dest any, null bool) bool {
	t := reflect.TypeOf(dest)
	if t == nil || t.Kind() != reflect.Pointer {
		return null // decoding has an error for it
	}
	switch t.Elem().Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		return true
	}
	return null && decodes(t.Elem())
}

// strictDecoder is a json.Decoder that reads one text after the other.
type strictDecoder struct {
	text    []byte
	decoder *json.Decoder
}

// Read implements io.Reader.
func (d *strictDecoder) Read(b []byte) (int, error) {
	if len(d.text) == 0 {
		return 0, io.EOF
	}
	n := copy(b, d.text)
	d.text = d.text[n:]
	return n, nil
}

var strictDecoders = sync.Pool{New: func() any {
	d := new(strictDecoder)
	d.decoder = json.NewDecoder(d)
	d.decoder.DisallowUnknownFields()
	return d
}}

// maxPooled bounds what a decoder keeps between two texts: its buffer has held one.
const maxPooled = 64 << 10

// unmarshalStrict is what encoding/json makes of text, but for the unknown members.
// Only encoding/json's own decoder can refuse those, and it wants a reader; as that is
// pooled with its buffer, it costs no more than json.Unmarshal.
func unmarshalStrict(text []byte, dest any) error {
	if u, ok := dest.(json.Unmarshaler); ok {
		if v := reflect.ValueOf(dest); v.Kind() == reflect.Pointer && !v.IsNil() {
			return u.UnmarshalJSON(text)
		}
	}
	d := strictDecoders.Get().(*strictDecoder)
	d.text = text
	err := d.decoder.Decode(dest)
	d.text = nil
	if err == nil && len(text) <= maxPooled {
		strictDecoders.Put(d)
	}
	return err
}
