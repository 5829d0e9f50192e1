package doc

import (
	_ "embed"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/briohq/brio/apps/site"
)

// script is what simulated people do: who|where|cut|write, ~ for a new line. The lines
// that only cut, at its end, tidy up for the next time.
//
//go:embed script.txt
var script string

var (
	lines = strings.Split(strings.TrimSpace(script), "\n")
	tidy  = slices.IndexFunc(lines, func(line string) bool { return strings.HasSuffix(line, "|") })
)

// hand is somebody at the keyboard.
type hand struct {
	who, cut, write string // first to be removed before the cursor, then to be written there
	wait            int    // ticks until the next letter
}

// bots keep the minutes, letter by letter. They touch only words of their own, and only
// while these are as they left them. One of them writes while another one corrects.
type bots struct {
	next  int // line of the script
	hands [2]hand
}

// simulate is one tick.
func (d *Doc) simulate(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.texts[home]
	for _, bot := range []string{"Ines", "Jonas", "Mira", "Teo"} {
		if _, here := t.people[bot]; here != on {
			d.site.Warn("tell", d.tell(t, Change{Doc: home, Client: bot, Who: site.Person{ID: bot, Name: bot, Role: "simulated"}, Gone: !on}))
		}
	}
	for i := range d.bots.hands {
		if h := &d.bots.hands[i]; on && h.cut+h.write != "" {
			d.strike(t, h)
		}
	}
	if on {
		d.bots.begin(t)
	}
}

// begin puts somebody at the next line.
func (b *bots) begin(t *text) {
	line := strings.Split(strings.ReplaceAll(lines[b.next%len(lines)], "~", "\n"), "|")
	next, find := hand{line[0], line[2], line[3], 4 + rand.IntN(12)}, line[1]+line[2]
	mine, other := min(len(next.cut), 1), b.hands[1-min(len(next.cut), 1)]
	if b.hands[mine].cut+b.hands[mine].write != "" || other.who == next.who && other.cut+other.write != "" {
		return // they are still at it
	}
	whole := string(t.runes) + "\n"
	i, at := strings.LastIndex(whole, find), len(t.runes)
	if next.write == "" {
		i = strings.LastIndex(whole, find+"\n") // only whole lines
	}
	if i < 0 || next.write != "" {
		b.next++ // else there may be another one to tidy up
	}
	if i >= 0 && find != "" {
		at = utf8.RuneCountInString(whole[:i+len(find)])
	} else if next.cut != "" {
		return
	}
	p := t.people[next.who]
	p.Selection = [2]int{at, at}
	t.people[next.who], b.hands[mine] = p, next
}

// strike is one letter.
func (d *Doc) strike(t *text, h *hand) {
	if h.wait--; h.wait >= 0 {
		return
	}
	h.wait = rand.IntN(2)
	at := t.people[h.who].Selection[1]
	from, cut, write, insert := at, []rune(h.cut), []rune(h.write), ""
	switch {
	case len(cut) == 0:
		insert, h.write = string(write[:1]), string(write[1:])
	case at < len(cut) || string(t.runes[at-len(cut):at]) != h.cut:
		*h = hand{} // somebody else has been there
		return
	case len(write) > 0:
		from, h.cut = at-1, string(cut[:len(cut)-1])
	default:
		from, h.cut = at-len(cut), ""
	}
	o := Operation{}.add(Step{Keep: from}).add(Step{Cut: at - from}).add(Step{Insert: insert}).add(Step{Keep: len(t.runes) - at})
	at = from + utf8.RuneCountInString(insert)
	c := Change{Doc: home, Client: h.who, Who: t.people[h.who].Who, Seq: t.Last[h.who][0] + 1, Revision: t.Revision, Operation: o, Selection: [2]int{at, at}}
	if d.change(t, c) != nil {
		*h = hand{} // the document is full
	}
}
