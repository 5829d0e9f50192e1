// Package board is the whiteboard of the guide.
package board

import (
	"context"
	"time"

	"github.com/briohq/brio"
)

//go:generate go run github.com/briohq/brio/cmd/brio types --out board.d.ts .

// The events.
const (
	Join  brio.Call[string, []Line] = "join"  // a board; answers what is on it
	Draw  brio.Event[Line]          = "draw"  // sent, and passed on to the others
	Photo brio.Event[brio.Binary]   = "photo" // likewise, a PNG
)

// Line is a line on the board.
type Line struct {
	Points [][2]int  `json:"points"`
	Ink    Ink       `json:"ink"`
	By     string    `json:"by,omitempty"` // left to the server
	At     time.Time `json:"at,omitzero"`
}

// Ink is what a line is drawn with.
type Ink string

// The inks.
const (
	Black Ink = "black"
	Red   Ink = "red"
)

// Register makes boards of the rooms of a namespace.
func Register(server *brio.Server) {
	boards := server.Of("/boards")
	Join.Handle(boards, join)
	Draw.Handle(boards, draw)
	Photo.Handle(boards, photo)
}

func join(_ context.Context, s *brio.Socket, board string) ([]Line, error) {
	s.Join(board)
	return []Line{}, nil
}

func draw(_ context.Context, s *brio.Socket, line Line) error {
	line.By, line.At = s.ID(), time.Now()
	return Draw.Emit(s.To(s.Rooms()...), line)
}

func photo(_ context.Context, s *brio.Socket, png brio.Binary) error {
	return Photo.Emit(s.To(s.Rooms()...), png)
}
