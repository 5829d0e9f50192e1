package schema

import (
	"cmp"
	"encoding"
	"encoding/json"
	"fmt"
	"math/big"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/invopop/jsonschema"

	"github.com/briohq/brio"
	"github.com/briohq/brio/internal/jsonfield"
)

// Of returns the schema of what a T is as an argument or an answer. It panics if T is
// none that encoding/json knows.
//
// A field is required unless it has omitempty or omitzero, and no others are allowed; a
// pointer may be null. More is said by tags of the fields, as package
// github.com/invopop/jsonschema has them: jsonschema:"minimum=1,enum=…", also
// jsonschema_description. A type with a method JSONSchema() is described by that, one
// with an UnmarshalJSON may be anything, and one with an UnmarshalText is text. Types
// have the names that brio types gives them.
func Of[T any]() *Schema { return ofType(reflect.TypeFor[T]()) }

func ofType(t reflect.Type) *Schema {
	var d deriver
	d.name(t)
	root := d.schema(t)
	root.Version = jsonschema.Version
	root.Definitions = d.definitions()
	text, err := json.Marshal(root)
	if err != nil {
		panic(fmt.Sprintf("schema: of %v: %v", t, err))
	}
	s, err := Parse(text)
	if err != nil {
		panic(fmt.Sprintf("schema: of %v: %v", t, err))
	}
	return s
}

var (
	noneType            = reflect.TypeFor[brio.None]()
	binaryType          = reflect.TypeFor[brio.Binary]()
	bytesType           = reflect.TypeFor[[]byte]()
	customType          = reflect.TypeFor[interface{ JSONSchema() *jsonschema.Schema }]()
	unmarshalerType     = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// deriver makes schemas of types, which share their definitions.
type deriver struct {
	seen  []reflect.Type // those with names, in the order in which they were met
	names map[reflect.Type]string
	defs  jsonschema.Definitions
}

// name finds the named types in the given ones, and names each. Types of the same name
// have that of their package before it, and a number if that is not enough.
func (d *deriver) name(types ...reflect.Type) {
	d.names = map[reflect.Type]string{}
	for _, t := range types {
		d.reflect(t, func(t reflect.Type) string {
			if t.Name() == "" {
				return ""
			}
			if !slices.Contains(d.seen, t) {
				d.seen = append(d.seen, t)
			}
			return t.PkgPath() + "." + t.Name() // which no other has
		})
	}
	count := map[string]int{}
	for _, t := range d.seen {
		count[typeName(t)]++
	}
	slices.SortStableFunc(d.seen, func(a, b reflect.Type) int {
		return cmp.Or(cmp.Compare(typeName(a), typeName(b)), cmp.Compare(a.PkgPath(), b.PkgPath()))
	})
	taken := map[string]bool{}
	for _, t := range d.seen {
		name := typeName(t)
		if count[name] > 1 {
			name = identifier(path.Base(t.PkgPath())) + name
		}
		one := name
		for i := 2; taken[one]; i++ {
			one = fmt.Sprint(name, i)
		}
		taken[one] = true
		d.names[t] = one
	}
}

// schema returns the schema of a type that has been named, which refers to definitions.
func (d *deriver) schema(t reflect.Type) *jsonschema.Schema {
	if t == bytesType {
		return wellKnown(binaryType) // as an argument of its own
	}
	s := d.reflect(t, func(t reflect.Type) string { return d.names[t] })
	for name, def := range s.Definitions {
		if d.defs == nil {
			d.defs = jsonschema.Definitions{}
		}
		d.defs[name] = def
	}
	s.Definitions, s.Version = nil, ""
	if t.Kind() == reflect.Pointer {
		return nullable(s)
	}
	return s
}

// definitions returns the named types that schemas refer to.
func (d *deriver) definitions() jsonschema.Definitions {
	for t, name := range d.names {
		def := d.defs[name]
		if t.Kind() != reflect.Struct || def == nil || def.Properties == nil {
			continue
		}
		for _, f := range jsonfield.Of(t) {
			if p, ok := def.Properties.Get(f.Name); ok && f.Type.Kind() == reflect.Pointer {
				def.Properties.Set(f.Name, nullable(p))
			}
		}
	}
	return d.defs
}

func nullable(s *jsonschema.Schema) *jsonschema.Schema {
	if text, _ := json.Marshal(s); string(text) == "true" {
		return s // anything, null too
	}
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{s, {Type: "null"}}}
}

func (d *deriver) reflect(t reflect.Type, name func(reflect.Type) string) *jsonschema.Schema {
	r := jsonschema.Reflector{Anonymous: true, Mapper: wellKnown, Namer: name}
	return r.ReflectFromType(t)
}

// wellKnown returns the schemas of types that encoding/json and brio know, or that have
// a method which decodes them; nil for others.
func wellKnown(t reflect.Type) *jsonschema.Schema {
	p := reflect.PointerTo(t)
	switch {
	case t.Implements(customType):
		return nil
	case t == binaryType:
		return &jsonschema.Schema{Type: "string", Format: "binary"}
	case t == noneType:
		return &jsonschema.Schema{Type: "object"}
	case t == reflect.TypeFor[time.Time]():
		return &jsonschema.Schema{Type: "string", Format: "date-time"}
	case t == reflect.TypeFor[big.Int]():
		return &jsonschema.Schema{Type: "integer"}
	case t == reflect.TypeFor[json.Number]():
		return &jsonschema.Schema{Type: "number"}
	case p.Implements(unmarshalerType):
		return &jsonschema.Schema{}
	case p.Implements(textUnmarshalerType):
		return &jsonschema.Schema{Type: "string"}
	}
	return nil
}

// typeName returns a name for a type: that of Page[Message] is PageOfMessage.
func typeName(t reflect.Type) string {
	base, args, generic := strings.Cut(t.Name(), "[")
	if !generic {
		return identifier(base)
	}
	name := identifier(base) + "Of"
	depth, start := 0, 0
	args = strings.TrimSuffix(args, "]")
	for i, c := range args + "," {
		switch {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == ',' && depth == 0:
			name += argumentName(args[start:i])
			start = i + 1
		}
	}
	return name
}

// argumentName names a type argument, as package reflect writes it.
func argumentName(text string) string {
	text = strings.TrimLeft(text, "*")
	switch {
	case strings.HasPrefix(text, "map["):
		_, element, _ := strings.Cut(text, "]")
		return argumentName(element) + "Map"
	case strings.HasPrefix(text, "["):
		_, element, _ := strings.Cut(text, "]")
		return argumentName(element) + "List"
	}
	base, args, generic := strings.Cut(text, "[")
	base = identifier(base[strings.LastIndexByte(base, '.')+1:])
	if generic {
		return base + "Of" + argumentName(strings.TrimSuffix(args, "]"))
	}
	return base
}

// identifier makes a word of what reflect calls a type.
func identifier(text string) string {
	word := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' {
			return r
		}
		return -1
	}, text)
	if word == "" {
		return "Value"
	}
	return strings.ToUpper(word[:1]) + word[1:]
}
