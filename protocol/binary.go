package protocol

import (
	"crypto/rand"
	"encoding"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Binary is bytes that travel as an attachment, wherever they stand in an
// argument: in a field of a struct, an element of a slice, a value of a map,
// behind a pointer. [AppendEvent] and [AppendArgs] lift them out, [Args.Scan] puts
// them back. A nil Binary is null.
//
// To encoding/json it is what any []byte is, text in base64. It stays that in two
// places where it cannot be reached: inside a type that has a MarshalJSON or
// MarshalText of its own, and inside a struct that embeds a pointer to an
// unexported struct.
type Binary []byte

// How a Binary is lifted out: the argument is copied as far as needed, with a
// marker in place of the bytes of each Binary; encoding/json writes the copy; each
// marker, by then a string in base64, is cut out of the text for a placeholder.
// A marker begins with a random token, so nothing a peer sends looks like one,
// and none ever leaves this package. Binary has no method that could behave
// differently elsewhere.

const tokenSize = 24 // base64 of a multiple of 3 is a prefix that stands alone

// token returns the bytes a marker begins with, chosen once for the process.
var token = sync.OnceValue(func() []byte {
	b := make([]byte, tokenSize)
	rand.Read(b) // never fails, since Go 1.24
	return b
})

// markerPrefix returns what the JSON text of a marker begins with.
var markerPrefix = sync.OnceValue(func() []byte {
	return base64.StdEncoding.AppendEncode([]byte{'"'}, token())
})

// markerSize is the size of the JSON text of a marker: the token and an index of
// three bytes, in base64 and quotes.
const markerSize = (tokenSize+3)/3*4 + 2

// markerIndex returns the index in the JSON text of a marker.
func markerIndex(text []byte) (int, bool) {
	if len(text) < markerSize || text[markerSize-1] != '"' {
		return 0, false
	}
	var b [4]byte
	n, err := base64.StdEncoding.Decode(b[1:], text[markerSize-5:markerSize-1])
	return int(binary.BigEndian.Uint32(b[:])), err == nil && n == 3
}

// lifter lifts the attachments out of one argument.
type lifter struct {
	found [][]byte // by index of their marker
	depth int
}

// lift returns x with markers in place of its attachments, and whether there are
// any. Without any, and for all parts without any, it is x itself.
func (l *lifter) lift(x any) (any, bool) {
	switch x := x.(type) {
	case nil, bool, string, int, int64, uint64, float64, json.Number, json.RawMessage:
		return x, false
	case []byte:
		return l.mark(x)
	case Binary:
		return l.mark(x)
	case []any:
		return liftSlice(l, x)
	case [][]byte:
		return liftSlice(l, x)
	case map[string]any:
		return liftMap(l, x)
	case map[string][]byte:
		return liftMap(l, x)
	}
	v, lifted := l.value(reflect.ValueOf(x))
	if !lifted {
		return x, false
	}
	return v.Interface(), true
}

// mark returns a marker for b. Nil stays nil: it is null.
func (l *lifter) mark(b []byte) (any, bool) {
	if b == nil || len(l.found) >= 1<<24 {
		return b, false
	}
	marker := binary.BigEndian.AppendUint32(token()[:tokenSize:tokenSize], uint32(len(l.found)))
	l.found = append(l.found, b)
	return slices.Delete(marker, tokenSize, tokenSize+1), true // the index has three bytes
}

func liftSlice[E any](l *lifter, s []E) (any, bool) {
	if !l.enter() {
		return s, false
	}
	defer l.leave()
	var out []E
	for i, e := range s {
		if v, lifted := l.lift(e); lifted {
			if out == nil {
				out = slices.Clone(s)
			}
			out[i] = v.(E)
		}
	}
	if out == nil {
		return s, false
	}
	return out, true
}

func liftMap[E any](l *lifter, m map[string]E) (any, bool) {
	if !l.enter() {
		return m, false
	}
	defer l.leave()
	var out map[string]E
	for k, e := range m {
		if v, lifted := l.lift(e); lifted {
			if out == nil {
				out = maps.Clone(m)
			}
			out[k] = v.(E)
		}
	}
	if out == nil {
		return m, false
	}
	return out, true
}

// enter guards against a value that contains itself, for which encoding/json has
// an error.
func (l *lifter) enter() bool {
	l.depth++
	if l.depth > maxDepth {
		l.depth--
		return false
	}
	return true
}

func (l *lifter) leave() { l.depth-- }

// value is lift for a value of any type.
func (l *lifter) value(v reflect.Value) (reflect.Value, bool) {
	if !holdsBinary(v.Type()) || !l.enter() {
		return v, false
	}
	defer l.leave()
	if v.Type() == binaryType {
		marker, lifted := l.mark(v.Bytes())
		return reflect.ValueOf(Binary(marker.([]byte))), lifted
	}
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return v, false
		}
		x, lifted := l.lift(v.Interface())
		return reflect.ValueOf(x), lifted
	case reflect.Pointer:
		if v.IsNil() {
			return v, false
		}
		e, lifted := l.value(v.Elem())
		if !lifted {
			return v, false
		}
		p := reflect.New(v.Type().Elem())
		p.Elem().Set(e)
		return p, true
	case reflect.Slice, reflect.Array:
		return l.elements(v)
	case reflect.Map:
		return l.entries(v)
	}
	before, out := len(l.found), reflect.New(v.Type()).Elem()
	l.fields(out, v)
	return out, len(l.found) > before
}

