package contract

import (
	"go/types"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// candidate is a field that may be one of an object, as encoding/json chooses them:
// of those with a name the outermost, if there is only one, or one with a tag.
type candidate struct {
	field    *types.Var
	name     string
	tagged   bool
	options  []string
	depth    int
	optional bool // in a struct behind a pointer
}

// fields returns the members of the object that encoding/json makes of a struct.
func (s *shaper) fields(t *types.Struct) []Field {
	list := candidates(t, 0, false, nil)
	var fields []Field
	for i, c := range list {
		if dominant(i, list) {
			fields = append(fields, s.field(c))
		}
	}
	return fields
}

// candidates returns the fields of a struct and of those embedded in it, in order.
func candidates(t *types.Struct, depth int, optional bool, outer []*types.Struct) []candidate {
	if slices.Contains(outer, t) {
		return nil
	}
	outer = append(outer[:len(outer):len(outer)], t)
	var list []candidate
	for i := range t.NumFields() {
		f := t.Field(i)
		tag := reflect.StructTag(t.Tag(i)).Get("json")
		name, rest, _ := strings.Cut(tag, ",")
		inner, isStruct := deref(f.Type()).Underlying().(*types.Struct)
		if tag == "-" || !f.Exported() && !(f.Embedded() && isStruct) {
			continue
		}
		if !validName(name) {
			name = ""
		}
		if f.Embedded() && name == "" && isStruct {
			_, pointer := types.Unalias(f.Type()).(*types.Pointer)
			list = append(list, candidates(inner, depth+1, optional || pointer, outer)...)
			continue
		}
		if !f.Exported() {
			continue
		}
		c := candidate{field: f, name: name, tagged: name != "", options: strings.Split(rest, ","), depth: depth, optional: optional}
		if !c.tagged {
			c.name = f.Name()
		}
		list = append(list, c)
	}
	return list
}

// validName reports whether encoding/json takes a name from a tag.
func validName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return !strings.ContainsRune("!#$%&()*+-./:;<=>?@[]^_{|}~ ", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// dominant reports whether the i-th field is the one of its name: neither hidden by
// another, nor one of several that hide each other.
func dominant(i int, list []candidate) bool {
	c := list[i]
	for j, other := range list {
		if j == i || other.name != c.name || other.depth > c.depth {
			continue
		}
		if other.depth < c.depth || other.tagged || !c.tagged {
			return false
		}
	}
	return true
}

func (s *shaper) field(c candidate) Field {
	f := Field{Name: c.name, Doc: s.comment(c.field), Optional: c.optional}
	f.Shape = s.shape(c.field.Type(), c.field.Pos(), "field "+c.field.Name())
	if slices.Contains(c.options, "string") {
		f.Shape = quoted(c.field.Type(), f.Shape)
	}
	if slices.Contains(c.options, "omitzero") || slices.Contains(c.options, "omitempty") && canBeEmpty(c.field.Type()) {
		f.Optional = true
		if f.Shape.Kind == Nullable {
			f.Shape = f.Shape.Element
		}
	}
	return f
}

// quoted returns the shape of a field with the option string, which concerns only
// some types.
func quoted(t types.Type, shape *Shape) *Shape {
	b, ok := deref(t).Underlying().(*types.Basic)
	if !ok || has(t, "MarshalJSON", "MarshalText") {
		return shape
	}
	what := "a number, as text"
	switch {
	case b.Info()&types.IsBoolean != 0:
		what = "true or false, as text"
	case b.Info()&types.IsString != 0:
		what = "JSON in text"
	}
	text := &Shape{Kind: String, Note: what}
	if shape.Kind == Nullable {
		return &Shape{Kind: Nullable, Element: text}
	}
	return text
}

// canBeEmpty reports whether a value of the type can be empty to encoding/json.
func canBeEmpty(t types.Type) bool {
	switch t := t.Underlying().(type) {
	case *types.Struct:
		return false
	case *types.Array:
		return t.Len() == 0
	}
	return true
}
