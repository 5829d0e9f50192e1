package game

import (
	"math"
	"math/rand/v2"
)

const (
	people, bots, notes = 30, 50, 120
	rate, every         = 30, 2 // steps a second, and to a snapshot
	unit                = 64    // all is in whole numbers of 1/64 px: the same on every machine, here and in world.js
	width, height       = 2400 * unit, 1600 * unit
	radius, reach       = 16 * unit, 26 * unit // of a ship: for others, and for notes
	hard, pause         = 4 * unit, 2 * rate   // how fast ships close in for a knock-out; steps to the return, or the next dash
)

// row is a ship or a note, in numbers. Those that change often come first: see appendSnapshot.
type row [9]int32

const (
	atX, atY, byX, byY = 0, 1, 2, 3 // where it is, and how far it goes in a step
	steer, heard       = 4, 5       // the input it follows, or the ship that knocked it out; that input's number
	worth, ready, life = 6, 7, 8    // its notes; when it may dash, or returns; its launch, negative while it is out
	thrust, dash       = input(64), input(128)
)

// frame is all there is to see: ships of people, ships of simulated people, notes. A ship without a life is nobody's.
type frame struct {
	tick int32
	rows [people + bots + notes]row
}

// input is what somebody may wish for one step. Every byte is one: 64 headings, clockwise from the right, thrust, dash.
type input byte

// world is the arena and its rules, without sockets: the same for the same seed and inputs.
type world struct {
	frame
	rand *rand.Rand
}

func newWorld(seed uint64) *world {
	w := &world{rand: rand.New(rand.NewPCG(seed, 0))}
	for i := people + bots; i < len(w.rows); i++ {
		w.rows[i] = w.place(0)
	}
	return w
}

// place puts a note, or a ship that is launched, somewhere on a stave of the floor.
func (w *world) place(launch int32) row {
	return row{atX: radius + w.rand.Int32N(width-2*radius), atY: (40 + 160*w.rand.Int32N(10) + 8*w.rand.Int32N(11)) * unit, life: launch}
}

// step moves all on.
func (w *world) step(inputs *[people + bots]input) {
	w.tick++
	for i, in := range inputs {
		if r := &w.rows[i]; r[life] > 0 {
			r.glide(in, w.tick)
		} else if r[life] < 0 && w.tick >= r[ready] {
			*r = w.place(w.tick)
		}
	}
	for i := range inputs {
		for j := i + 1; j < len(w.rows) && w.rows[i][life] > 0; j++ {
			if d := distance(&w.rows[i], &w.rows[j]); j >= people+bots && d < reach {
				w.rows[i][worth]++
				w.rows[j] = w.place(0)
			} else if d < 2*radius && w.rows[j][life] > 0 {
				w.bump(i, j, max(1, int32(d)))
			}
		}
	}
}

// glide is what a page does, too, to show its own ship before the server has answered.
func (r *row) glide(in input, tick int32) {
	sin, cos := math.Sincos(float64(in%64) * math.Pi / 32)
	dx, dy := int32(math.Round(32*cos)), int32(math.Round(32*sin))
	r[steer] = int32(in)
	if in&dash != 0 && tick >= r[ready] {
		r[byX], r[byY], r[ready] = r[byX]+12*dx, r[byY]+12*dy, tick+pause
	}
	if in&thrust != 0 {
		r[byX], r[byY] = r[byX]+dx, r[byY]+dy
	}
	r[atX], r[byX] = slide(r[atX], r[byX], width)
	r[atY], r[byY] = slide(r[atY], r[byY], height)
}

// slide goes on, a little slower, between walls off which one bounces with half the speed.
func slide(at, by, far int32) (int32, int32) {
	by -= by/24 + min(1, max(-1, by))
	if to := min(max(at+by, radius), far-radius); to != at+by {
		return to, -by / 2
	}
	return at + by, by
}

func distance(a, b *row) float64 {
	dx, dy := float64(b[atX]-a[atX]), float64(b[atY]-a[atY])
	return math.Sqrt(dx*dx + dy*dy)
}

// bump lets two ships bounce, or the faster one knock out the other: half the notes go over, the rest are lost.
func (w *world) bump(i, j int, d int32) {
	a, b := &w.rows[i], &w.rows[j]
	dx, dy := b[atX]-a[atX], b[atY]-a[atY]
	into, against := (a[byX]*dx+a[byY]*dy)/d, -(b[byX]*dx+b[byY]*dy)/d
	if into+against < hard || into == against {
		by := max(unit, into+against)
		a[byX], a[byY], b[byX], b[byY] = a[byX]-by*dx/d, a[byY]-by*dy/d, b[byX]+by*dx/d, b[byY]+by*dy/d
		return
	}
	if against > into {
		a, b, i = b, a, j
	}
	a[worth] += (b[worth] + 1) / 2
	b[byX], b[byY], b[steer], b[worth], b[ready], b[life] = 0, 0, int32(i), 0, w.tick+pause, -b[life]
}

// think steers a simulated ship to the nearest note, and now and then lets it dash.
func (w *world) think(i int) input {
	me, nearest, in := &w.rows[i], math.Inf(1), thrust
	for j := people + bots; j < len(w.rows); j++ {
		if d := distance(me, &w.rows[j]); d < nearest && (i+j)%3 > 0 { // not all want the same
			x, y := w.rows[j][atX]-me[atX]-9*me[byX], w.rows[j][atY]-me[atY]-9*me[byY] // it glides on for a while
			nearest, in = d, thrust|input(math.Round(math.Atan2(float64(y), float64(x))*32/math.Pi)+64)%64
		}
	}
	if w.rand.IntN(200) == 0 {
		in |= dash
	}
	return in
}
