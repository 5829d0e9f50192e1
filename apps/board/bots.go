package board

import (
	"crypto/rand"
	_ "embed"
	"encoding/json"

	"github.com/briohq/brio/apps/site"
)

//go:embed drawings.json
var drawings []byte

const simulated = "simulated" // the role of simulated people: no pass has it

// artist is a simulated person with pictures to draw, one after the other.
type artist struct {
	Person         site.Person
	Pictures       [][]*Object
	Rest           int // moments until it goes on
	turn, next, at int // the picture, the object and the point that come next
}

// artists reads who they are, and has each draw the first picture at once.
func (b *Boards) artists() (artists []*artist) {
	if err := json.Unmarshal(drawings, &artists); err != nil {
		panic(err) // the file is part of the program
	}
	for _, a := range artists {
		for rest := a.Rest; a.turn == 0 && !b.site.Quiet; a.Rest = rest {
			a.Rest = 0
			b.act(a)
		}
	}
	return artists
}

// act is a moment of a simulated person's: it draws on, or rests. A new picture takes the place of the one before the last.
func (b *Boards) act(a *artist) {
	if a.Rest--; a.Rest > 0 {
		return
	}
	picture, last := a.Pictures[a.turn%len(a.Pictures)], a.Pictures[(a.turn+len(a.Pictures)-1)%len(a.Pictures)]
	o := *picture[a.next]
	edit := Edit{Board: First, Key: rand.Text(), Do: "erase"}
	for _, other := range a.Pictures {
		for i := 0; a.next+a.at == 0 && i < len(other) && other[0] != last[0]; i++ {
			edit.IDs = append(edit.IDs, other[i].ID)
		}
	}
	_ = b.edit(a.Person, edit) // there may be nothing to wipe
	part := o
	part.Points = o.Points[a.at:min(a.at+7, len(o.Points))]
	end := part.Points[len(part.Points)-1]
	hint := Hint{Who: a.Person, At: [2]int16{end[0], end[1]}, Object: &part, From: a.at}
	b.site.Warn("show a pen", Doing.Emit(b.ns.To("#"+First).Volatile(), hint))
	if a.at += len(part.Points); a.at < len(o.Points) {
		return
	}
	_ = b.edit(a.Person, Edit{Board: First, Key: rand.Text(), Do: "draw", Object: &o}) // the board may be full
	a.next, a.at, a.Rest = a.next+1, 0, 3+a.next%3
	if a.next == len(picture) {
		a.turn, a.next, a.Rest = a.turn+1, 0, 25
	}
}
