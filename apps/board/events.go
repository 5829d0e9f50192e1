package board

import (
	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/site"
)

// The protocol, shared by the handlers, the simulated people and the tests.
const (
	Open    brio.Call[string, []string] = "open"  // go to a board, which is shown before all names come as the answer
	Change  brio.Call[Edit, brio.None]  = "edit"  // answered once it is on the board
	Doing   brio.Event[Hint]            = "hint"  // both ways, volatile: the edit that follows has all of it
	Shown   brio.Event[Delta]           = "board" // all of a board, as what an empty one lacks
	Changed brio.Event[Delta]           = "delta" // of the board that was shown, each version once and in order
	Gone    brio.Event[string]          = "gone"  // the ID of a person who has left the board that is shown
)

// Object is something drawn. It is never changed but replaced, so who holds one may keep it.
type Object struct {
	ID     string      `json:"id"` // made by the page
	By     site.Person `json:"by"` // left to the server
	Z      uint64      `json:"z"`  // the version that drew it: higher ones lie on top; left to the server
	Kind   string      `json:"kind"`
	Color  string      `json:"color"`
	Width  int         `json:"width"`
	Points [][3]int16  `json:"points"` // x, y and, in a stroke, how wide it is there, in tenths
	Text   string      `json:"text,omitempty"`
}

// Edit changes a board. Sent again with its key, it is still the same edit.
type Edit struct {
	Board  string   `json:"board"`
	Key    string   `json:"key"`
	Do     string   `json:"do"`               // draw, move, erase, clear, undo or redo
	Object *Object  `json:"object,omitempty"` // to draw
	IDs    []string `json:"ids,omitempty"`    // to move or erase
	By     [2]int16 `json:"by"`               // how far to move, right and down
}

// Hint is where somebody points, and what they are drawing or moving: of an object, the points from number From on.
type Hint struct {
	Who    site.Person `json:"who"` // left to the server
	At     [2]int16    `json:"at"`
	Object *Object     `json:"object,omitempty"`
	From   int         `json:"from"`
}

// Delta is what an edit came to: what is new or different, and the IDs of what is gone.
type Delta struct {
	Board   string    `json:"board"`
	Version uint64    `json:"version"`
	Key     string    `json:"key"`
	Put     []*Object `json:"put,omitempty"`
	Drop    []string  `json:"drop,omitempty"`
}
