package trading

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/briohq/brio/apps/site"
)

// newMarket is a market of its own, before anybody has come.
func newMarket(t testing.TB) *Market {
	t.Helper()
	s, err := site.Open(site.Config{Quiet: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.DB.Close()
	e := New(s)
	e.Close()

	return &e.market
}

// reset makes it as if nobody had come.
func (m *Market) reset() {
	m.Accounts, m.Trades, m.Orders, m.fresh = map[string]*Account{}, 0, 0, nil
	for _, b := range m.Books {
		b.Last, b.sides = b.Begin, [3][]*Order{}
	}
}

// sound says what is wrong with a market.
func (m *Market) sound() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var cash int64
	shares := map[string]int64{}
	traded := map[string]int64{}
	for id, a := range m.Accounts {
		cash += a.Cash
		spent, offered := int64(0), map[string]int64{}
		for symbol, n := range a.Shares {
			shares[symbol] += n
		}
		for _, o := range a.Orders {
			filled := int64(0)
			for _, f := range o.Fills {
				filled += f[2]
				if o.Side*(f[1]-o.Price) > 0 {
					return fmt.Errorf("%s has traded at %d, with %d as the worst price", id, f[1], o.Price)
				}
			}
			if filled+o.Left != o.Quantity || o.Left < 0 {
				return fmt.Errorf("order %+v is filled with %d", *o, filled)
			}
			traded[o.Symbol] += filled * o.Side
			if o.Open && o.Side > 0 {
				spent += o.Price * o.Left
			} else if o.Open {
				offered[o.Symbol] += o.Left
			}
			if o.Open != slices.Contains(m.Books[o.Symbol].sides[o.Side+1], o) {
				return fmt.Errorf("order %+v is in the book though it is not open, or the other way round", *o)
			}
		}
		if spent > a.Cash || a.Cash < 0 {
			return fmt.Errorf("%s has %d, and orders of %d", id, a.Cash, spent)
		}
		for symbol, n := range offered {
			if n > a.Shares[symbol] {
				return fmt.Errorf("%s has %d shares of %s, and sells %d", id, a.Shares[symbol], symbol, n)
			}
		}
	}
	if want := int64(len(m.Accounts)) * startCash; cash != want {
		return fmt.Errorf("there is cash of %d, and was %d", cash, want)
	}
	for symbol, b := range m.Books {
		if want := int64(len(m.Accounts)) * startShares; shares[symbol] != want {
			return fmt.Errorf("there are %d shares of %s, and were %d", shares[symbol], symbol, want)
		}
		if buy, sell := b.sides[2], b.sides[0]; len(buy) > 0 && len(sell) > 0 && buy[0].Price >= sell[0].Price {
			return fmt.Errorf("%s: the book is crossed: %d is paid, and %d wanted", symbol, buy[0].Price, sell[0].Price)
		}
		for _, side := range b.sides {
			if !slices.IsSortedFunc(side, func(a, b *Order) int { return int(a.rank()-b.rank())*1000000 + int(a.ID-b.ID) }) {
				return fmt.Errorf("%s is not sorted by price and time", symbol)
			}
		}
	}

	return nil
}

// A naive market, which looks through all orders each time, makes the same trades.
func TestMarketIsAsItsModel(t *testing.T) {
	m := newMarket(t)
	people := []string{"ada", "bob", "cyd"}
	symbols := []string{"LARK", "MOSS"}
	rapid.Check(t, func(t *rapid.T) {
		m.reset()
		var model []*Order // all orders, oldest first
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			who := rapid.SampledFrom(people).Draw(t, "who")
			if rapid.IntRange(0, 4).Draw(t, "cancels") == 0 && len(model) > 0 {
				o := rapid.SampledFrom(model).Draw(t, "order")
				_, err := m.Cancel(who, o.ID)
				if (err == nil) != (o.Owner == who && o.Left > 0 && slices.ContainsFunc(m.Accounts[who].Orders, func(a *Order) bool { return a.ID == o.ID })) {
					t.Fatalf("%s cancels %+v: %v", who, *o, err)
				}
				if err == nil {
					o.Open = false
				}
				continue
			}
			symbol := rapid.SampledFrom(symbols).Draw(t, "symbol")
			tick, last := m.Books[symbol].Tick, m.Books[symbol].Last
			ticket := Ticket{
				Key: fmt.Sprint(len(model)), Symbol: symbol,
				Side:     rapid.SampledFrom([]int64{-1, 1}).Draw(t, "side"),
				Market:   rapid.IntRange(0, 5).Draw(t, "market") == 0,
				Price:    last + tick*rapid.Int64Range(-4, 4).Draw(t, "ticks"),
				Quantity: rapid.Int64Range(1, 30).Draw(t, "quantity"),
			}
			got, err := m.Place(who, ticket)
			if err != nil {
				continue // sound sees to it that nobody has too little
			}
			want := &Order{Ticket: got.Ticket, ID: got.ID, Owner: who, Left: got.Quantity}
			trades := naive(model, want)
			if fmt.Sprint(trades) != fmt.Sprint(strip(got.Fills)) || want.Left != got.Left || want.Open != got.Open {
				t.Fatalf("%+v\ntrades %v, want %v", got, got.Fills, trades)
			}
			model = append(model, want)
			if err := m.sound(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// naive trades an order with those that wait: of all that can be, the one of the best
// price, and of these the oldest.
func naive(waiting []*Order, came *Order) (trades [][2]int64) {
	for came.Left > 0 {
		var best *Order
		for _, o := range waiting {
			good := o.Open && o.Symbol == came.Symbol && o.Side == -came.Side && came.Side*(came.Price-o.Price) >= 0
			if good && (best == nil || came.Side*(best.Price-o.Price) > 0) {
				best = o
			}
		}
		if best == nil {
			break
		}
		if best.Owner == came.Owner {
			best.Open = false
			continue
		}
		n := min(best.Left, came.Left)
		best.Left -= n
		came.Left -= n
		best.Open = best.Left > 0
		trades = append(trades, [2]int64{best.Price, n})
	}
	came.Open = came.Left > 0 && !came.Market

	return trades
}

func strip(fills [][3]int64) (trades [][2]int64) {
	for _, f := range fills {
		trades = append(trades, [2]int64{f[1], f[2]})
	}

	return trades
}

// Many trade at once, and send some tickets twice at once: nothing comes from nowhere,
// nothing is lost, nothing fills twice, and trades are numbered without a gap.
func TestManyTradeAtOnce(t *testing.T) {
	m := newMarket(t)
	m.reset()
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(i), 1))
			who := fmt.Sprint("person ", i/2) // two of each
			for n := range 300 {
				ticket := Ticket{
					Key: fmt.Sprint("key ", n), Symbol: []string{"OTTR", "LARK"}[random.IntN(2)], Side: 1 - 2*random.Int64N(2),
					Market: random.IntN(8) == 0, Quantity: 1 + random.Int64N(20),
				}
				ticket.Price = map[string]int64{"OTTR": 4200, "LARK": 880}[ticket.Symbol] + 5*random.Int64N(9) - 20
				if _, err := m.Place(who, ticket); err != nil {
					_, _ = m.Cancel(who, 0)
				}
				if n%50 == 0 {
					if err := m.sound(); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	if err := m.sound(); err != nil {
		t.Error(err)
	}
	keys := map[string]bool{}
	for id, a := range m.Accounts {
		for _, o := range a.Orders {
			if keys[id+o.Key] {
				t.Errorf("%s has two orders of the key %s", id, o.Key)
			}
			keys[id+o.Key] = true
		}
	}
	trades := m.take().Trades
	for i, trade := range trades {
		if trade.No != int64(i+1) {
			t.Fatalf("trade %d is numbered %d", i+1, trade.No)
		}
	}
	if len(trades) < 100 {
		t.Errorf("there were only %d trades", len(trades))
	}
}

// The simulated people keep a market in which one can buy and sell.
func TestBotsKeepTheMarketAlive(t *testing.T) {
	m := newMarket(t)
	m.reset()
	random, moved := rand.New(rand.NewPCG(1, 2)), map[string]int64{}
	bare := 0
	for range 40 {
		before := m.Trades
		for range 500 {
			m.simulate(random, moved)
		}
		if m.Trades-before < 50 {
			t.Errorf("%d trades in 500 steps", m.Trades-before)
		}
		for _, book := range m.Books {
			if len(book.sides[0]) < 4 || len(book.sides[2]) < 4 {
				bare++
			}
		}
	}
	if bare > 10 {
		t.Errorf("one side of a book was bare %d times out of 200", bare)
	}
	if err := m.sound(); err != nil {
		t.Error(err)
	}
}
