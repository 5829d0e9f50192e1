// Package ink has types that package sample uses.
package ink

// Line is drawn, not said.
type Line struct {
	Points [][2]float64 `json:"points"`
	Ink    Ink          `json:"ink"`
}

// Ink is a colour.
type Ink string

// What there is to draw with.
const (
	Black Ink = "black"
	Red   Ink = "red"
)
