package board

import (
	"slices"
	"strings"
	"testing"

	"github.com/briohq/brio/apps/site"
)

var ada, bob = site.Person{ID: "ada", Name: "Ada"}, site.Person{ID: "bob", Name: "Bob"}

func newSheet() *sheet { return &sheet{Objects: map[string]*Object{}} }

func line(id string, x int16) *Object {
	return &Object{ID: id, Kind: "line", Color: "ink", Width: 2, Points: [][3]int16{{x, 10}, {x + 10, 20}}}
}

// keys makes a new key for each edit.
var keys int

func do(t *testing.T, s *sheet, who site.Person, e Delta) *Delta {
	t.Helper()
	keys++
	e.Key = strings.Repeat("k", keys%7) + string(rune('a'+keys%26)) + who.ID + e.Key + string(rune(0x100+keys))
	d, err := s.edit(who, e)
	if err != nil || d == nil {
		t.Fatalf("%s: %+v: %v, %v", who.Name, e, d, err)
	}
	return d
}

func refused(t *testing.T, s *sheet, who site.Person, e Delta, want string) {
	t.Helper()
	keys++
	e.Key = string(rune(0x100 + keys))
	before := s.Version
	if _, err := s.edit(who, e); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %+v is answered with %v, want %q", who.Name, e, err, want)
	}
	if s.Version != before {
		t.Errorf("%s: %+v is refused, and changes the board", who.Name, e)
	}
}

// shows fails unless the board has the objects, each with its left end: "a10 b20".
func shows(t *testing.T, s *sheet, want string) {
	t.Helper()
	var have []string
	for id, o := range s.Objects {
		have = append(have, id+strings.TrimLeft(string([]byte{'0' + byte(o.Points[0][0]/10)}), "0"))
	}
	slices.Sort(have)
	if got := strings.Join(have, " "); got != want {
		t.Errorf("the board shows %q, want %q", got, want)
	}
}

func put(o *Object) Delta      { return Delta{Put: []*Object{o}} }
func drop(ids ...string) Delta { return Delta{Drop: ids} }
func move(id string, x int16) Delta {
	o := line(id, x)
	o.Z = 1
	return put(o)
}

var undo, redo = Delta{Do: "undo"}, Delta{Do: "redo"}

func TestUndoAndRedo(t *testing.T) {
	s := newSheet()
	refused(t, s, ada, undo, "nothing left to undo")
	do(t, s, ada, put(line("a", 10)))
	do(t, s, bob, put(line("b", 10)))
	do(t, s, ada, move("a", 20))
	shows(t, s, "a2 b1")
	do(t, s, ada, undo)
	shows(t, s, "a1 b1")
	do(t, s, ada, undo)
	shows(t, s, "b1")
	refused(t, s, ada, undo, "nothing left to undo") // though bob drew since
	do(t, s, ada, redo)
	do(t, s, ada, redo)
	shows(t, s, "a2 b1")
	refused(t, s, ada, redo, "nothing left to redo")

	do(t, s, ada, undo)
	do(t, s, ada, put(line("c", 30)))
	refused(t, s, ada, redo, "nothing left to redo") // she has gone another way
	shows(t, s, "a1 b1 c3")
}

// What somebody else has changed since is left as it is, until they take that back.
func TestUndoLeavesWhatOthersHaveChanged(t *testing.T) {
	s := newSheet()
	do(t, s, ada, put(line("a", 10)))
	do(t, s, ada, put(line("b", 10)))
	do(t, s, bob, move("b", 50))
	do(t, s, ada, undo) // of the step before
	shows(t, s, "b5")
	refused(t, s, ada, undo, "nothing left")
	do(t, s, bob, undo)
	shows(t, s, "b1")
	do(t, s, ada, undo)
	shows(t, s, "")
	refused(t, s, bob, redo, "nothing left")
}

func TestClearIsUndone(t *testing.T) {
	s := newSheet()
	do(t, s, ada, put(line("a", 10)))
	do(t, s, bob, put(line("b", 20)))
	d := do(t, s, bob, drop("a", "b", "b", "gone"))
	if slices.Sort(d.Drop); !slices.Equal(d.Drop, []string{"a", "b"}) {
		t.Errorf("the delta drops %q", d.Drop)
	}
	do(t, s, ada, put(line("c", 30)))
	if d := do(t, s, bob, undo); len(d.Put) != 2 || s.Objects["a"].By != ada {
		t.Errorf("undone: %+v", d)
	}
	shows(t, s, "a1 b2 c3")
	refused(t, s, ada, drop("gone"), "nothing left to change")
	do(t, s, ada, drop("a"))
	refused(t, s, bob, move("a", 70), "nothing left to change") // ada has erased it meanwhile: it does not come back
}

