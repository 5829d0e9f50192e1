package board

import (
	_ "embed"
	"encoding/json"

	"github.com/briohq/brio/apps/site"
)

//go:embed drawings.json
var drawings []byte

// artist is a simulated person, who draws one object after the other and wipes what is old.
type artist struct {
	Person site.Person
	Script []struct {
		Delta     // one object, and what goes when it comes
		Rest  int // moments until the next one
	}
	First          int // steps that are done at once
	next, at, rest int // the step and the point that come next, and in how many moments
}

// artists reads who they are, and has each begin with a picture.
func (b *Boards) artists() (artists []*artist) {
	b.site.Warn("read the drawings", json.Unmarshal(drawings, &artists))
	for _, a := range artists {
		for ; a.next < a.First && !b.site.Quiet; a.rest = 0 {
			b.act(a)
		}
	}
	return artists
}

// act is a moment of a simulated person's: it draws on, or rests.
func (b *Boards) act(a *artist) {
	if a.rest--; a.rest > 0 {
		return
	}
	step := a.Script[a.next%len(a.Script)]
	o, part := *step.Put[0], *step.Put[0]
	part.Points = o.Points[a.at:min(a.at+7, len(o.Points))]
	end := part.Points[len(part.Points)-1]
	b.site.Warn("show a pen", Point.Emit(b.ns.To("#"+First).Volatile(), Hint{a.Person, [2]int16(end[:2]), &part, a.at}))
	if a.at += 7; a.at >= len(o.Points) {
		_ = b.edit(a.Person, Delta{Board: First, Put: []*Object{&o}, Drop: step.Drop}) // the board may be full
		a.next, a.at, a.rest = a.next+1, 0, step.Rest
	}
}
