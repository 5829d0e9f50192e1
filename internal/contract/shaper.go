package contract

import (
	"cmp"
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
)

// shaper makes shapes of Go types.
type shaper struct {
	*program

	known    map[string]*Named // by the place of its declaration and its type arguments
	origins  map[*Named]*types.Named
	failures []note
}

func newShaper(p *program) *shaper {
	return &shaper{program: p, known: map[string]*Named{}, origins: map[*Named]*types.Named{}}
}

// argument returns the shape of an argument or answer of its own, nil for none. Here
// a []byte is binary.
func (s *shaper) argument(t types.Type, pos token.Pos) *Shape {
	t = types.Unalias(t)
	if named, ok := t.(*types.Named); ok && isNamed(named, brioPath, "None") {
		return nil
	}
	switch t := t.(type) {
	case *types.Slice:
		if isBytes(t) {
			return &Shape{Kind: Binary}
		}
		if isBytes(t.Elem()) {
			return &Shape{Kind: List, Element: &Shape{Kind: Binary}}
		}
	case *types.Map:
		if isBytes(t.Elem()) && types.Identical(t.Key(), types.Typ[types.String]) {
			return &Shape{Kind: Map, Element: &Shape{Kind: Binary}}
		}
	}
	return s.shape(t, pos, "the argument")
}

// isBytes reports whether t is []byte itself.
func isBytes(t types.Type) bool {
	return types.Identical(t, types.NewSlice(types.Typ[types.Byte]))
}

// isArgs reports whether t stands for any number of arguments.
func isArgs(t types.Type) bool {
	named, ok := types.Unalias(t).(*types.Named)
	return ok && (isNamed(named, brioPath, "Args") || isNamed(named, protocolPath, "Args"))
}

// shape returns the shape of what encoding/json makes of a t, which is found at pos
// and called what.
func (s *shaper) shape(t types.Type, pos token.Pos, what string) *Shape {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		return s.reference(t, pos, what)
	case *types.Basic:
		if shape := basic(t); shape != nil {
			return shape
		}
	case *types.Interface:
		return &Shape{}
	case *types.Pointer:
		element := s.shape(t.Elem(), pos, what)
		if element.Kind == Nullable || element.Kind == Unknown {
			return element
		}
		return &Shape{Kind: Nullable, Element: element}
	case *types.Slice:
		if isByte(t.Elem()) {
			return &Shape{Kind: Base64, Note: "base64"}
		}
		return &Shape{Kind: List, Element: s.shape(t.Elem(), pos, what)}
	case *types.Array:
		return &Shape{Kind: Tuple, Length: int(t.Len()), Element: s.shape(t.Elem(), pos, what)}
	case *types.Map:
		if !isKey(t.Key()) {
			s.fail(pos, "%s is a map with keys of type %s, which encoding/json can't write: use strings or integers", what, short(t.Key()))
		}
		return &Shape{Kind: Map, Element: s.shape(t.Elem(), pos, what)}
	case *types.Struct:
		return &Shape{Kind: Object, Fields: s.fields(t)}
	}
	s.fail(pos, "%s is a %s, which encoding/json can't write: leave it out with `json:\"-\"`, or give it a type with a MarshalJSON", what, short(t))
	return &Shape{}
}

func (s *shaper) fail(pos token.Pos, format string, args ...any) {
	s.failures = append(s.failures, note{pos, fmt.Sprintf(format, args...)})
}

func short(t types.Type) string { return types.TypeString(t, (*types.Package).Name) }

func basic(t *types.Basic) *Shape {
	switch info := t.Info(); {
	case info&types.IsBoolean != 0:
		return &Shape{Kind: Boolean}
	case info&types.IsInteger != 0:
		return &Shape{Kind: Integer}
	case info&types.IsFloat != 0:
		return &Shape{Kind: Number}
	case info&types.IsString != 0:
		return &Shape{Kind: String}
	}
	return nil
}

// standard are types that encoding/json and brio know, or that have a method that
// writes what is known.
var standard = map[string]Shape{
	"time.Time":                {Kind: Time},
	"time.Duration":            {Kind: Integer, Note: "nanoseconds"},
	"encoding/json.RawMessage": {Kind: Unknown},
	"encoding/json.Number":     {Kind: Number},
	"math/big.Int":             {Kind: Integer},
	protocolPath + ".Binary":   {Kind: Binary},
	brioPath + ".None":         {Kind: Object},
}

