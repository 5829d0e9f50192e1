package contract

// Kind is what a [Shape] is.
type Kind int

// The kinds of shapes.
const (
	Unknown Kind = iota // any JSON
	Boolean
	Integer
	Number
	String
	Time      // text in RFC 3339
	Base64    // bytes as text
	Binary    // bytes as an attachment
	Literals  // one of some texts
	Nullable  // Element, or null
	List      // of Element
	Tuple     // of Length times Element
	Map       // from text to Element
	Object    // with Fields
	Reference // to Named
)

// Shape is a type on the wire.
type Shape struct {
	Kind     Kind
	Element  *Shape
	Length   int
	Literals []string
	Fields   []Field
	Named    *Named
	Note     string // what its kind does not tell, such as a unit
}

// Field is a member of an object.
type Field struct {
	Name     string
	Doc      string
	Shape    *Shape
	Optional bool
}

// notes returns the notes of a shape and of what it is made of, but for its fields
// and what it refers to, which have their own place.
func (s *Shape) notes() []string {
	var list []string
	for ; s != nil; s = s.Element {
		if s.Note != "" {
			list = append(list, s.Note)
		}
	}
	return list
}

// holds reports whether a shape is of the kind, or has one of it.
func (s *Shape) holds(kind Kind) bool {
	if s == nil {
		return false
	}
	for _, f := range s.Fields {
		if f.Shape.holds(kind) {
			return true
		}
	}
	return s.Kind == kind || s.Element.holds(kind)
}
