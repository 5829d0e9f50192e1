package doc

import (
	_ "embed"
	"math/rand/v2"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/briohq/brio/apps/doc/ot"
	"github.com/briohq/brio/apps/site"
)

// script has the two parts that simulated people play at once. A line is who|where|cut|write,
// ~ for a new line. Those that only cut, at the end of a part, tidy up for the next time.
//
//go:embed script.txt
var script string

var (
	parts = strings.Split(strings.TrimSpace(script), "\n\n")
	bots  = []string{"Ines", "Jonas", "Mira", "Teo"}
)

// part is how far they are with a part: so many letters of a line.
type part struct{ line, letters, wait int }

// simulate is one tick.
func (d *Doc) simulate(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.texts[home]
	for _, bot := range bots {
		if _, here := t.people[bot]; here != on {
			d.site.Warn("tell", d.tell(t, Change{Change: ot.Change{Client: bot}, Doc: home, Who: site.Person{ID: bot, Name: bot, Role: "simulated"}, Gone: !on}))
		}
	}
	for i := range d.parts {
		if p := &d.parts[i]; on {
			if p.wait--; p.wait < 0 && !d.play(t, p, strings.Split(parts[i], "\n")) {
				*p = part{p.line + 1, 0, 4 + rand.IntN(12)}
			}
		}
	}
}

// play cuts or writes a letter, and reports whether there is more to do in that line.
// What was there must be as it was left: nothing of anybody else's is ever cut.
func (d *Doc) play(t *text, p *part, lines []string) bool {
	line := strings.Split(strings.ReplaceAll(lines[p.line%len(lines)], "~", "\n"), "|")
	c, cut, write := t.people[line[0]], []rune(line[2]), []rune(line[3])
	own := string(slices.Concat(cut[:max(0, len(cut)-p.letters)], write[:max(0, p.letters-len(cut))]))
	at := c.Selection[1]
	if p.letters == 0 {
		whole := string(t.Runes)
		if i := strings.LastIndex(whole, line[1]+own); i >= 0 {
			whole = whole[:i+len(line[1]+own)]
		}
		at = utf8.RuneCountInString(whole)
	}
	from, insert := at, ""
	switch {
	case p.letters == len(cut)+len(write) || !strings.HasSuffix(string(t.Runes[:at]), own):
		return false
	case len(write) == 0:
		from, p.letters = at-len(cut), len(cut)-1
	case p.letters < len(cut):
		from = at - 1
	default:
		insert = string(write[p.letters-len(cut)])
	}
	p.letters, p.wait = p.letters+1, rand.IntN(2)
	c.Operation = ot.Operation{}.Add(ot.Step{Keep: from}).Add(ot.Step{Cut: at - from}).Add(ot.Step{Insert: insert}).Add(ot.Step{Keep: len(t.Runes) - at})
	c.Selection = [2]int{from + len([]rune(insert)), from + len([]rune(insert))}
	c.Seq, c.Revision = t.Last[c.Client][0]+1, t.Revision
	return d.change(t, c) == nil
}

// begin is for a text that others are yet to see: an empty one is begun, another one
// tidied up.
func (d *Doc) begin() {
	for i := range d.parts {
		if len(d.texts[home].Runes) > 0 {
			d.parts[i].line = slices.IndexFunc(strings.Split(parts[i], "\n"), func(line string) bool { return strings.HasSuffix(line, "|") })
		}
	}
	for range 250 {
		d.simulate(!d.site.Quiet)
	}
}
