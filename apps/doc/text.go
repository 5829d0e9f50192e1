package doc

import (
	"maps"

	"github.com/briohq/brio"
)

// The limits of a document: characters, steps of an operation, changes that are kept,
// their steps and inserted bytes.
const maxText, maxSteps, maxHistory, maxKept = 20_000, 5_000, 500, 50_000

// text is a document, without sockets. Its owner locks it.
type text struct {
	kept
	runes  []rune
	people map[string]Change // the last one of each client that is there
	stored int               // the revision that is
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
	if revision > t.Revision || revision < t.Revision-len(t.History) {
		return nil, false
	}
	return t.History[len(t.History)-t.Revision+revision:], true
}

// change makes of a change what it is after all those that its author did not know of,
// and makes it. It reports whether that is news.
func (t *text) change(c *Change) (bool, error) {
	missed, known := t.since(c.Revision)
	length, isEdit := len(t.runes), c.Operation != nil
	if len(missed) > 0 {
		length = missed[0].Operation.length()
	}
	if !isEdit {
		c.Operation = c.Operation.add(Step{Keep: length})
	}
	switch {
	case isEdit && c.Seq <= t.Last[c.Client][0]:
		return false, nil // it counts already
	case !known:
		return false, brio.Errorf("The document has changed too much since. Open it again.")
	case c.Operation.length() != length:
		return false, brio.Errorf("This is no change of this text, or has too many steps. Make it in smaller parts.")
	}
	for _, m := range missed {
		theirs := m.Operation.Over(c.Operation, false)
		c.Operation, c.Selection = c.Operation.Over(m.Operation, true), theirs.Move(c.Selection)
	}
	runes := c.Operation.Apply(t.runes)
	if len(runes) > max(maxText, len(t.runes)) {
		return false, brio.Errorf("The document is full: it holds %d characters. Make it shorter.", maxText)
	}
	for i, at := range c.Selection {
		c.Selection[i] = max(0, min(at, len(runes)))
	}
	if c.Revision = t.Revision; !isEdit {
		c.Operation = nil
		return true, nil
	}
	for client, p := range t.people {
		p.Selection = c.Operation.Move(p.Selection)
		t.people[client] = p
	}
	t.runes, t.Revision, c.Revision = runes, t.Revision+1, t.Revision+1
	t.History, t.Last[c.Client] = append(t.History, *c), [2]int{c.Seq, t.Revision}
	t.forget()
	return true, nil
}

// forget drops the oldest of what is more than is kept.
func (t *text) forget() {
	n := 0
	for size := 0; n < min(len(t.History), maxHistory) && size <= maxKept; n++ {
		for _, s := range t.History[len(t.History)-1-n].Operation {
			size += 1 + len(s.Insert)
		}
	}
	t.History = t.History[len(t.History)-n:]
	maps.DeleteFunc(t.Last, func(_ string, last [2]int) bool { return last[1] < t.Revision-4*maxHistory })
}
