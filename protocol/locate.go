package protocol

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/briohq/brio/internal/jsonfield"
)

// locate returns what is wrong with text, which could not be decoded into what dest
// points to.
func (a Args) locate(j *JSON, text []byte, dest any, err error) *Violation {
	vague := violationOf(err)
	t := reflect.TypeOf(dest)
	if t == nil || t.Kind() != reflect.Pointer {
		return vague
	}
	text, err = a.inline(text)
	if err != nil {
		return vague
	}
	f := finder{library: j, text: text}
	if _, v := f.value(0, t.Elem()); v != nil {
		return v
	}
	return vague
}

// violationOf returns what the error of a method that decodes says to the peer: only
// what was made for that.
func violationOf(err error) *Violation {
	if v := ownViolation(err); v != nil {
		return v
	}
	return &Violation{Rule: RuleFormat, Message: "invalid value"}
}

func ownViolation(err error) *Violation {
	own, ok := errors.AsType[*Violation](err)
	if !ok {
		return nil
	}
	v := *own
	return &v
}

// finder finds the first value of a text that does not fit a type. It goes through
// the text once, as encoding/json would, and decodes only what a method decodes.
type finder struct {
	library *JSON
	text    []byte                        // was checked
	path    []byte                        // to the value
	holders map[reflect.Type]reflect.Type // see quoted
}

// value looks at the value at i, and returns where it ends.
func (f *finder) value(i int, t reflect.Type) (end int, v *Violation) {
	for {
		if f.text[i] == 'n' && (t.Kind() == reflect.Pointer || !decodes(t)) {
			return f.skip(i), nil // null is nothing, for every type
		}
		if t.Kind() != reflect.Pointer || decodes(t) {
			break
		}
		t = t.Elem()
	}
	if t.Kind() == reflect.Interface && t.NumMethod() == 0 {
		t = anything(f.text[i])
	}
	switch {
	case decodes(t) || t == numberType:
		return f.leaf(i, t)
	case t.Kind() == reflect.Struct:
		return f.object(i, t)
	case t.Kind() == reflect.Map:
		return f.entries(i, t)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 && f.text[i] != '[':
		return f.leaf(i, t)
	case t.Kind() == reflect.Slice || t.Kind() == reflect.Array:
		return f.elements(i, t)
	}
	end = f.skip(i)
	return end, f.at(plainValue(f.text[i:end], t))
}

// anything returns the type that encoding/json chooses for an any.
func anything(first byte) reflect.Type {
	switch {
	case first == '{':
		return reflect.TypeFor[map[string]any]()
	case first == '[':
		return reflect.TypeFor[[]any]()
	case first == '"':
		return reflect.TypeFor[string]()
	case isNumber(first):
		return reflect.TypeFor[float64]()
	}
	return reflect.TypeFor[bool]()
}

// at gives a violation its path, before that which it has.
func (f *finder) at(v *Violation) *Violation {
	if v == nil {
		return nil
	}
	v.Path = jsonfield.Join(f.path, v.Path)
	return v
}

// skip returns where the value at i ends.
func (f *finder) skip(i int) int {
	end, _ := scanValue(f.text, i, maxDepth)
	return end
}

// object looks at the members of a struct.
func (f *finder) object(i int, t reflect.Type) (end int, v *Violation) {
	if f.text[i] != '{' {
		return f.skip(i), f.at(mismatch("object", "an object"))
	}
	fields := jsonfield.Of(t)
	return f.members(i, func(name string, i int) (int, *Violation) {
		field := fields.Find(name)
		switch {
		case field == nil && f.library.exact():
			return i, f.at(&Violation{Rule: RuleUnknown, Message: "unknown field"})
		case field == nil:
			return f.skip(i), nil
		case field.Text:
			return f.quoted(i, field.Type)
		}
		return f.value(i, field.Type)
	})
}

// entries looks at those of a map.
func (f *finder) entries(i int, t reflect.Type) (end int, v *Violation) {
	if f.text[i] != '{' {
		return f.skip(i), f.at(mismatch("object", "an object"))
	}
	return f.members(i, func(name string, i int) (int, *Violation) {
		if v := key(name, t.Key()); v != nil {
			return i, f.at(v)
		}
		return f.value(i, t.Elem())
	})
}

// key checks the name of an entry.
func key(name string, t reflect.Type) *Violation {
	switch {
	case reflect.PointerTo(t).Implements(textUnmarshalerType):
		u := reflect.New(t).Interface().(encoding.TextUnmarshaler)
		if err := u.UnmarshalText([]byte(name)); err != nil {
			return violationOf(err)
		}
	case t.Kind() != reflect.String:
		v := numeral([]byte(name), t)
		if v != nil {
			v.Message += " as key"
		}
		return v
	}
	return nil
}

// elements looks at those of a slice or an array. What is too much for an array means
// nothing to encoding/json.
func (f *finder) elements(i int, t reflect.Type) (end int, v *Violation) {
	if f.text[i] != '[' {
		return f.skip(i), f.at(mismatch("array", "an array"))
	}
	before := len(f.path)
	i = space(f.text, i+1)
	for n := 0; f.text[i] != ']'; n++ {
		f.path = jsonfield.AppendIndex(f.path, n)
		if t.Kind() == reflect.Array && n >= t.Len() {
			i = f.skip(i)
		} else if i, v = f.value(i, t.Elem()); v != nil {
			return i, v
		}
		f.path = f.path[:before]
		if i = space(f.text, i); f.text[i] == ',' {
			i = space(f.text, i+1)
		}
	}
	return i + 1, nil
}