func TestAnEditThatComesTwiceIsOne(t *testing.T) {
	s := newSheet()
	for i := range 3 {
		d, err := s.edit(ada, Delta{Key: "same", Put: []*Object{line("a", 10)}})
		if err != nil || (d == nil) != (i > 0) {
			t.Errorf("time %d: %+v, %v", i, d, err)
		}
	}
	if d, err := s.edit(bob, Delta{Key: "same", Put: []*Object{line("b", 10)}}); d == nil || err != nil {
		t.Errorf("bob's key is his own: %v, %v", d, err)
	}
	for i := range 2 * maxKeys {
		do(t, s, ada, move("a", int16(10+i%50*10)))
	}
	if len(s.Keys) != maxKeys {
		t.Errorf("%d keys are kept", len(s.Keys))
	}
}

func TestWhatThereIsRoomFor(t *testing.T) {
	s := newSheet()
	for i := range maxObjects {
		do(t, s, ada, put(line("a"+string(rune(0x1000+i)), 10)))
	}
	refused(t, s, bob, put(line("b", 10)), "The board is full. Clear something first.")
	all := drop()
	for id := range s.Objects {
		all.Drop = append(all.Drop, id)
	}
	do(t, s, bob, all)
	do(t, s, bob, put(line("b", 10)))
	do(t, s, bob, undo)
	do(t, s, bob, undo)
	if len(s.Objects) != maxObjects {
		t.Errorf("%d objects are back", len(s.Objects))
	}
	for range 3 * maxChanges {
		do(t, s, bob, move("a"+string(rune(0x1000)), 10))
	}
	n := 0
	for _, each := range s.steps {
		n += len(each.did)
	}
	if n > maxChanges {
		t.Errorf("%d changes can be undone", n)
	}
}

func TestNoObjects(t *testing.T) {
	for name, spoil := range map[string]func(o *Object){
		"no id":              func(o *Object) { o.ID = "" },
		"a long id":          func(o *Object) { o.ID = strings.Repeat("x", maxID+1) },
		"a strange kind":     func(o *Object) { o.Kind = "circle" },
		"a strange color":    func(o *Object) { o.Color = "url(x)" },
		"no width":           func(o *Object) { o.Width = 0 },
		"too wide":           func(o *Object) { o.Width = 17 },
		"one point":          func(o *Object) { o.Points = o.Points[:1] },
		"no points":          func(o *Object) { o.Kind, o.Points = "stroke", nil },
		"too many points":    func(o *Object) { o.Kind, o.Points = "stroke", make([][3]int16, maxPoints+1) },
		"beside the paper":   func(o *Object) { o.Points[1][0] = wide + 1 },
		"below the paper":    func(o *Object) { o.Points[1][1] = -1 },
		"a stroke too wide":  func(o *Object) { o.Points[1][2] = 201 },
		"text of a line":     func(o *Object) { o.Text = "x" },
		"an empty text":      func(o *Object) { o.Kind, o.Points = "text", o.Points[:1] },
		"text with a break":  func(o *Object) { o.Kind, o.Points, o.Text = "text", o.Points[:1], "a\nb" },
		"text without end":   func(o *Object) { o.Kind, o.Points, o.Text = "text", o.Points[:1], strings.Repeat("ä", 81) },
		"text of spaces":     func(o *Object) { o.Kind, o.Points, o.Text = "text", o.Points[:1], "  " },
		"text of two points": func(o *Object) { o.Kind, o.Text = "text", "x" },
	} {
		o := line("a", 10)
		if spoil(o); o.check() == nil {
			t.Errorf("%s: taken for an object", name)
		}
	}
	if (*Object)(nil).check() == nil {
		t.Error("nothing is taken for an object")
	}
	stroke := &Object{ID: "a", Kind: "stroke", Color: "red", Width: 4, Points: make([][3]int16, maxPoints)}
	label := &Object{ID: "a", Kind: "text", Color: "blue", Width: 8, Points: make([][3]int16, 1), Text: strings.Repeat("ä", 80)}
	for _, o := range []*Object{line("a", wide-10), stroke, label} {
		if err := o.check(); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
