package ot

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func newText() *Text {
	return &Text{Last: map[string][2]int{}}
}

// garden is a server with its text, and editors whose lines are slow, and break.
type garden struct {
	r       *rand.Rand
	text    *Text
	editors []*editor
	resent  int
}

// deliver lets one thing happen: the server takes a change, or an editor hears of one.
func (g *garden) deliver(t *testing.T, e *editor) {
	if len(e.outbox) > 0 && (len(e.inbox) == 0 || g.r.IntN(2) == 0) {
		c := e.outbox[0]
		e.outbox = e.outbox[1:]
		isNew, err := g.text.Make(&c)
		if err != nil {
			t.Fatalf("%s, change %d: %v", e.client, c.Seq, err)
		}
		if isNew {
			for _, other := range g.editors {
				other.inbox = append(other.inbox, c)
			}
		}
		return
	}
	if len(e.inbox) > 0 {
		e.hear(e.inbox[0])
		e.inbox = e.inbox[1:]
	}
}

func (e *editor) hear(c Change) {
	n := len(e.outbox)
	e.receive(c)
	e.record(event{Receive: &c}, n)
}

func (e *editor) record(what event, sentBefore int) {
	if e.script == nil {
		return
	}
	if len(e.outbox) > sentBefore {
		what.Sent = &e.outbox[len(e.outbox)-1]
	}
	what.Text = string(e.text)
	*e.script = append(*e.script, what)
}

// cut breaks an editor's line, and it comes back: what was on its way to it is lost, and
// what it had under way is sent again, whether that has arrived, will or will not.
func (g *garden) cut(e *editor) {
	if e.inbox = nil; g.r.IntN(2) == 0 {
		e.outbox = nil
	}
	missed, known := g.text.Since(e.revision)
	if !known {
		panic("the test keeps its editors within the history")
	}
	snapshot := state{Epoch: "e", Revision: g.text.Revision, Client: e.client, Seq: g.text.Last[e.client][0], Changes: missed}
	e.offline = true
	for _, c := range missed {
		e.receive(c)
	}
	e.offline = false
	sent := len(e.outbox)
	if e.underWay != nil {
		e.outbox = append(e.outbox, e.sent())
		g.resent++
	}
	e.flush()
	e.record(event{Open: &snapshot}, sent)
}

func newGarden(seed uint64, editors int) *garden {
	g := &garden{r: rand.New(rand.NewPCG(seed, 1)), text: newText()}
	for i := range editors {
		g.editors = append(g.editors, &editor{client: fmt.Sprint("e", i)})
	}
	return g
}

// work has editors make random changes, with random delays between all that happens.
func (g *garden) work(t *testing.T, changes int, breaks bool) {
	for made := 0; made < changes; {
		e := g.editors[g.r.IntN(len(g.editors))]
		switch n := g.r.IntN(20); {
		case n == 0 && breaks:
			g.cut(e)
		case n < 5:
			o := randomOperation(g.r, len(e.text))
			if len(e.text) > 400 {
				o = Operation{{Cut: 300}, {Keep: len(e.text) - 300}}
			}
			if len(o) == 0 || len(o) == 1 && o[0].Keep > 0 {
				continue // it changes nothing
			}
			sent := len(e.outbox)
			e.edit(o)
			e.record(event{Edit: o}, sent)
			made++
		default:
			g.deliver(t, e)
		}
		for _, e := range g.editors { // nobody is so slow that the history is too short
			for len(e.inbox) > maxHistory/4 {
				e.hear(e.inbox[0])
				e.inbox = e.inbox[1:]
			}
		}
	}
	for busy := true; busy; {
		busy = false
		for _, e := range g.editors {
			for len(e.inbox)+len(e.outbox) > 0 {
				g.deliver(t, e)
				busy = true
			}
		}
	}
}

