package board

import (
	"cmp"
	"regexp"
	"slices"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/site"
)

// What there is room for.
const (
	maxBoards, maxObjects, maxPoints = 16, 500, 200 // of one stroke
	wide, high                       = 1600, 900    // of the paper
	maxChanges, maxKeys              = 600, 300     // that can be undone, by all together, and that are known again
	maxID                            = 40           // bytes of an ID or a key
	First                            = "studio"     // the board of the simulated people
	simulated                        = "simulated"  // their role, which no pass has
)

var (
	points = map[string]int{"stroke": maxPoints, "line": 2, "arrow": 2, "rect": 2, "ellipse": 2, "text": 1}
	colors = []string{"ink", "pencil", "red", "green", "ochre", "blue", "violet"}
	label  = regexp.MustCompile(`^(\P{Cc}*\S)?$`)
	named  = regexp.MustCompile(`^[\p{Ll}\p{Lo}\p{N}-]+$`)
)

// check refuses what is no object, or not on the paper.
func (o *Object) check() error {
	off := func(p [3]int16) bool { return min(p[0], p[1], p[2]) < 0 || p[0] > wide || p[1] > high || p[2] > 200 }
	switch {
	case o == nil || points[o.Kind] == 0 || o.ID == "" || len(o.ID) > maxID || !slices.Contains(colors, o.Color) || o.Width < 1 || o.Width > 16,
		(o.Kind == "text") == (o.Text == "") || !label.MatchString(o.Text) || len([]rune(o.Text)) > 80:
		return brio.Errorf("Draw a stroke, a shape or 1 to 80 characters, in a known color and width, with an ID of at most %d bytes.", maxID)
	case len(o.Points) != points[o.Kind] && (o.Kind != "stroke" || len(o.Points)-1 >= maxPoints) || len(o.Points) == 0 || slices.ContainsFunc(o.Points, off):
		return brio.Errorf("Stay on the paper, which is %d by %d, with at most %d points.", wide, high, maxPoints)
	}
	return nil
}

// sheet is a board without sockets. Its objects are told apart by their address: one that somebody has changed is
// another one, and one that is brought back is the same again.
type sheet struct {
	Version uint64
	Objects map[string]*Object
	Keys    []string // of the newest edits
	steps   []*step  // the oldest first
}

// step is an edit as its person can undo it: what each object was before, and what it became. Nil is none.
type step struct {
	by     string
	did    map[string][2]*Object
	undone bool
}

// edit does what somebody asks for, and returns what it came to: nil if it was done before.
func (s *sheet) edit(who site.Person, e Delta) (*Delta, error) {
	key := who.ID + " " + e.Key
	if slices.Contains(s.Keys, key) {
		return nil, nil
	}
	did, of, err := s.plan(who, e)
	switch {
	case err != nil:
		return nil, err
	case len(did) == 0 || len(key) > 2*maxID:
		return nil, brio.Errorf("There is nothing left to %s.", cmp.Or(e.Do, "change"))
	case of != nil:
		of.undone = !of.undone
	case who.Role != simulated: // they undo nothing
		s.remember(&step{by: who.ID, did: did})
	}
	if who.Role != simulated { // nor is their line ever broken
		s.Keys = append(s.Keys[max(0, len(s.Keys)-maxKeys+1):], key)
	}
	s.Version++
	d := &Delta{Board: e.Board, Version: s.Version, Key: e.Key}
	for id, c := range did {
		if s.Objects[id] = c[1]; c[1] != nil {
			d.Put = append(d.Put, c[1])
		} else {
			delete(s.Objects, id)
			d.Drop = append(d.Drop, id)
		}
	}
	return d, nil
}

// plan finds out what an edit does, and which step it undoes or redoes, if any.
func (s *sheet) plan(who site.Person, e Delta) (map[string][2]*Object, *step, error) {
	if e.Do != "" {
		return s.again(who.ID, e.Do == "undo")
	}
	did := map[string][2]*Object{}
	for _, id := range e.Drop {
		if o := s.Objects[id]; o != nil {
			did[id] = [2]*Object{o, nil}
		}
	}
	for _, o := range e.Put {
		if err := o.check(); err != nil {
			return nil, nil, err
		}
		is := s.Objects[o.ID]
		switch {
		case is != nil:
			o.By, o.Z = is.By, is.Z
		case o.Z > 0:
			continue // somebody has erased it
		case len(s.Objects)+len(did) >= maxObjects:
			return nil, nil, brio.Errorf("The board is full. Clear something first.")
		default:
			o.By, o.Z = who, s.Version+1
		}
		did[o.ID] = [2]*Object{is, o}
	}
	return did, nil, nil
}

// again finds what undoes somebody's newest step, or redoes the one undone last. What others have changed since stays.
func (s *sheet) again(who string, undo bool) (map[string][2]*Object, *step, error) {
	for i := range s.steps {
		of, did := s.steps[i], map[string][2]*Object{}
		if undo {
			of = s.steps[len(s.steps)-1-i]
		}
		for id, c := range of.did {
			if undo {
				c[0], c[1] = c[1], c[0]
			}
			if of.by == who && of.undone != undo && s.Objects[id] == c[0] {
				did[id] = c
			}
		}
		if len(did) > 0 {
			return did, of, nil
		}
	}
	return nil, nil, nil
}

// remember keeps a new step as long as there is room. What its person has undone is gone for good.
func (s *sheet) remember(new *step) {
	s.steps = append(slices.DeleteFunc(s.steps, func(each *step) bool { return each.by == new.by && each.undone }), new)
	for i, n := len(s.steps)-1, 0; i >= 0; i-- {
		if n += len(s.steps[i].did); n > maxChanges {
			s.steps = slices.Delete(s.steps, 0, i+1)
			return
		}
	}
}
