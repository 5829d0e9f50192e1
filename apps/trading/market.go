package trading

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/briohq/brio"
)

// What is taken and kept at most, and what a newcomer is given.
const (
	maxQuantity, maxKey    = 1000, 64
	maxOrders, maxDepth    = 40, 100 // of an account, and of a side that is shown
	maxAccounts            = 10_000
	startCash, startShares = 50_000_00, 100 // shares of each instrument
)

// Market matches orders. Its methods may be called concurrently.
type Market struct {
	mu       sync.Mutex // guards what follows
	Books    map[string]*book
	Accounts map[string]*Account
	Trades   int64 // the last number
	Orders   int64 // the last ID
	fresh    []Trade
}

// book is the orders that wait, who sells and who buys at their side + 1: the best
// price first and, of one price, who came first.
type book struct {
	Quote
	sides [3][]*Order
	news  bool
}

// news is what has changed since it was last taken. Accounts are encoded once, for the
// disk and for their owners.
type news struct {
	Trades   []Trade
	Accounts map[string]json.RawMessage
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
	if err := m.check(a, b, &t, done); err != nil {
		return Order{}, err
	}
	if len(a.Orders) == maxOrders {
		a.Orders = slices.Delete(a.Orders, done, done+1)
	}
	m.Orders++
	came := &Order{Ticket: t, ID: m.Orders, Owner: who, Left: t.Quantity}
	a.Orders = append(a.Orders, came)
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

// check says why somebody can't have an order, and gives a market order its price.
func (m *Market) check(a *Account, b *book, t *Ticket, done int) error {
	if b == nil {
		return brio.Errorf("There is no such instrument. Choose one of the list.")
	}
	far := b.Last / 5 / b.Tick * b.Tick
	if t.Market {
		t.Price = b.Last + t.Side*far
	}
	cash, shares := a.Cash, a.Shares[t.Symbol]
	for _, o := range a.Orders { // what they wait to spend, or to sell, is not free
		if o.Open && o.Side > 0 {
			cash -= o.Price * o.Left
		} else if o.Open && o.Symbol == t.Symbol {
			shares -= o.Left
		}
	}
	low, cost := t.Price/b.Tick*b.Tick, t.Price*t.Quantity
	return cmp.Or(
		need(t.Key != "" && len(t.Key) <= maxKey, "Give the order a key of 1 to %d bytes.", maxKey),
		need(t.Side == 1 || t.Side == -1, "Choose to buy or to sell."),
		need(t.Quantity >= 1 && t.Quantity <= maxQuantity, "Choose a quantity of 1 to %d shares.", maxQuantity),
		need(t.Price >= b.Last-far && t.Price <= b.Last+far, "Choose a price from %s to %s: at most a fifth off the last one.", money(b.Last-far), money(b.Last+far)),
		need(t.Price == low, "Prices of %s go in steps of %s. Choose %s or %s.", b.Symbol, money(b.Tick), money(low), money(low+b.Tick)),
		need(t.Side < 0 || cost <= cash, "This may cost %s, and %s of your cash is free. Buy less, or cancel an order.", money(cost), money(cash)),
		need(t.Side > 0 || t.Quantity <= shares, "%d of your shares of %s are free to sell. Sell less, or cancel an order.", shares, b.Symbol),
		need(len(a.Orders) < maxOrders || done >= 0, "You have %d open orders. Cancel one first.", maxOrders),
		need(m.Accounts[a.ID] != nil, "%d people trade here, and there is no room for more. Look on for now.", maxAccounts),
	)
}

func need(good bool, format string, args ...any) error {
	if good {
		return nil
	}
	return brio.Errorf(format, args...)
}

func money(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

// rank is lower, the better a price is for the other side: two orders can trade if the
// sum of their ranks is not above 0.
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
		i, _ := slices.BinarySearchFunc(*side, o, func(a, b *Order) int {
			return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.ID, b.ID))
		})
		*side = slices.Insert(*side, i, o)
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
	a := &Account{ID: id, Cash: startCash, Start: startCash, Shares: map[string]int64{}}
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
