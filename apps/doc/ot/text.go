package ot

import (
	"fmt"
	"maps"
	"slices"
)

// The limits of a text: its characters, the steps of an operation, the changes that are
// kept, and their steps and inserted bytes.
const (
	MaxText    = 20_000
	maxSteps   = 5_000
	maxHistory = 200
	maxKept    = 50_000
)

// Change is an operation on a text or, without one, says where somebody is. On its way
// in, Revision is the one that it was made on; on its way out, the one it has made.
type Change struct {
	Client    string    `json:"client"`
	Seq       int       `json:"seq"` // counts the operations of a client
	Revision  int       `json:"revision"`
	Operation Operation `json:"operation"`
	Selection [2]int    `json:"selection"` // afterwards: where it began, the caret
}

// Refusal is an error that says to a person what to do.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// Text is a text and its newest changes. Its owner locks it.
type Text struct {
	Runes    []rune `json:"-"`
	Revision int
	History  []Change          // the newest, without a gap
	Last     map[string][2]int // of each client, its last seq and the revision that it made
}

// Since returns the changes since a revision, and whether they are all known.
func (t *Text) Since(revision int) ([]Change, bool) {
	if revision > t.Revision || revision < t.Revision-len(t.History) {
		return nil, false
	}
	return slices.Clone(t.History[len(t.History)-t.Revision+revision:]), true
}

// Make makes of a change what it is after all those that its author did not know of,
// and makes it. It reports whether that is news. Its error is a [Refusal].
func (t *Text) Make(c *Change) (news bool, err error) {
	missed, known := t.Since(c.Revision)
	length, isEdit := len(t.Runes), c.Operation != nil
	if len(missed) > 0 {
		length = missed[0].Operation.length()
	}
	if !isEdit {
		c.Operation = c.Operation.Add(Step{Keep: length})
	}
	switch {
	case isEdit && c.Seq <= t.Last[c.Client][0]:
		return false, nil // it counts already
	case !known:
		return false, Refusal("The document has changed too much since. Open it again.")
	case c.Operation.length() != length:
		return false, Refusal("This is no change of this text, or has too many steps. Make it in smaller parts.")
	}
	for _, m := range missed {
		theirs := m.Operation.Over(c.Operation, false)
		c.Operation, c.Selection = c.Operation.Over(m.Operation, true), theirs.Move(c.Selection)
	}
	runes := c.Operation.Apply(t.Runes)
	if len(runes) > max(MaxText, len(t.Runes)) {
		return false, Refusal(fmt.Sprintf("The document is full: it holds %d characters. Make it shorter.", MaxText))
	}
	for i, at := range c.Selection {
		c.Selection[i] = max(0, min(at, len(runes)))
	}
	if c.Revision = t.Revision; !isEdit {
		c.Operation = nil
		return true, nil
	}
	t.Runes, t.Revision, c.Revision = runes, t.Revision+1, t.Revision+1
	t.History, t.Last[c.Client] = append(t.History, *c), [2]int{c.Seq, t.Revision}
	t.forget()
	return true, nil
}

// forget drops the oldest of what is more than is kept.
func (t *Text) forget() {
	n := 0
	for size := 0; n < min(len(t.History), maxHistory) && size <= maxKept; n++ {
		for _, s := range t.History[len(t.History)-1-n].Operation {
			size += 1 + len(s.Insert)
		}
	}
	t.History = slices.Delete(t.History, 0, len(t.History)-n)
	maps.DeleteFunc(t.Last, func(_ string, last [2]int) bool { return last[1] < t.Revision-10*maxHistory })
}