// reference returns a reference to a named type, which it describes at first sight.
func (s *shaper) reference(t *types.Named, pos token.Pos, what string) *Shape {
	o := t.Origin().Obj()
	if o.Pkg() == nil { // error, comparable
		return &Shape{}
	}
	if shape, ok := standard[o.Pkg().Path()+"."+o.Name()]; ok {
		return &shape
	}
	key := fmt.Sprint(s.place(o), types.TypeString(t, nil))
	named, ok := s.known[key]
	if !ok {
		named = &Named{Name: identifier(typeName(t)), Doc: s.comment(o), word: o.Name()}
		s.known[key], s.origins[named] = named, t
		named.Shape = s.describe(t, pos, what)
	}
	return &Shape{Kind: Reference, Named: named}
}

// describe returns what a named type is.
func (s *shaper) describe(t *types.Named, pos token.Pos, what string) *Shape {
	switch {
	case has(t, "MarshalJSON", "UnmarshalJSON"):
		return &Shape{Note: "as its MarshalJSON writes it"}
	case has(t, "MarshalText", "UnmarshalText"):
		return &Shape{Kind: String, Note: "as its MarshalText writes it"}
	}
	if o := t.Obj(); ours(o.Pkg()) && t.TypeArgs().Len() > 0 {
		s.fail(pos, "%s is a %s, which is no data: send what it stands for", what, short(t))
	}
	shape := s.shape(t.Underlying(), t.Obj().Pos(), t.Obj().Name())
	if shape.Kind == String {
		if texts := s.literals(t); len(texts) > 0 {
			return &Shape{Kind: Literals, Literals: texts}
		}
	}
	return shape
}

// literals returns the constants of a type, in the order of the source.
func (s *shaper) literals(t *types.Named) []string {
	scope := t.Obj().Pkg().Scope()
	var list []*types.Const
	for _, name := range scope.Names() {
		if c, ok := scope.Lookup(name).(*types.Const); ok && name != "_" && types.Identical(c.Type(), t) {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b *types.Const) int {
		x, y := s.fset.Position(a.Pos()), s.fset.Position(b.Pos())
		return cmp.Or(cmp.Compare(x.Filename, y.Filename), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
	})
	var texts []string
	for _, c := range list {
		if text := constant.StringVal(c.Val()); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return texts
}

// has reports whether t or a pointer to it has one of the methods of encoding.
func has(t types.Type, names ...string) bool {
	for _, name := range names {
		o, _, _ := types.LookupFieldOrMethod(t, true, nil, name)
		f, ok := o.(*types.Func)
		if !ok {
			continue
		}
		in, out := f.Signature().Params(), f.Signature().Results()
		marshals := in.Len() == 0 && out.Len() == 2 && isBytes(out.At(0).Type())
		unmarshals := in.Len() == 1 && out.Len() == 1 && isBytes(in.At(0).Type())
		if marshals || unmarshals {
			return true
		}
	}
	return false
}

// isByte reports whether a slice of t is bytes to encoding/json.
func isByte(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Kind() == types.Byte && !has(t, "MarshalJSON", "MarshalText")
}

func isKey(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&(types.IsString|types.IsInteger) != 0 || has(t, "MarshalText")
}

// types returns the named types, each with a name of its own. Types of the same name
// have that of their package before it, and a number if that is not enough.
func (s *shaper) types() []*Named {
	var list []*Named
	for _, key := range slices.Sorted(maps.Keys(s.known)) {
		list = append(list, s.known[key])
	}
	count := map[string]int{}
	for _, n := range list {
		count[n.Name]++
	}
	for _, n := range list {
		if count[n.Name] > 1 || taken[n.Name] {
			n.Name = identifier(s.origins[n].Obj().Pkg().Name()) + n.Name
		}
	}
	used := names{}
	for _, n := range list {
		n.Name = used.pick(n.Name)
	}
	slices.SortFunc(list, func(a, b *Named) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// typeName returns a name for a type: that of Page[Message] is PageOfMessage.
func typeName(t types.Type) string {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		var of []string
		for arg := range t.TypeArgs().Types() {
			of = append(of, identifier(typeName(arg)))
		}
		if len(of) == 0 {
			return t.Obj().Name()
		}
		return t.Obj().Name() + "Of" + strings.Join(of, "")
	case *types.Basic:
		return t.Name()
	case *types.Pointer:
		return typeName(t.Elem())
	case *types.Slice:
		return identifier(typeName(t.Elem())) + "List"
	case *types.Array:
		return identifier(typeName(t.Elem())) + "List"
	case *types.Map:
		return identifier(typeName(t.Elem())) + "Map"
	}
	return "Value"
}
