package sales

import "github.com/briohq/brio"

// The protocol, shared by the handlers and the tests.
const (
	Watch   brio.Call[string, View] = "watch" // a region, or All: joins its room, then takes the snapshot
	Place   brio.Call[Order, Order] = "order" // answered once it is stored
	Changed brio.Event[Delta]       = "delta" // to the room of a view
)

// Order is one that somebody placed, or asks for: then with a key that the page
// makes, so that one that is sent again is still one order. The rest is the
// server's. At is in milliseconds since 1970; By is empty if simulated.
type Order struct {
	Product  string `json:"product"`
	Region   string `json:"region"`
	Quantity int    `json:"quantity"`
	Key      string `json:"key,omitempty"`
	At       int64  `json:"at"`
	Cents    int64  `json:"cents"`
	By       string `json:"by,omitempty"`
}

// Delta takes a view on from a version: its first order makes it From + 1. A page
// that holds less than From takes a snapshot again; too many orders come as none.
type Delta struct {
	View   string  `json:"view"`
	From   uint64  `json:"from"`
	Orders []Order `json:"orders"`
}
