// Package contract reads a program's events out of its source, and writes them
// down for those at the other end: as TypeScript, or as an AsyncAPI document.
//
// [Read] type-checks packages, of which nothing is run. An event is a constant of
// type brio.Event or brio.Call; which way it goes, and in which namespace, is seen
// from how it is used. The types of its argument and answer become [Shape]s: what
// encoding/json, and brio for binary data, make of them. [Contract.TypeScript] and
// [Contract.AsyncAPI] write what was found. The same source gives the same text.
//
// What can't be described is an error with its place in the source. What can't be
// told from the source is a note: an event whose name is no constant is left out,
// one that nobody uses is taken to go both ways, and one whose namespace is not
// known is in all of them.
package contract

// Contract is what a program sends and hears.
type Contract struct {
	// Title is the name of the program.
	Title string
	// Namespaces are sorted by name. There is at least one; its name is empty if
	// none could be read.
	Namespaces []Namespace
	// Types are the named types of arguments and answers, sorted by name.
	Types []*Named
	// Failure says that failed calls are answered with the default envelope.
	Failure bool
	// Notes say what is missing, each with its place in the source.
	Notes []string
}

// Namespace has the events of one, sorted by name.
type Namespace struct {
	Name     string
	ToClient []Event
	ToServer []Event
}

// Event is an event that goes one way.
type Event struct {
	Name string
	Doc  string
	// Untyped events may have any arguments: those of Namespace.On and the
	// like, for whose name there is no constant with a type.
	Untyped bool
	// Argument is nil for an event that has none.
	Argument *Shape
	// Parameter is what the argument may be called.
	Parameter string
	// Call says that the event has an answer, which is Answer, nil for none.
	Call   bool
	Answer *Shape
}

// Named is a type with a name.
type Named struct {
	Name  string
	Doc   string
	Shape *Shape
	word  string // its name without those of its type arguments
}
