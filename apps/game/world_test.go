package game

import (
	"math/rand/v2"
	"testing"
)

// The same seed and the same inputs make the same game, to the last number.
func TestDeterministic(t *testing.T) {
	play := func(seed uint64) *world {
		w, r := newWorld(seed), rand.New(rand.NewPCG(seed, 1))
		for range 600 {
			stepWith(w, func(i int) input { return input(r.Uint32()) })
		}
		return w
	}
	a, b, other := play(7), play(7), play(8)
	if a.frame != b.frame {
		t.Error("two games of one seed differ")
	}
	if a.frame == other.frame {
		t.Error("two games of two seeds do not differ")
	}
}

// Whatever is asked of ships, they stay in the arena, are no faster than a dash, and gather what they reach.
func TestRules(t *testing.T) {
	w, r := newWorld(1), rand.New(rand.NewPCG(1, 1))
	knocked, gathered := 0, int32(0)
	for range 2500 {
		before := w.frame
		stepWith(w, func(int) input { return input(r.Uint32()) })
		for i := range people + bots {
			is, was := &w.rows[i], &before.rows[i]
			if is[atX] < 0 || is[atX] > width || is[atY] < 0 || is[atY] > height {
				t.Fatalf("ship %d is at %d, %d", i, is[atX], is[atY])
			}
			if max(is[byX], -is[byX]) > 40*unit || max(is[byY], -is[byY]) > 40*unit {
				t.Fatalf("ship %d goes %d, %d in a step", i, is[byX], is[byY])
			}
			gathered = max(gathered, is[worth])
			if is[life] == -was[life] && is[life] < 0 {
				knocked++
				if is[worth] != 0 || w.rows[is[steer]][life] == 0 {
					t.Fatalf("ship %d was knocked out by %d and has %d notes", i, is[steer], is[worth])
				}
			}
			if was[life] < 0 && is[life] != was[life] && w.tick < was[ready] {
				t.Fatalf("ship %d is back before its time", i)
			}
		}
	}
	if knocked < 10 || gathered < 5 {
		t.Errorf("%d were knocked out, and the most had %d notes: the test is too tame", knocked, gathered)
	}
}

func TestTheFasterOneKnocksTheOtherOut(t *testing.T) {
	for name, test := range map[string]struct {
		a, b     row // they meet in a step
		aIn, bIn bool
	}{
		"a ship at rest":        {row{byX: 8 * unit}, row{}, true, false},
		"a slower one, head on": {row{byX: 8 * unit}, row{byX: -3 * unit}, true, false},
		"a faster one, head on": {row{byX: 3 * unit}, row{byX: -8 * unit}, false, true},
		"one that flees":        {row{byX: 9 * unit}, row{byX: 3 * unit}, true, false},
		"as fast, head on":      {row{byX: 8 * unit}, row{byX: -8 * unit}, true, true},
		"gently":                {row{byX: 2 * unit}, row{}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(1)
			for i, r := range []row{test.a, test.b} {
				r[atX], r[atY], r[worth], r[life] = (600+30*int32(i))*unit, 20*unit, 9, 1 // beside the staves
				w.rows[i] = r
			}
			w.step(&[people + bots]input{})
			a, b := &w.rows[0], &w.rows[1]
			if (a[life] > 0) != test.aIn || (b[life] > 0) != test.bIn {
				t.Fatalf("a flies: %v, b flies: %v", a[life] > 0, b[life] > 0)
			}
			switch {
			case test.aIn && test.bIn && (a[worth] != 9 || b[worth] != 9 || a[byX] >= test.a[byX]):
				t.Errorf("they bounce, and have %d and %d notes; a goes %d", a[worth], b[worth], a[byX])
			case test.aIn != test.bIn && a[worth]+b[worth] != 14:
				t.Errorf("they have %d and %d notes; want 14 and none", a[worth], b[worth])
			}
		})
	}
}

// stepWith makes a step of a game in which all ships are taken.
func stepWith(w *world, wish func(i int) input) {
	var inputs [people + bots]input
	for i := range inputs {
		if w.rows[i][life] == 0 {
			w.rows[i] = w.place(w.tick + 1)
		}
		inputs[i] = wish(i)
	}
	w.step(&inputs)
}
