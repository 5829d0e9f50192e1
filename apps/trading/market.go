package trading

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/briohq/brio"
)

// What is taken and kept at most, and what a newcomer is given: cash, and shares of each.
const maxQuantity, maxKey, maxOrders, maxAccounts, maxDepth, startCash, startShares = 1000, 64, 12, 10_000, 100, 50_000_00, 100

// Market matches orders. Its methods may be called concurrently.
type Market struct {
	mu       sync.Mutex // guards what follows
	Books    map[string]*book
	Accounts map[string]*Account
	Trades   int64   // the last number
	Orders   int64   // the last ID
	fresh    []Trade // since the last news
}

// book is what waits, at its side + 1: by price and, of one price, by who came first.
type book struct {
	Quote
	sides [3][]*Order
	news  bool
}

// news is what has changed since it was last taken.
type news struct {
	Trades   []Trade
	Accounts map[string]json.RawMessage // encoded once, for the disk and their owners
	quotes   []Quote
}

// Place takes a ticket, and trades with those it meets.
func (m *Market) Place(who string, t Ticket) (Order, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, b := m.account(who), m.Books[t.Symbol]
	if i := slices.IndexFunc(a.Orders, func(o *Order) bool { return o.Key == t.Key }); i >= 0 {
		return *a.Orders[i], nil
	}
	done := slices.IndexFunc(a.Orders, func(o *Order) bool { return !o.Open })
	if err := m.check(who, b, t, done); err != nil {
		return Order{}, err
	}
	if len(a.Orders) == maxOrders {
		a.Orders = slices.Delete(a.Orders, done, done+1)
	}
	came := &Order{Ticket: t, ID: m.Orders + 1, Owner: who, Left: t.Quantity}
	a.Orders, m.Orders = append(a.Orders, came), came.ID
	for _, other := range b.sides[1-t.Side] {
		if came.Left == 0 || came.rank()+other.rank() > 0 {
			break
		}
		if other.Owner == who {
			other.Open = false // nobody trades with themselves
			continue
		}
		m.trade(b, came, other)
	}
	came.Open = came.Left > 0 && !came.Market
	b.update(came, a)
	return *came, nil
}

// check says why somebody can't have an order.
func (m *Market) check(who string, b *book, t Ticket, done int) error {
	if b == nil {
		return brio.Errorf("There is no such instrument. Choose one of the list.")
	}
	a, far := m.account(who), b.Last/5/b.Tick*b.Tick
	cash, shares, low, cost := a.Cash, a.Shares[t.Symbol], t.Price/b.Tick*b.Tick, t.Price*t.Quantity
	for _, o := range a.Orders { // what they wait to spend, or to sell, is not free
		if o.Open && o.Side > 0 {
			cash -= o.Price * o.Left
		} else if o.Open && o.Symbol == t.Symbol {
			shares -= o.Left
		}
	}
	return cmp.Or(
		need(t.Key != "" && len(t.Key) <= maxKey && t.Side*t.Side == 1, "Give a key of 1 to %d bytes, and 1 or -1 as the side.", maxKey),
		need(t.Quantity >= 1 && t.Quantity <= maxQuantity, "Choose a quantity of 1 to %d shares.", maxQuantity),
		need(t.Price >= b.Last-far && t.Price <= b.Last+far, "Choose a price from %s to %s: at most a fifth off the last one.", money(b.Last-far), money(b.Last+far)),
		need(t.Price == low, "Prices of %s go in steps of %s. Choose %s or %s.", b.Symbol, money(b.Tick), money(low), money(low+b.Tick)),
		need(t.Side < 0 || cost <= cash, "This may cost %s, and %s of your cash is free. Buy less, or cancel an order.", money(cost), money(cash)),
		need(t.Side > 0 || t.Quantity <= shares, "%d of your shares of %s are free to sell. Sell less, or cancel an order.", shares, b.Symbol),
		need(len(a.Orders) < maxOrders || done >= 0, "You have %d open orders. Cancel one first.", maxOrders),
		need(m.Accounts[who] != nil, "%d people trade here, and there is no room for more. Look on for now.", maxAccounts),
	)
}

func need(good bool, format string, args ...any) error {
	if good {
		return nil
	}
	return brio.Errorf(format, args...)
}

