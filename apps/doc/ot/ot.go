// Package ot is operational transformation of a plain text: changes that several people
// make at once are put in one order, and each becomes what it means after those before.
//
// ot.go has what changes a text, and how it is transformed; text.go the text, its newest
// changes and what makes sure that each counts once. It knows neither sockets nor pages:
// web/ot.js, beside the application, has the same rules.
package ot

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Operation turns a text into another, step by step from its beginning to its end.
type Operation []Step

// Step does one of the three. It counts code points: nothing can cut one in two.
type Step struct {
	Keep   int    `json:"keep,omitempty"`
	Cut    int    `json:"cut,omitempty"`
	Insert string `json:"insert,omitempty"`
}

// Over returns the operation for the text that p has made of the one both were made
// for. Where both insert, what it inserts stands before what p does, or after it.
func (o Operation) Over(p Operation, after bool) (out Operation) {
	o, p = slices.Clone(o), slices.Clone(p) // their first steps get shorter
	for len(o)+len(p) > 0 {
		switch {
		case len(o) > 0 && o[0].Insert != "" && (!after || len(p) == 0 || p[0].Insert == ""):
			out, o = out.Add(o[0]), o[1:]
		case len(p) > 0 && p[0].Insert != "":
			out, p = out.Add(Step{Keep: utf8.RuneCountInString(p[0].Insert)}), p[1:]
		default:
			n := min(o[0].Keep+o[0].Cut, p[0].Keep+p[0].Cut)
			if p[0].Keep > 0 {
				out = out.Add(Step{Keep: min(n, o[0].Keep), Cut: min(n, o[0].Cut)})
			}
			o, p = o.skip(n), p.skip(n)
		}
	}
	return out
}

// Apply returns what the operation makes of a text.
func (o Operation) Apply(text []rune) (out []rune) {
	for _, s := range o {
		out = append(append(out, []rune(s.Insert)...), text[:s.Keep]...)
		text = text[s.Keep+s.Cut:]
	}
	return out
}

// Move returns where places between characters have moved. What is inserted right
// there comes behind them.
func (o Operation) Move(places [2]int) [2]int {
	for i, at := range places {
		seen := 0
		for _, s := range o {
			if seen < at {
				places[i] += utf8.RuneCountInString(s.Insert) - min(s.Cut, at-seen)
			}
			seen += s.Keep + s.Cut
		}
	}
	return places
}

// length returns how long a text must be for the operation, or -1 for nonsense.
func (o Operation) length() (n int) {
	control := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	for _, s := range o {
		one := s == Step{Keep: max(1, s.Keep)} || s == Step{Cut: max(1, s.Cut)} || s == Step{Insert: s.Insert} && s.Insert != ""
		if n += s.Keep + s.Cut; !one || n > MaxText || len(o) > maxSteps || strings.ContainsFunc(s.Insert, control) {
			return -1
		}
	}
	return n
}

// Add adds a step, to the last one if that does the same.
func (o Operation) Add(s Step) Operation {
	if i := len(o) - 1; i >= 0 && (o[i].Keep > 0) == (s.Keep > 0) && (o[i].Cut > 0) == (s.Cut > 0) {
		o[i] = Step{o[i].Keep + s.Keep, o[i].Cut + s.Cut, o[i].Insert + s.Insert}
	} else if s != (Step{}) {
		o = append(o, s)
	}
	return o
}

// skip leaves out n of the characters that the first step keeps or cuts.
func (o Operation) skip(n int) Operation {
	if o[0].Keep+o[0].Cut == n {
		return o[1:]
	}
	o[0].Keep, o[0].Cut = max(0, o[0].Keep-n), max(0, o[0].Cut-n)
	return o
}