// members calls look for each member of the object at i.
func (f *finder) members(i int, look func(name string, i int) (end int, v *Violation)) (end int, v *Violation) {
	before := len(f.path)
	i = space(f.text, i+1)
	for f.text[i] != '}' {
		end, _ := scanString(f.text, i)
		name := unquoteString(f.text[i:end])
		i, _ = scanKey(f.text, i)
		f.path = jsonfield.AppendName(f.path, name)
		if i, v = look(name, i); v != nil {
			return i, v
		}
		f.path = f.path[:before]
		if i = space(f.text, i); f.text[i] == ',' {
			i = space(f.text, i+1)
		}
	}
	return i + 1, nil
}

// quoted looks at a value that is to be in a string. The rules for what is in there
// are encoding/json's own, so that is asked.
func (f *finder) quoted(i int, t reflect.Type) (end int, v *Violation) {
	end = f.skip(i)
	holder := f.holders[t]
	if holder == nil {
		holder = reflect.StructOf([]reflect.StructField{{Name: "V", Type: t, Tag: `json:"v,string"`}})
		if f.holders == nil {
			f.holders = map[reflect.Type]reflect.Type{}
		}
		f.holders[t] = holder
	}
	text := append(append([]byte(`{"v":`), f.text[i:end]...), '}')
	if f.library.unmarshal(text, reflect.New(holder).Interface()) == nil {
		return end, nil
	}
	return end, f.at(mismatch("string", "a value of its type as text in a string"))
}

// leaf looks at a value that only decoding can tell about.
func (f *finder) leaf(i int, t reflect.Type) (end int, v *Violation) {
	end = f.skip(i)
	text := f.text[i:end]
	err := f.library.unmarshal(text, reflect.New(t).Interface())
	if err == nil {
		return end, nil
	}
	if v := ownViolation(err); v != nil {
		return end, f.at(v)
	}
	v = violationOf(err)
	switch {
	case t == timeType && text[0] == '"':
		v.Message, v.Params = "expected a time such as 2006-01-02T15:04:05Z", map[string]any{"format": "date-time"}
	case t == timeType || text[0] != '"' && !reflect.PointerTo(t).Implements(unmarshalerType) && t != numberType:
		v = mismatch("string", "a string")
	case t == numberType:
		v = mismatch("number", "a number")
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		v.Message, v.Params = "expected bytes, or base64", map[string]any{"format": "base64"}
	}
	return end, f.at(v)
}

// plainValue checks a value of a type that is not made of others.
func plainValue(text []byte, t reflect.Type) *Violation {
	switch kind := t.Kind(); {
	case kind == reflect.Bool:
		if text[0] != 't' && text[0] != 'f' {
			return mismatch("boolean", "true or false")
		}
		return nil
	case kind == reflect.String:
		if text[0] != '"' {
			return mismatch("string", "a string")
		}
		return nil
	case kind >= reflect.Int && kind <= reflect.Float64:
		return numeral(text, t)
	}
	return mismatch("nothing", "nothing here") // a type that no JSON is for
}

// numeral checks a number.
func numeral(text []byte, t reflect.Type) *Violation {
	var err error
	bits, low, high := t.Bits(), any(nil), any(nil)
	switch kind := t.Kind(); {
	case kind <= reflect.Int64:
		_, err = strconv.ParseInt(string(text), 10, bits)
		low, high = int64(math.MinInt64)>>(64-bits), int64(math.MaxInt64)>>(64-bits)
	case kind <= reflect.Uintptr:
		_, err = strconv.ParseUint(string(text), 10, bits)
		low, high = 0, uint64(math.MaxUint64)>>(64-bits)
	default:
		if !isNumber(text[0]) {
			return mismatch("number", "a number")
		}
		if _, err = strconv.ParseFloat(string(text), bits); err != nil {
			return &Violation{Rule: RuleRange, Message: fmt.Sprintf("expected a number that fits in %d bits", bits)}
		}
		return nil
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, strconv.ErrRange) || low == 0 && isInteger(text):
		return &Violation{
			Rule: RuleRange, Message: fmt.Sprintf("expected an integer from %d to %d", low, high),
			Params: map[string]any{"min": low, "max": high},
		}
	}
	return mismatch("integer", "an integer")
}

// isInteger reports whether a number is written with nothing but digits and a sign.
func isInteger(text []byte) bool {
	if len(text) > 0 && text[0] == '-' {
		text = text[1:]
	}
	return len(text) > 0 && digits(text, 0) == len(text)
}

// decodes reports whether a type has a method that decodes it.
func decodes(t reflect.Type) bool {
	if t.Kind() == reflect.Interface {
		return false
	}
	p := reflect.PointerTo(t)
	return p.Implements(unmarshalerType) || p.Implements(textUnmarshalerType)
}

var (
	unmarshalerType     = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
	numberType          = reflect.TypeFor[json.Number]()
	timeType            = reflect.TypeFor[time.Time]()
)
