package ot

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func drawText(t *rapid.T) []rune {
	return []rune(rapid.StringOfN(rapid.SampledFrom([]rune("ab \né🌱👩\u200d🌾")), 0, 30, -1).Draw(t, "text"))
}

func drawOperation(t *rapid.T, name string, length int) Operation {
	seed := rapid.Uint64().Draw(t, name)
	return randomOperation(rand.New(rand.NewPCG(seed, 0)), length)
}

// Whichever of two operations comes first, the other one after it leads to the same
// text: transformation property 1, without which texts don't converge.
func TestTransformationLeadsToOneText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawText(t)
		a, b := drawOperation(t, "a", len(text)), drawOperation(t, "b", len(text))
		ab := b.Over(a, true).Apply(a.Apply(text))
		ba := a.Over(b, false).Apply(b.Apply(text))
		if string(ab) != string(ba) {
			t.Fatalf("%q: first %v, then %v is %q; the other way round it is %q", string(text), a, b, string(ab), string(ba))
		}
	})
}

// Transforming over two operations is transforming over the one that they compose.
func TestTransformationOverWhatIsComposed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawText(t)
		a := drawOperation(t, "a", len(text))
		b := drawOperation(t, "b", a.after())
		both := compose(a, b)
		if got, want := string(both.Apply(text)), string(b.Apply(a.Apply(text))); got != want {
			t.Fatalf("composed, they make %q, one by one %q", got, want)
		}
		if n := both.length(); n != len(text) {
			t.Fatalf("composed, they are for a text of %d, want %d", n, len(text))
		}
	})
}

// A place stays between the same two characters, if these stay.
func TestPlacesMoveWithTheText(t *testing.T) {
	for _, c := range []struct {
		what     string
		o        Operation
		at, want int
	}{
		{"nothing", Operation{{Keep: 5}}, 3, 3},
		{"inserted before", Operation{{Keep: 1}, {Insert: "🌱🌱"}, {Keep: 4}}, 3, 5},
		{"inserted there", Operation{{Keep: 3}, {Insert: "x"}, {Keep: 2}}, 3, 3},
		{"cut before", Operation{{Cut: 2}, {Keep: 3}}, 3, 1},
		{"cut around", Operation{{Keep: 1}, {Cut: 4}}, 3, 1},
		{"cut behind", Operation{{Keep: 3}, {Cut: 2}}, 3, 3},
	} {
		if got := c.o.Move([2]int{c.at, 0})[0]; got != c.want {
			t.Errorf("%s: at %d, want %d", c.what, got, c.want)
		}
	}
}

func TestNonsenseIsNoOperation(t *testing.T) {
	for _, o := range []Operation{
		{{}}, {{Keep: -1}}, {{Cut: -1}}, {{Keep: 1, Cut: 1}}, {{Keep: 1, Insert: "a"}}, {{Insert: "\x00"}}, {{Insert: "\r"}},
		{{Keep: MaxText}, {Keep: 1}}, {{Keep: int(^uint(0) >> 1)}, {Keep: int(^uint(0) >> 1)}}, make(Operation, maxSteps+1),
	} {
		if n := o.length(); n != -1 {
			t.Errorf("%.40v is for a text of %d", o, n)
		}
	}
	if diff := cmp.Diff(5, Operation{{Keep: 2}, {Insert: "a\n\té"}, {Cut: 3}}.length()); diff != "" {
		t.Error(diff)
	}
}
