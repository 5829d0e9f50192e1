package board

import (
	"cmp"
	"maps"
	"regexp"
	"slices"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/site"
)

// What a board holds.
const (
	Width, Height = 1600, 900 // of the paper
	MaxObjects    = 500       // then nothing more can be drawn
	MaxPoints     = 200       // of one stroke
	maxChanges    = 1000      // that can be undone, of all people
	maxKeys       = 1000      // that are known when they come again
	maxID         = 40        // bytes of an ID or a key
)

var (
	points = map[string]int{"stroke": MaxPoints, "line": 2, "arrow": 2, "rect": 2, "ellipse": 2, "text": 1}
	colors = []string{"ink", "pencil", "red", "green", "ochre", "blue", "violet"}
	label  = regexp.MustCompile(`^(\P{Cc}{0,79}\S)?$`)
)

// check refuses what is no object, or not on the paper.
func (o *Object) check() error {
	n := points[o.Kind]
	off := func(p [3]int16) bool { return min(p[0], p[1], p[2]) < 0 || p[0] > Width || p[1] > Height || p[2] > 200 }
	switch {
	case n == 0 || o.ID == "" || len(o.ID) > maxID || !slices.Contains(colors, o.Color) || o.Width < 1 || o.Width > 16:
		return brio.Errorf("Draw something of a known kind, color and width, with an ID of at most %d bytes.", maxID)
	case len(o.Points) == 0 || len(o.Points) > n || n < MaxPoints && len(o.Points) < n || slices.ContainsFunc(o.Points, off):
		return brio.Errorf("Stay on the paper, which is %d by %d, with at most %d points.", Width, Height, MaxPoints)
	case (o.Kind == "text") == (o.Text == "") || !label.MatchString(o.Text):
		return brio.Errorf("Write at most 80 characters, in one line.")
	}
	return nil
}

// moved returns the object elsewhere.
func (o Object) moved(by [2]int16) *Object {
	o.Points = slices.Clone(o.Points)
	for i, p := range o.Points {
		o.Points[i] = [3]int16{p[0] + by[0], p[1] + by[1], p[2]}
	}
	return &o
}

// sheet is a board without sockets. Its objects are told apart by their address: one that somebody has changed is
// another one, and one that is brought back is the same again.
type sheet struct {
	Version uint64
	Objects map[string]*Object
	Keys    []string // of the newest edits
	steps   []*step  // the oldest first
	stored  uint64   // the version in the database
}

// step is an edit as its person can undo it: of each object, by its ID, what it was before and after; nil if there was none.
type step struct {
	by      string
	changes map[string][2]*Object
	undone  bool
}

// edit does what somebody asks for, and returns what it came to: nil if it was done before.
func (s *sheet) edit(who site.Person, e Edit) (*Delta, error) {
	key := who.ID + " " + e.Key
	if slices.Contains(s.Keys, key) {
		return nil, nil
	}
	changes, of, err := s.plan(who, e)
	switch {
	case err != nil:
		return nil, err
	case len(changes) == 0 || len(key) > 2*maxID:
		return nil, brio.Errorf("There is nothing left to %s.", e.Do)
	case of != nil:
		of.undone = !of.undone
	case who.Role != simulated: // they undo nothing
		s.remember(&step{by: who.ID, changes: changes})
	}
	s.Version++
	s.Keys = append(s.Keys[max(0, len(s.Keys)-maxKeys+1):], key)
	d := &Delta{Board: e.Board, Version: s.Version, Key: e.Key}
	for id, c := range changes {
		if s.Objects[id] = c[1]; c[1] != nil {
			d.Put = append(d.Put, c[1])
		} else {
			delete(s.Objects, id)
			d.Drop = append(d.Drop, id)
		}
	}
	return d, nil
}

// plan finds out what an edit changes, and which step it undoes or redoes, if any.
func (s *sheet) plan(who site.Person, e Edit) (changes map[string][2]*Object, of *step, err error) {
	switch {
	case e.Do == "undo" || e.Do == "redo":
		changes, of = s.again(who.ID, e.Do == "undo")
		return changes, of, nil
	case e.Do == "draw" && (e.Object == nil || s.Objects[e.Object.ID] != nil):
		return nil, nil, brio.Errorf("Draw an object whose ID is not on the board yet.")
	case e.Do == "draw" && len(s.Objects) >= MaxObjects:
		return nil, nil, brio.Errorf("The board is full. Clear something first.")
	case e.Do == "draw":
		o := *e.Object
		o.By, o.Z = who, s.Version+1
		return map[string][2]*Object{o.ID: {nil, &o}}, nil, o.check()
	case e.Do == "clear":
		e.IDs = slices.Collect(maps.Keys(s.Objects))
	}
	changes = map[string][2]*Object{}
	for _, id := range e.IDs {
		switch o := s.Objects[id]; {
		case o != nil && e.Do == "move":
			changes[id] = [2]*Object{o, o.moved(e.By)}
			err = cmp.Or(err, changes[id][1].check())
		case o != nil && (e.Do == "erase" || e.Do == "clear"):
			changes[id] = [2]*Object{o, nil}
		}
	}
	return changes, nil, err
}

// again finds what undoes the newest of somebody's steps, or redoes the one undone last. What others have changed since
// stays as it is.
func (s *sheet) again(who string, undo bool) (map[string][2]*Object, *step) {
	steps := slices.Clone(s.steps)
	if undo {
		slices.Reverse(steps)
	}
	for _, of := range steps {
		changes := map[string][2]*Object{}
		for id, c := range of.changes {
			if undo {
				c[0], c[1] = c[1], c[0]
			}
			if of.by == who && of.undone != undo && s.Objects[id] == c[0] {
				changes[id] = c
			}
		}
		if len(changes) > 0 {
			return changes, of
		}
	}
	return nil, nil
}

// remember keeps a new step as long as there is room. What its person has undone is gone for good.
func (s *sheet) remember(new *step) {
	s.steps = append(slices.DeleteFunc(s.steps, func(each *step) bool { return each.by == new.by && each.undone }), new)
	for i, n := len(s.steps)-1, 0; i >= 0; i-- {
		if n += len(s.steps[i].changes); n > maxChanges {
			s.steps = slices.Delete(s.steps, 0, i+1)
			return
		}
	}
}
