package trading

import "github.com/briohq/brio"

// The protocol. Prices and money are whole cents.
const (
	Place  brio.Call[Ticket, Order]  = "place"   // commands are acknowledged once what has
	Cancel brio.Call[int64, Order]   = "cancel"  // become of them is stored, or refused
	Tape   brio.Call[int64, []Trade] = "tape"    // the trades after a number; -100: the last 100
	Quoted brio.Event[Quote]         = "quote"   // a state: a newer one replaces one that waits
	Owned  brio.Event[Account]       = "account" // a state, to its owner
	Traded brio.Event[[]Trade]       = "traded"  // what has happened: none may be missing
)

// Ticket is what somebody wants. Sent again with the same key, it is the same order.
type Ticket struct {
	Key      string `json:"key"`
	Symbol   string `json:"symbol"`
	Side     int64  `json:"side"`   // the sign of the shares it brings: 1 buys, -1 sells
	Market   bool   `json:"market"` // takes what there is, and never waits
	Price    int64  `json:"price"`  // the worst to trade at, a multiple of the tick
	Quantity int64  `json:"quantity"`
}

// Order is a ticket that was taken. A lower ID came earlier.
type Order struct {
	Ticket
	ID    int64      `json:"id"`
	Owner string     `json:"owner"`
	Left  int64      `json:"left"`  // of the quantity
	Open  bool       `json:"open"`  // waits in the book; if not, what is left was cancelled
	Fills [][3]int64 `json:"fills"` // number of the trade, price, quantity
}

// Trade is where two orders met, at the price of the one that waited.
type Trade struct {
	No       int64  `json:"no"` // of all instruments together, without a gap
	Symbol   string `json:"symbol"`
	Price    int64  `json:"price"`
	Quantity int64  `json:"quantity"`
}

// Quote is the state of an instrument.
type Quote struct {
	Symbol string     `json:"symbol"`
	Name   string     `json:"name"`
	Tick   int64      `json:"tick"`
	Begin  int64      `json:"begin"` // its first price
	Last   int64      `json:"last"`
	Book   [][3]int64 `json:"book"` // side, price and quantity of what waits, by priority
}

// Account is what somebody has, and their orders: the open ones and the last others.
type Account struct {
	Cash   int64            `json:"cash"`
	Start  int64            `json:"start"` // what all was worth at first
	Shares map[string]int64 `json:"shares"`
	Orders []*Order         `json:"orders"` // oldest first
	news   bool
}
