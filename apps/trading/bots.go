package trading

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
)

// bots are simulated people, with no more cash and shares than others. Most of their
// orders wait around what they take an instrument to be worth.
type bots struct {
	market *Market
	rand   *rand.Rand
	moved  map[string]int64 // what it is worth, in ticks from its first price
}

// step lets one of them act.
func (b *bots) step() {
	symbols := slices.Sorted(maps.Keys(b.market.Books))
	book := b.market.Books[symbols[b.rand.IntN(len(symbols))]]
	begin, side := book.Begin/book.Tick, 1-2*b.rand.Int64N(2)
	moved := b.moved[book.Symbol] + b.rand.Int64N(3) - 1
	b.moved[book.Symbol] = min(max(moved, -begin/10), begin/10)
	price := (begin + moved - side*(1+b.rand.Int64N(1+b.rand.Int64N(20)))) * book.Tick
	t := Ticket{fmt.Sprint(b.rand.Uint64()), book.Symbol, side, b.rand.IntN(6) == 0, price, 1 + b.rand.Int64N(1+b.rand.Int64N(30))}
	who := fmt.Sprintf("~%d", b.rand.IntN(8))
	if _, err := b.market.Place(who, t); err != nil {
		_, _ = b.market.Cancel(who, 0) // what is free now is spent next time
	}
}
