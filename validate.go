package brio

import (
	"cmp"
	"encoding"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"sync"

	"github.com/briohq/brio/internal/jsonfield"
	"github.com/briohq/brio/protocol"
)

// validator is a value that says whether it is valid. It is asked once it has been
// decoded from the argument of a typed event or call, and what it says is told to who
// sent it.
type validator interface{ Validate() error }

// taker is how the argument of a typed event is taken: what the event's type tells.
type taker struct {
	more  bool // further arguments are for who stands before the handler
	none  bool // there is no argument
	self  bool // the argument has a Validate
	parts bool // what it is made of may have one
}

func newTaker[T any](to Handlers) taker {
	t := reflect.TypeFor[T]()
	_, direct := to.(*Namespace)
	return taker{
		more:  !direct,
		none:  t == reflect.TypeFor[None](),
		self:  isValidator(t),
		parts: partsValidate(t, map[reflect.Type]bool{}),
	}
}

// take decodes the argument into what dest points to, and validates that. The error is
// for who sent it.
func (in taker) take(ns *Namespace, socket string, args Args, dest any) error {
	library := ns.server.strict
	var err error
	switch {
	case in.none && in.more:
	case in.none:
		err = library.ScanNone(args.Args)
	case in.more:
		err = library.ScanOne(args.First(), dest)
	default:
		err = library.ScanOne(args.Args, dest)
	}
	if err != nil {
		ns.server.config.Logger.Debug("argument refused", "error", err, "socket", socket, "namespace", ns.name)
		return refusedBy(err)
	}
	switch {
	case in.parts:
		return validateAll(reflect.ValueOf(dest).Elem())
	case in.self:
		return valid(dest.(validator))
	}
	return nil
}

// valid asks a value that has no parts to ask.
func valid(v validator) error {
	if err := v.Validate(); err != nil {
		w := validation{}
		w.add(err)
		return w.err()
	}
	return nil
}

// validateAll asks a value and all that it is made of.
func validateAll(v reflect.Value) error {
	w := validation{}
	w.value(v)
	return w.err()
}

// validation goes through a value.
type validation struct {
	path   []byte // to the value that is looked at
	found  []Violation
	public error // an *Error, which is told as it is
}

func (w *validation) err() error {
	switch {
	case w.public != nil:
		return w.public
	case len(w.found) > 0:
		return newRefusal(w.found)
	}
	return nil
}

func (w *validation) full() bool { return w.public != nil || len(w.found) >= maxViolations }

// value looks at what v is made of, and then, if nothing is wrong with that, at v.
func (w *validation) value(v reflect.Value) {
	t := v.Type()
	if w.full() || !validates(t) || t.Kind() == reflect.Pointer && v.IsNil() {
		return
	}
	before := len(w.found)
	switch t.Kind() {
	case reflect.Pointer:
		w.value(v.Elem())
		return
	case reflect.Struct:
		w.fields(v)
	case reflect.Map:
		w.entries(v)
	case reflect.Slice, reflect.Array:
		w.elements(v)
	}
	if len(w.found) == before && !w.full() && isValidator(t) {
		if err := v.Addr().Interface().(validator).Validate(); err != nil {
			w.add(err)
		}
	}
}

func (w *validation) fields(v reflect.Value) {
	if isOpaque(v.Type()) {
		return
	}
	before := len(w.path)
	for _, f := range jsonfield.Of(v.Type()) {
		if !validates(f.Type) {
			continue
		}
		if field, err := v.FieldByIndexErr(f.Index); err == nil { // else what embeds it is nil
			w.path = jsonfield.AppendName(w.path, f.Name)
			w.value(field)
			w.path = w.path[:before]
		}
	}
}

func (w *validation) elements(v reflect.Value) {
	before := len(w.path)
	for i := range v.Len() {
		w.path = jsonfield.AppendIndex(w.path, i)
		w.value(v.Index(i))
		w.path = w.path[:before]
	}
}

// entries looks at those of a map, in no order; what is wrong with them is in that of
// their names.
func (w *validation) entries(v reflect.Value) {
	before, found := len(w.path), len(w.found)
	for entry := v.MapRange(); entry.Next(); {
		w.path = jsonfield.AppendName(w.path, keyText(entry.Key()))
		one := reflect.New(v.Type().Elem()).Elem() // has an address
		one.Set(entry.Value())
		w.value(one)
		w.path = w.path[:before]
	}
	slices.SortFunc(w.found[found:], func(a, b Violation) int { return cmp.Compare(a.Path, b.Path) })
}

// keyText returns a key of a map as encoding/json writes it.
func keyText(key reflect.Value) string {
	if m, ok := key.Interface().(encoding.TextMarshaler); ok && key.Kind() != reflect.String {
		text, _ := m.MarshalText()
		return string(text)
	}
	if key.Kind() == reflect.String {
		return key.String()
	}
	text, _ := json.Marshal(key.Interface())
	return string(text)
}

// add takes what a Validate has returned.
func (w *validation) add(err error) {
	if public, ok := errors.AsType[*Error](err); ok {
		w.public = public
		return
	}
	for part := range parts(err) {
		if w.full() {
			return
		}
		v := Violation{Rule: "validate", Message: part.Error()}
		if own, ok := errors.AsType[*Violation](part); ok {
			v = *own
		}
		v.Path = jsonfield.Join(w.path, v.Path)
		w.found = append(w.found, v)
	}
}

// refusedBy returns what is told of an argument that could not be decoded. A method
// that decodes may have an *Error to tell.
func refusedBy(err error) error {
	if public, ok := errors.AsType[*Error](err); ok {
		return public
	}
	if scan, ok := errors.AsType[*protocol.ScanError](err); ok && scan.Violation != nil {
		return newRefusal([]Violation{*scan.Violation})
	}
	return errArgument
}

var (
	validatorType       = reflect.TypeFor[validator]()
	unmarshalerType     = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func isValidator(t reflect.Type) bool {
	return t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(validatorType)
}

// isOpaque reports whether a type is decoded by a method, so that its fields are none
// of an object.
func isOpaque(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(unmarshalerType) || p.Implements(textUnmarshalerType)
}

// validating remembers, by reflect.Type, what validates found.
var validating sync.Map

// validates reports whether a value of type t, or what it is made of, may have a
// Validate.
func validates(t reflect.Type) bool {
	if known, ok := validating.Load(t); ok {
		return known.(bool)
	}
	found := isValidator(t) || partsValidate(t, map[reflect.Type]bool{})
	validating.Store(t, found)
	return found
}

// partsValidate reports whether what a t is made of may have a Validate. A type in
// seen is being looked at, or was: it adds nothing.
func partsValidate(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return isValidator(t.Elem()) || partsValidate(t.Elem(), seen)
	case reflect.Struct:
		if isOpaque(t) {
			return false
		}
		return slices.ContainsFunc(jsonfield.Of(t), func(f jsonfield.Field) bool {
			return isValidator(f.Type) || partsValidate(f.Type, seen)
		})
	}
	return false
}
