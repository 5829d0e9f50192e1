package doc

import (
	_ "embed"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/briohq/brio/apps/site"
)

// script has a line for each thing that simulated people do: who|where|cut|write, and ~
// for a new line. Those that only cut, at its end, tidy up for the next time.
//
//go:embed script.txt
var script string

var (
	lines = strings.Split(strings.TrimSpace(strings.ReplaceAll(script, "~", "\v")), "\n")
	tidy  = slices.IndexFunc(lines, func(line string) bool { return strings.HasSuffix(line, "|") })
)

// bots are simulated people who keep the minutes, letter by letter. They touch only
// words of their own, and only while these are as they left them.
type bots struct {
	names []string // of those who are there
	next  int      // of the lines
	hands []*hand
}

// hand is somebody at the keyboard.
type hand struct {
	who        string
	cut, write []rune // first to be removed before the cursor, then to be written there
	corrects   bool
	wait       int // ticks until the next letter
}

func (b *bots) people(t *text) []Person {
	people := make([]Person, len(b.names))
	for i, name := range b.names {
		people[i] = Person{Person: site.Person{ID: name, Name: name}, Client: name, Selection: t.selections[name], Simulated: true}
	}
	return people
}

// simulate is one tick.
func (d *Doc) simulate(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	b, t := &d.bots, d.texts[home]
	if b.names = nil; on {
		b.names = []string{"Ines", "Jonas", "Mira", "Teo"}
		b.hands = slices.DeleteFunc(b.hands, func(h *hand) bool { h.wait--; return h.wait < 0 && !d.strike(t, h) })
		b.begin(t)
	}
}

// begin puts somebody at the next line of the script. One may correct while another
// writes.
func (b *bots) begin(t *text) {
	step := strings.Split(strings.ReplaceAll(lines[b.next%len(lines)], "\v", "\n"), "|")
	who, where, cut, write := step[0], step[1], step[2], step[3]
	if slices.ContainsFunc(b.hands, func(h *hand) bool { return h.who == who || h.corrects == (cut != "") }) {
		return
	}
	whole, find := string(t.runes)+"\n", where+cut
	if write == "" {
		find += "\n" // whole lines only
	}
	i := strings.LastIndex(whole, find)
	if i < 0 || write != "" {
		b.next++ // else there may be another one to tidy up
	}
	at := len(t.runes)
	if i >= 0 {
		at = min(at, utf8.RuneCountInString(whole[:i+len(where+cut)]))
	} else if cut != "" {
		return
	}
	t.selections[who] = [2]int{at, at}
	b.hands = append(b.hands, &hand{who, []rune(cut), []rune(write), cut != "", 4 + rand.IntN(12)})
}

// strike is one letter, and reports whether there is another one to come.
func (d *Doc) strike(t *text, h *hand) bool {
	at := t.selections[h.who][1]
	from, insert := at, ""
	switch {
	case len(h.cut) > 0:
		if from = at - len(h.cut); from < 0 || !slices.Equal(t.runes[from:at], h.cut) {
			return false // somebody else has been there
		}
		if len(h.write) > 0 {
			from = at - 1
		}
		h.cut = h.cut[:len(h.cut)-(at-from)]
	case len(h.write) > 0:
		insert, h.write = string(h.write[0]), h.write[1:]
	default:
		return false
	}
	o := Operation{}.add(Step{Keep: from}).add(Step{Cut: at - from}).add(Step{Insert: insert}).add(Step{Keep: len(t.runes) - at})
	caret := from + len([]rune(insert))
	h.wait = rand.IntN(2)
	return d.change(t, Change{Doc: home, Client: h.who, Seq: t.Last[h.who][0] + 1, Revision: t.Revision, Operation: o, Selection: [2]int{caret, caret}}) == nil
}

// finish lets those who write finish.
func (d *Doc) finish() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, h := range d.bots.hands {
		for d.strike(d.texts[home], h) {
		}
	}
	d.bots.hands = nil
}
