package doc

import (
	"maps"
	"slices"

	"github.com/briohq/brio"
)

// The limits of a document.
const (
	maxText    = 20_000 // characters
	maxSteps   = 5_000  // of an operation
	maxHistory = 500    // changes that are kept
	maxKept    = 50_000 // steps of these, and bytes they insert
)

var (
	errStale = &brio.Error{Message: "The document has changed too much since. Open it again.", Data: map[string]string{"code": "stale"}}
	errWrong = brio.Errorf("This is no change of this text, or has too many steps. Make it in smaller parts.")
	errFull  = brio.Errorf("The document is full: it holds %d characters. Make it shorter.", maxText)
)

// text is a document, without sockets. Its owner locks it.
type text struct {
	kept
	runes      []rune
	selections map[string][2]int // by client
	told       Presence          // what the people know of each other
	stored     int               // the revision that is
}

// kept is what is stored beside the text itself.
type kept struct {
	Epoch    string
	Revision int
	History  []Change          // the newest, without a gap
	Last     map[string][2]int // of each client, its last seq and the revision that it made
}

// since returns the changes since a revision, and whether they are all known.
func (t *text) since(revision int) ([]Change, bool) {
	n := t.Revision - revision
	if n < 0 || n > len(t.History) {
		return nil, false
	}
	return t.History[len(t.History)-n:], true
}

// change makes of a change what it is after all those that its author did not know of,
// and makes it. It reports whether the text is another one.
func (t *text) change(c *Change) (bool, error) {
	missed, known := t.since(c.Revision)
	length, isEdit := len(t.runes), c.Operation != nil
	if len(missed) > 0 {
		length = missed[0].Operation.length()
	}
	if !isEdit {
		c.Operation = Operation{}.add(Step{Keep: length})
	}
	switch {
	case isEdit && c.Seq <= t.Last[c.Client][0]:
		return false, nil // it counts already
	case !known:
		return false, errStale
	case c.Operation.length() != length:
		return false, errWrong
	}
	for _, m := range missed {
		theirs := m.Operation.Over(c.Operation, false)
		c.Operation, c.Selection = c.Operation.Over(m.Operation, true), theirs.moveBoth(c.Selection)
	}
	runes := c.Operation.Apply(t.runes)
	if len(runes) > max(maxText, len(t.runes)) {
		return false, errFull
	}
	for i, at := range c.Selection {
		c.Selection[i] = max(0, min(at, len(runes)))
	}
	for client, selection := range t.selections {
		t.selections[client] = c.Operation.moveBoth(selection)
	}
	t.selections[c.Client] = c.Selection
	if isEdit {
		t.runes, t.Revision = runes, t.Revision+1
		c.Revision, t.Last[c.Client] = t.Revision, [2]int{c.Seq, t.Revision}
		t.History = append(t.History, *c)
		t.forget()
		for i, p := range t.told.People { // the change tells them
			t.told.People[i].Selection = t.selections[p.Client]
		}
	}
	return isEdit, nil
}

// forget drops the oldest of what is more than is kept.
func (t *text) forget() {
	kept := 0
	for i, c := range slices.Backward(t.History) {
		for _, s := range c.Operation {
			kept += 1 + len(s.Insert)
		}
		if kept > maxKept || len(t.History)-i > maxHistory {
			t.History = t.History[i+1:]
			break
		}
	}
	maps.DeleteFunc(t.Last, func(_ string, last [2]int) bool { return last[1] < t.Revision-4*maxHistory })
}