func money(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

// rank is lower, the better for the other side; two can trade if their sum is not above 0.
func (o *Order) rank() int64 { return -o.Side * o.Price }

// trade lets an order that came trade with one that waited, at the price of that.
func (m *Market) trade(b *book, came, waited *Order) {
	n := min(came.Left, waited.Left)
	m.Trades, b.Last = m.Trades+1, waited.Price
	m.fresh = append(m.fresh, Trade{m.Trades, b.Symbol, b.Last, n})
	for _, o := range []*Order{came, waited} {
		a := m.Accounts[o.Owner]
		a.Cash -= o.Side * b.Last * n
		a.Shares[b.Symbol] += o.Side * n
		a.news = true
		o.Left -= n
		o.Open = o.Left > 0
		o.Fills = append(o.Fills, [3]int64{m.Trades, b.Last, n})
	}
}

// update takes out of the book what does not wait any more, and puts in what does now.
func (b *book) update(o *Order, a *Account) {
	for i := range b.sides {
		b.sides[i] = slices.DeleteFunc(b.sides[i], func(o *Order) bool { return !o.Open })
	}
	if side := &b.sides[1+o.Side]; o.Open {
		*side = append(*side, o)
		slices.SortFunc(*side, func(a, b *Order) int { return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.ID, b.ID)) })
	}
	a.news, b.news = true, true
}

// Cancel takes an order out of its book, for 0 the oldest. What was traded stays so.
func (m *Market) Cancel(who string, id int64) (Order, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.account(who)
	i := slices.IndexFunc(a.Orders, func(o *Order) bool { return o.ID == id && o.Left > 0 || id == 0 && o.Open })
	if i < 0 {
		return Order{}, brio.Errorf("You have no open order %d: only your own can you cancel.", id)
	}
	a.Orders[i].Open = false
	m.Books[a.Orders[i].Symbol].update(a.Orders[i], a)
	return *a.Orders[i], nil
}

// account returns somebody's account. That of a newcomer is kept if there is room.
func (m *Market) account(id string) *Account {
	if a := m.Accounts[id]; a != nil {
		return a
	}
	a := &Account{Cash: startCash, Start: startCash, Shares: map[string]int64{}}
	for _, b := range m.Books {
		a.Shares[b.Symbol] = startShares
		a.Start += startShares * b.Last
	}
	if id != "" && len(m.Accounts) < maxAccounts {
		m.Accounts[id] = a
	}
	return a
}

// take returns the news: to newcomers, all is new.
func (m *Market) take(newcomers ...string) *news {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := &news{m.fresh, map[string]json.RawMessage{}, nil}
	for _, id := range newcomers {
		m.account(id).news = true
	}
	for id, a := range m.Accounts {
		if a.news {
			n.Accounts[id], _ = json.Marshal(a) // it can be
			a.news = false
		}
	}
	for _, b := range m.Books {
		if !b.news && newcomers == nil {
			continue
		}
		b.Book, b.news = nil, false
		for _, side := range b.sides {
			for _, o := range side[:min(len(side), maxDepth)] {
				b.Book = append(b.Book, [3]int64{o.Side, o.Price, o.Left})
			}
		}
		n.quotes = append(n.quotes, b.Quote)
	}
	m.fresh = nil
	return n
}

// simulate lets one of 12 people order, around a price that has moved by ticks from the first.
func (m *Market) simulate(random *rand.Rand, moved map[string]int64) {
	symbols := slices.Sorted(maps.Keys(m.Books))
	b := m.Books[symbols[random.IntN(len(symbols))]]
	begin, side := b.Begin/b.Tick, 1-2*random.Int64N(2)
	moved[b.Symbol] = min(max(moved[b.Symbol]+random.Int64N(3)-1, -begin/10), begin/10)
	price := (begin + moved[b.Symbol] - side*(random.Int64N(2+random.Int64N(22))-2)) * b.Tick
	who := fmt.Sprintf("~%d", random.IntN(12))
	if _, err := m.Place(who, Ticket{fmt.Sprint(random.Uint64()), b.Symbol, side, false, price, 1 + random.Int64N(1+random.Int64N(30))}); err != nil {
		_, _ = m.Cancel(who, 0) // what is free now is spent next time
	}
}