func (l *lifter) elements(v reflect.Value) (reflect.Value, bool) {
	var out reflect.Value
	for i := range v.Len() {
		e, lifted := l.value(v.Index(i))
		if !lifted {
			continue
		}
		if !out.IsValid() {
			out = reflect.New(v.Type()).Elem()
			if v.Kind() == reflect.Slice {
				out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			}
			reflect.Copy(out, v)
		}
		out.Index(i).Set(e)
	}
	if !out.IsValid() {
		return v, false
	}
	return out, true
}

func (l *lifter) entries(v reflect.Value) (reflect.Value, bool) {
	before, out := len(l.found), reflect.MakeMapWithSize(v.Type(), v.Len())
	for entry := v.MapRange(); entry.Next(); {
		e, _ := l.value(entry.Value())
		out.SetMapIndex(entry.Key(), e)
	}
	if len(l.found) == before {
		return v, false
	}
	return out, true
}

// fields copies from v to out, a new struct of its type, the fields encoding/json
// sees. The others may belong to another goroutine, and are not touched.
func (l *lifter) fields(out, v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		switch {
		case f.Anonymous && !f.IsExported() && f.Type.Kind() == reflect.Struct:
			l.fields(out.Field(i), v.Field(i))
		case !f.IsExported(), f.Tag.Get("json") == "-":
		case f.Type == binaryType && v.Field(i).Len() == 0 && omitsEmpty(f):
			// A marker is not empty, so it would not be omitted.
		default:
			e, _ := l.value(v.Field(i))
			out.Field(i).Set(e)
		}
	}
}

func omitsEmpty(f reflect.StructField) bool {
	_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	return slices.Contains(strings.Split(options, ","), "omitempty")
}

var (
	binaryType        = reflect.TypeFor[Binary]()
	marshalerType     = reflect.TypeFor[json.Marshaler]()
	textMarshalerType = reflect.TypeFor[encoding.TextMarshaler]()
)

// binaryHolders remembers, by reflect.Type, what holdsBinary found.
var binaryHolders sync.Map

// holdsBinary reports whether a value of type t may hold a Binary that can be
// reached: most types cannot, and cost no more than this.
func holdsBinary(t reflect.Type) bool {
	if known, ok := binaryHolders.Load(t); ok {
		return known.(bool)
	}
	holds := searchBinary(t, map[reflect.Type]bool{})
	binaryHolders.Store(t, holds)
	return holds
}

// searchBinary is holdsBinary without the memory. A type in seen is being looked
// at, or was: it adds nothing.
func searchBinary(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t == binaryType {
		return true
	}
	pointer := reflect.PointerTo(t)
	if seen[t] || pointer.Implements(marshalerType) || pointer.Implements(textMarshalerType) {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		return true // what it holds decides
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return searchBinary(t.Elem(), seen)
	case reflect.Struct:
		return searchFields(t, seen)
	}
	return false
}

func searchFields(t reflect.Type, seen map[reflect.Type]bool) bool {
	holds := false
	for i := range t.NumField() {
		f := t.Field(i)
		switch {
		case f.IsExported() && f.Tag.Get("json") == "-":
		case f.IsExported() || f.Anonymous && f.Type.Kind() == reflect.Struct:
			holds = searchBinary(f.Type, seen) || holds
		case f.Anonymous && f.Type.Kind() == reflect.Pointer:
			return false // a copy could not have it: it cannot be set
		}
	}
	return holds
}
