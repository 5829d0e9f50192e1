package protocol

import (
	"encoding/json"
	"reflect"
	"sync"
)

// JSON is the library that turns values into JSON text and back. A nil *JSON, and a
// nil function, stand for that of encoding/json. The functions may be called
// concurrently; it is only read.
//
// Marshal has to write [Binary] and []byte as base64 in a string, as encoding/json
// does: that is how attachments are lifted out, see [AppendEvent].
type JSON struct {
	// Marshal returns v as JSON text, which is copied.
	Marshal func(v any) ([]byte, error)
	// Unmarshal decodes data, one JSON text that has been checked, into what v
	// points to. It must neither modify data nor keep any part of it.
	Unmarshal func(data []byte, v any) error
	// UnmarshalStrict is Unmarshal, but fails for a member of an object that v has
	// nothing for. Without it such members are what Unmarshal makes of them. It is
	// not looked at if Unmarshal is nil.
	UnmarshalStrict func(data []byte, v any) error

	known bool // Unmarshal fails for what is not known, see Strict
}

// unmarshal decodes text into what dest points to. A method is called as
// encoding/json would call it, but without that checking the text twice before.
func (j *JSON) unmarshal(text []byte, dest any) error {
	if j != nil && j.Unmarshal != nil {
		return j.Unmarshal(text, dest)
	}
	if u, ok := dest.(json.Unmarshaler); ok {
		if v := reflect.ValueOf(dest); v.Kind() == reflect.Pointer && !v.IsNil() {
			return u.UnmarshalJSON(text)
		}
	}
	return json.Unmarshal(text, dest)
}

// append appends v as JSON text, and nothing if that fails.
func (j *JSON) append(dst []byte, v any) ([]byte, error) {
	if j == nil || j.Marshal == nil {
		return appendJSON(dst, v)
	}
	text, err := j.Marshal(v)
	if err != nil {
		return dst, err
	}
	text, err = document(text, maxDepth)
	return append(dst, text...), err // no text if there is an error
}

// jsonEncoder is a json.Encoder that appends to out.
type jsonEncoder struct {
	out     []byte
	encoder *json.Encoder
}

// Write implements io.Writer.
func (j *jsonEncoder) Write(b []byte) (int, error) {
	j.out = append(j.out, b...)
	return len(b), nil
}

var jsonEncoders = sync.Pool{New: func() any {
	j := new(jsonEncoder)
	j.encoder = json.NewEncoder(j)
	j.encoder.SetEscapeHTML(false)
	return j
}}

// appendJSON appends v as encoding/json writes it, but for the HTML escaping. It
// appends nothing if that fails.
func appendJSON(dst []byte, v any) ([]byte, error) {
	j := jsonEncoders.Get().(*jsonEncoder)
	j.out = dst
	err := j.encoder.Encode(v)
	out := j.out
	j.out = nil
	jsonEncoders.Put(j)
	if err != nil {
		return dst, err
	}
	return out[:len(out)-1], nil // a newline
}
