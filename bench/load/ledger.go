package load

import (
	"fmt"
	"strings"
)

// Faults are messages that did not arrive as they should have: each once, in
// the order in which its sender sent them, where they belong, and as they were
// sent.
type Faults struct {
	Lost       int `json:"lost"`
	Duplicates int `json:"duplicates"`
	Reordered  int `json:"reordered"`
	Foreign    int `json:"foreign"`   // of another room
	Malformed  int `json:"malformed"` // not what was sent
	Dropped    int `json:"dropped"`   // connections that the server ended, or that failed
}

// Any reports whether there is one.
func (f Faults) Any() bool { return f != Faults{} }

// Add adds those of another run.
func (f *Faults) Add(g Faults) {
	f.Lost += g.Lost
	f.Duplicates += g.Duplicates
	f.Reordered += g.Reordered
	f.Foreign += g.Foreign
	f.Malformed += g.Malformed
	f.Dropped += g.Dropped
}

// String names them.
func (f Faults) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{
		{f.Lost, "lost"},
		{f.Duplicates, "duplicated"},
		{f.Reordered, "out of order"},
		{f.Foreign, "of another room"},
		{f.Malformed, "malformed"},
		{f.Dropped, "connections dropped"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprint(p.n, " ", p.what))
		}
	}
	if parts == nil {
		return "none lost, duplicated or out of order"
	}

	return strings.Join(parts, ", ")
}

// A ledger knows, of each receiver and each sender that it hears, which message
// comes next, and which have been left out.
type ledger struct {
	faults  Faults
	missing map[missing]struct{}
}

type missing struct{ receiver, sender, sequence uint32 }

// maxMissing bounds what a faulty server can make us remember. A message beyond
// it counts as lost, and as a duplicate if it comes after all.
const maxMissing = 1 << 18

// arrived notes a message, and reports whether it is the first time. Next is the
// sequence number that receiver expects of sender.
func (l *ledger) arrived(receiver, sender uint32, next *uint32, sequence uint32) (first bool) {
	if sequence == *next {
		*next++
		return true
	}
	if sequence > *next {
		l.skipped(receiver, sender, *next, sequence)
		*next = sequence + 1
		return true
	}
	gap := missing{receiver, sender, sequence}
	if _, late := l.missing[gap]; late {
		delete(l.missing, gap)
		l.faults.Lost--
		l.faults.Reordered++
		return true
	}
	l.faults.Duplicates++

	return false
}

// skipped notes that those from one up to another have not come.
func (l *ledger) skipped(receiver, sender, from, to uint32) {
	l.faults.Lost += int(to - from)
	if l.missing == nil {
		l.missing = map[missing]struct{}{}
	}
	for ; from < to && len(l.missing) < maxMissing; from++ {
		l.missing[missing{receiver, sender, from}] = struct{}{}
	}
}