func TestTwentyEditorsConverge(t *testing.T) {
	for seed := range uint64(1) {
		g := newGarden(seed, 20)
		g.work(t, 10_000, true)
		seqs := 0
		for _, e := range g.editors {
			if string(e.text) != string(g.text.Runes) || string(e.base) != string(e.text) || e.underWay != nil || e.gathered != nil {
				t.Errorf("seed %d: %s has %q, the server %q", seed, e.client, string(e.text), string(g.text.Runes))
			}
			seqs += e.seq
		}
		if g.text.Revision != seqs {
			t.Errorf("seed %d: %d changes were sent, and %d count", seed, seqs, g.text.Revision)
		}
		if g.resent == 0 {
			t.Error("nothing was sent twice")
		}
		t.Logf("seed %d: %d operations in %d changes, %d of them sent again; the text has %d characters", seed, 10_000, seqs, g.resent, len(g.text.Runes))
	}
}

func TestAChangeThatIsSentAgainCountsOnce(t *testing.T) {
	x := newText()
	c := Change{Client: "a", Seq: 1, Operation: Operation{{Insert: "once 🌱"}}}
	for i := range 3 {
		again := c
		if isNew, err := x.Make(&again); err != nil || isNew != (i == 0) {
			t.Fatal(isNew, err)
		}
	}
	if string(x.Runes) != "once 🌱" || x.Revision != 1 {
		t.Errorf("%q, revision %d", string(x.Runes), x.Revision)
	}
}

func TestRefusals(t *testing.T) {
	x := newText()
	seq := 0
	var made Change
	try := func(revision int, o Operation) error {
		seq++
		made = Change{Client: "a", Seq: seq, Revision: revision, Operation: o, Selection: [2]int{-1, 1 << 40}}
		_, err := x.Make(&made)
		return err
	}
	if err := try(0, Operation{{Insert: strings.Repeat("🌱", MaxText)}}); err != nil {
		t.Fatal(err)
	}
	if made.Selection != [2]int{0, MaxText} {
		t.Errorf("the selection is %v", made.Selection)
	}
	for want, err := range map[string]error{
		"The document is full: it holds 20000 characters.": try(1, Operation{{Insert: "x"}, {Keep: MaxText}}),
		"This is no change of this text":                   try(1, Operation{{Keep: 3}}),
		"The document has changed too much":                try(-1, Operation{{Keep: 3}}),
		"The document has changed too much since.":         try(7, Operation{{Keep: 3}}),
		"This is no change of this text, or has":           try(1, make(Operation, 3)),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if err := try(1, Operation{{Cut: MaxText}}); err != nil {
		t.Errorf("what makes room is refused: %v", err)
	}
}

// What is kept to transform changes over is bounded, in number and in size.
func TestHistoryIsBounded(t *testing.T) {
	x := newText()
	for i := range 3 * maxHistory {
		c := Change{Client: fmt.Sprint(i), Seq: 1, Revision: x.Revision, Operation: Operation{{Insert: "x"}}.Add(Step{Keep: len(x.Runes)})}
		if _, err := x.Make(&c); err != nil {
			t.Fatal(err)
		}
	}
	if len(x.History) != maxHistory {
		t.Errorf("%d changes are kept", len(x.History))
	}
	if _, err := x.Make(&Change{Client: "late", Seq: 1, Revision: 1, Operation: Operation{{Keep: 1}}}); err == nil {
		t.Errorf("a change too old is answered with %v", err)
	}
	for range 20 {
		long := strings.Repeat("y", 9_000)
		c := Change{Client: "long", Seq: x.Revision, Revision: x.Revision, Operation: Operation{{Insert: long}, {Cut: len(x.Runes)}}}
		if _, err := x.Make(&c); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(x.History); n > maxKept/9_000+1 {
		t.Errorf("%d long changes are kept", n)
	}
	if n := len(x.Last); n > 10*maxHistory+1 {
		t.Errorf("the last change of %d clients is known", n)
	}
}
