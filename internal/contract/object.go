package contract

import (
	"bytes"
	"encoding/json"
)

// object is a JSON object whose members keep their order.
type object []member

// member is one of an object. Its value is text, a number, an object, or a list of
// these.
type member struct {
	key   string
	value any
}

func (o *object) add(key string, value any) { *o = append(*o, member{key, value}) }

// text returns the object as JSON in lines, with a newline at its end.
func (o object) text() []byte {
	var compact, text bytes.Buffer
	write(&compact, o)
	_ = json.Indent(&text, compact.Bytes(), "", "  ") // it is JSON
	text.WriteByte('\n')
	return text.Bytes()
}

func write(b *bytes.Buffer, value any) {
	switch value := value.(type) {
	case object:
		b.WriteByte('{')
		for i, m := range value {
			if i > 0 {
				b.WriteByte(',')
			}
			write(b, m.key)
			b.WriteByte(':')
			write(b, m.value)
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, element := range value {
			if i > 0 {
				b.WriteByte(',')
			}
			write(b, element)
		}
		b.WriteByte(']')
	default:
		e := json.NewEncoder(b)
		e.SetEscapeHTML(false)
		_ = e.Encode(value) // text and numbers can be encoded
	}
}
