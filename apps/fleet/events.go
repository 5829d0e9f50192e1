package fleet

import "github.com/briohq/brio"

// The protocol, shared by the handlers and the tests.
const (
	Watch brio.Event[[]string]    = "watch" // from the page: the cells it shows, such as "C4", and no others
	Place brio.Call[Order, Order] = "order" // from the page: Key, From and To; answered once it is stored
	// To the page: states, of which only the newest counts.
	Cell   brio.Event[Frame]   = "cell"   // the vehicles in a cell, to who watches it
	Track  brio.Event[Order]   = "track"  // one's open order, each second
	Orders brio.Event[[]Order] = "orders" // one's newest orders, on connecting
)

// Point is a place in the city, in metres from its north-western corner.
type Point struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
}

// Frame is all there is in a cell: what is not in the newest one is not there.
// Vehicles has 7 bytes for each: its number, X and Y in tenths of a metre, 2 bytes
// each, big-endian, and the status of its order, delivered if it is free.
type Frame struct {
	Cell     string      `json:"cell"`
	Tick     uint32      `json:"tick"` // a second each, since the server started
	Vehicles brio.Binary `json:"vehicles"`
}

// What becomes of an order: its Status.
const ordered, pickedUp, onTheWay, delivered = 0, 1, 2, 3

// Order is a delivery from crossing to crossing; sent again with the same key, it is
// the same one. Way leads from its vehicle (0: none yet) to the end, in ETA seconds.
type Order struct {
	ID       int64   `json:"id"`
	Customer string  `json:"-"`
	Key      string  `json:"key"`
	From     Point   `json:"from"`
	To       Point   `json:"to"`
	Status   int     `json:"status"`
	Vehicle  int     `json:"vehicle"`
	Way      []Point `json:"way"`
	ETA      int     `json:"eta"`
}
