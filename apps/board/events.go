package board

import (
	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/site"
)

// The protocol, shared by the handlers, the simulated people and the tests.
const (
	Open   brio.Call[string, []string] = "open" // go to a board, which is shown before all names come as the answer
	Edit   brio.Call[Delta, brio.None] = "edit" // answered once it is done; sent again with its key, it is still done once
	Point  brio.Event[Hint]            = "hint" // both ways, volatile: the edit that follows has all of it
	Shown  brio.Event[Delta]           = "board"
	Edited brio.Event[Delta]           = "delta" // of the board that was shown, each version once and in order
)

// Object is something drawn. It is never changed but replaced, so who holds one may keep it.
type Object struct {
	ID     string      `json:"id"` // made by the page
	By     site.Person `json:"by"` // left to the server
	Z      uint64      `json:"z"`  // the version that drew it: higher ones lie on top; 0 if it is new
	Kind   string      `json:"kind"`
	Color  string      `json:"color"`
	Width  int         `json:"width"`
	Points [][3]int16  `json:"points"` // x, y and, in a stroke, how wide it is there, in tenths
	Text   string      `json:"text,omitempty"`
}

// Delta is what changes on a board: objects that are new or different, and IDs of those that go. An edit is one that is
// asked for, or the wish to undo or redo one; what is shown is one from nothing.
type Delta struct {
	Board   string    `json:"board"`
	Version uint64    `json:"version"` // left to the server
	Key     string    `json:"key"`
	Do      string    `json:"do,omitempty"` // undo or redo
	Put     []*Object `json:"put,omitempty"`
	Drop    []string  `json:"drop,omitempty"`
}

// Hint is where somebody points, and what they are drawing or moving: of an object, the points from number From on.
type Hint struct {
	Who    site.Person `json:"who"` // left to the server
	At     [2]int16    `json:"at"`
	Object *Object     `json:"object,omitempty"`
	From   int         `json:"from"`
}
