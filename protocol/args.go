package protocol

// Args are the arguments of an event or an acknowledgement: JSON text, split and
// decoded on demand, and the attachments its placeholders stand for. The zero
// value has no arguments. Args alias the packet they come from, and share its
// contract: read by any number of goroutines, modified by none.
//
// Handed to [AppendEvent] or [AppendArgs], Args stand for all their elements,
// attachments included: that is how to relay what came without decoding it. So
// does what embeds them.
type Args struct {
	text        []byte // elements of a JSON array, without its brackets
	attachments [][]byte
}

// relayed is what Args are, and what has them embedded.
type relayed interface{ relay() Args }

func (a Args) relay() Args { return a }

// Len returns the number of arguments. It walks through the text.
func (a Args) Len() int {
	n := 0
	for _, rest, ok := next(a.text); ok; _, rest, ok = next(rest) {
		n++
	}
	return n
}

// First returns the first argument alone, with all attachments.
func (a Args) First() Args {
	element, _, _ := next(a.text)
	return Args{element, a.attachments}
}

// Raw returns the JSON text of argument i, nil if there is none. It aliases the
// packet and still has placeholders where attachments belong.
func (a Args) Raw(i int) []byte {
	element, rest, ok := next(a.text)
	for ; ok && i > 0; i-- {
		element, rest, ok = next(rest)
	}
	if i < 0 {
		return nil
	}
	return element
}

// Attachments returns the attachments of the packet, those of all its arguments.
func (a Args) Attachments() [][]byte { return a.attachments }
