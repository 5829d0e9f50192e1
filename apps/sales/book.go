package sales

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/briohq/brio"
)

// What pages may ask for and are told.
const (
	All         = "all" // the view of every region
	MaxQuantity = 20    // of an order
	maxDelta    = 500   // orders that are told one by one
)

var (
	regions = []string{"Americas", "Europe", "Africa", "Asia"}
	prices  = map[string]int64{"Metronome": 4900, "Tuner": 2450, "Music stand": 3900, "Rosin": 890, "Strings": 3290, "Score paper": 690}
	wanted  = []string{"Rosin", "Rosin", "Score paper", "Score paper", "Score paper", "Strings", "Strings", "Tuner", "Tuner", "Music stand", "Metronome"} // simulated
)

// check says what to change in what somebody asks for.
func (o Order) check() error {
	switch {
	case prices[o.Product] == 0:
		return brio.Errorf("Choose one of the products.")
	case o.Quantity < 1 || o.Quantity > MaxQuantity:
		return brio.Errorf("Order 1 to %d pieces.", MaxQuantity)
	case !slices.Contains(regions, o.Region):
		return brio.Errorf("Choose the region it goes to.")
	case o.Key == "" || len(o.Key) > 64:
		return brio.Errorf("Give the order a key of 1 to 64 bytes.")
	}
	return nil
}

// book counts orders into the views they belong to, and remembers which of them
// pages have not been told. Its methods may be called concurrently.
type book struct {
	mu     sync.Mutex       // guards what follows
	views  map[string]*View // the map itself does not change
	untold map[string][]Order
	rand   *rand.Rand // of the simulated people
	next   time.Time  // when they order next
}

func newBook(seed uint64, orders []Order) *book {
	b := &book{views: map[string]*View{}, untold: map[string][]Order{}, rand: rand.New(rand.NewPCG(1, seed))}
	for _, view := range append([]string{All}, regions...) {
		b.views[view] = newView()
	}
	for _, o := range orders {
		b.next = time.UnixMilli(o.At)
	}
	b.enter(orders...)
	return b
}

// enter counts orders, and keeps them for changes.
func (b *book) enter(orders ...Order) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count(orders)
}

func (b *book) count(orders []Order) {
	for _, o := range orders {
		for _, view := range []string{All, o.Region} {
			b.views[view].Add(o)
			b.untold[view] = append(b.untold[view], o)
		}
	}
}

// snapshot returns a view as it is now.
func (b *book) snapshot(view string, now time.Time) View {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.views[view].snapshot(now.UnixMilli())
}

// changes takes what pages have not been told, a delta for each view that changed.
func (b *book) changes() (deltas []Delta) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for view, orders := range b.untold {
		if len(orders) > maxDelta {
			orders = []Order{}
		}
		deltas = append(deltas, Delta{view, b.views[view].Version - uint64(len(orders)), orders})
	}
	clear(b.untold)
	return deltas
}

// shop enters the orders of simulated people that are due, some thirty a minute, in
// waves. What they ordered while nobody looked is due too, as far as the chart goes.
func (b *book) shop(now time.Time) (orders []Order) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if start := now.Add(-slots * slotTime * time.Millisecond); b.next.Before(start) {
		b.next = start
	}
	for !b.next.After(now) {
		product, quantity := wanted[b.rand.IntN(len(wanted))], min(1+int(b.rand.ExpFloat64()/1.2), MaxQuantity)
		orders = append(orders, Order{
			Product: product, Quantity: quantity, Cents: int64(quantity) * prices[product], At: b.next.UnixMilli(),
			Region: regions[min(b.rand.IntN(4), b.rand.IntN(6))], // the first ones more often
		})
		minutes := float64(b.next.UnixMilli()) / 60_000
		rate := 30 * (1 + 0.45*math.Sin(minutes/1.7) + 0.25*math.Sin(minutes/0.43))
		b.next = b.next.Add(time.Duration(b.rand.ExpFloat64() / rate * float64(time.Minute)))
	}
	b.count(orders)
	return orders
}
