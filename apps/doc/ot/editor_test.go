package ot

import (
	"math/rand/v2"
	"strings"
	"unicode/utf8"
)

// editor is a page's copy of a text, by the rules of ../web/copy.js.
type editor struct {
	client   string
	base     []rune // of the newest revision that it knows
	text     []rune
	revision int
	seq      int
	underWay Operation
	gathered Operation
	inbox    []Change // what the server has sent, and has not arrived
	outbox   []Change
	script   *[]event // what happened to it, if that is recorded
	offline  bool
}

// event is one thing that happens to an editor, for the same to happen to ../web/copy.js.
type event struct {
	Edit    Operation `json:"edit,omitempty"`
	Receive *Change   `json:"receive,omitempty"`
	Open    *state    `json:"open,omitempty"`
	Text    string    `json:"text"`           // then
	Sent    *Change   `json:"sent,omitempty"` // and what it sends
}

// state is what a page gets that opens a document.
type state struct {
	Epoch    string   `json:"epoch"`
	Revision int      `json:"revision"`
	Client   string   `json:"client"`
	Seq      int      `json:"seq"`
	Changes  []Change `json:"changes"`
}

func (e *editor) edit(o Operation) {
	e.text = o.Apply(e.text)
	e.gathered = compose(e.gathered, o)
	e.flush()
}

func (e *editor) flush() {
	if e.underWay == nil && e.gathered != nil && !e.offline {
		e.seq++
		e.underWay, e.gathered = e.gathered, nil
		e.outbox = append(e.outbox, e.sent())
	}
}

func (e *editor) sent() Change {
	return Change{Client: e.client, Seq: e.seq, Revision: e.revision, Operation: e.underWay}
}

func (e *editor) receive(c Change) {
	if c.Revision != e.revision+1 {
		return // it knows
	}
	e.base, e.revision = c.Operation.Apply(e.base), c.Revision
	if c.Client == e.client && c.Seq == e.seq {
		e.underWay = nil
		e.flush()
		return
	}
	theirs := c.Operation
	for _, mine := range []*Operation{&e.underWay, &e.gathered} {
		if *mine != nil {
			theirs, *mine = theirs.Over(*mine, false), mine.Over(theirs, true)
		}
	}
	e.text = theirs.Apply(e.text)
}

// compose makes one operation of two, by the rules of ../web/ot.js.
func compose(a, b Operation) Operation {
	if a == nil {
		return b
	}
	var out Operation
	a, b = append(Operation{}, a...), append(Operation{}, b...)
	for len(a)+len(b) > 0 {
		switch {
		case len(a) > 0 && a[0].Cut > 0:
			out, a = out.Add(a[0]), a[1:]
		case len(b) > 0 && b[0].Insert != "":
			out, b = out.Add(b[0]), b[1:]
		default:
			insert := []rune(a[0].Insert)
			n := min(a[0].Keep+len(insert), b[0].Keep+b[0].Cut)
			switch {
			case b[0].Keep > 0 && len(insert) > 0:
				out = out.Add(Step{Insert: string(insert[:n])})
			case b[0].Keep > 0:
				out = out.Add(Step{Keep: n})
			case len(insert) == 0:
				out = out.Add(Step{Cut: n})
			}
			if b = b.skip(n); len(insert) == 0 {
				a = a.skip(n)
			} else if a[0].Insert = string(insert[n:]); a[0].Insert == "" {
				a = a[1:]
			}
		}
	}
	return out
}

// alphabet has letters of one, two and four bytes, some of which are two UTF-16 units.
var alphabet = []string{"a", "b", " ", "\n", "é", "🌱", "👩‍🌾", "garden", "\t"}

// randomOperation is one that somebody could make on a text.
func randomOperation(r *rand.Rand, length int) Operation {
	var o Operation
	for left := length; ; {
		if r.IntN(3) == 0 {
			o = o.Add(Step{Insert: strings.Repeat(alphabet[r.IntN(len(alphabet))], 1+r.IntN(3))})
		}
		if left == 0 {
			return o
		}
		n := min(left, 1+r.IntN(12))
		if r.IntN(4) == 0 {
			n = min(n, 3)
			o = o.Add(Step{Cut: n})
		} else {
			o = o.Add(Step{Keep: n})
		}
		left -= n
	}
}

func (o Operation) after() (n int) {
	for _, s := range o {
		n += s.Keep + utf8.RuneCountInString(s.Insert)
	}
	return n
}
