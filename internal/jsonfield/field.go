// Package jsonfield tells which members of a JSON object encoding/json takes for the
// fields of a struct, and writes down where in a JSON text a value stands.
package jsonfield

import (
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// Field is a field of a struct, or of one that is embedded in it, that encoding/json
// fills.
type Field struct {
	Name  string       // of the member
	Index []int        // as in [reflect.Value.FieldByIndex]
	Type  reflect.Type // of the field
	Text  bool         // a number, a boolean or a string is written in a string
}

// Fields are those of a struct. They are only read.
type Fields []Field

// Find returns the field that a member is for: the one of its name, or else the
// first whose name differs in upper and lower case only. It returns nil if there is
// none.
func (f Fields) Find(name string) *Field {
	for i := range f {
		if f[i].Name == name {
			return &f[i]
		}
	}
	for i := range f {
		if strings.EqualFold(f[i].Name, name) {
			return &f[i]
		}
	}
	return nil
}

// known remembers, by reflect.Type, what Of found.
var known sync.Map

// Of returns the fields of t, a struct, in their order.
func Of(t reflect.Type) Fields {
	if f, ok := known.Load(t); ok {
		return f.(Fields)
	}
	list := candidates(t, nil, nil)
	fields := Fields{}
	for i, c := range list {
		if dominant(i, list) {
			fields = append(fields, c.Field)
		}
	}
	known.Store(t, fields)
	return fields
}

// candidate is a field that may be the one of its name: of those the outermost is, if
// there is only one, or one with a tag.
type candidate struct {
	Field

	tagged bool
}

// candidates returns the fields of a struct and of those embedded in it.
func candidates(t reflect.Type, index []int, outer []reflect.Type) []candidate {
	if slices.Contains(outer, t) {
		return nil
	}
	outer = append(outer[:len(outer):len(outer)], t)
	var list []candidate
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		embeds := f.Anonymous && inner.Kind() == reflect.Struct
		if tag == "-" || !f.IsExported() && !embeds {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if !valid(name) {
			name = ""
		}
		at := append(index[:len(index):len(index)], i)
		if embeds && name == "" {
			list = append(list, candidates(inner, at, outer)...)
			continue
		}
		if !f.IsExported() {
			continue
		}
		c := candidate{Field{Name: name, Index: at, Type: f.Type}, name != ""}
		if !c.tagged {
			c.Name = f.Name
		}
		c.Text = slices.Contains(strings.Split(options, ","), "string") && textual(f.Type)
		list = append(list, c)
	}
	return list
}

// textual reports whether the option string means something for a type.
func textual(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	return t.Kind() >= reflect.Bool && t.Kind() <= reflect.Float64 || t.Kind() == reflect.String
}

// valid reports whether encoding/json takes a name from a tag.
func valid(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// dominant reports whether the i-th field is the one of its name: neither hidden by
// another, nor one of several that hide each other.
func dominant(i int, list []candidate) bool {
	c := list[i]
	for j, other := range list {
		if j == i || other.Name != c.Name || len(other.Index) > len(c.Index) {
			continue
		}
		if len(other.Index) < len(c.Index) || other.tagged || !c.tagged {
			return false
		}
	}
	return true
}
