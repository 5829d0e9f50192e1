package sales

import (
	"maps"
	"slices"
)

// The chart's window is slots of so many milliseconds; a day is one in UTC.
const (
	slots    = 180
	slotTime = 10_000
	dayTime  = 24 * 60 * 60 * 1000
)

// View is what a page shows of one region, or of all. Version counts the orders in
// it. A page that adds the same orders to it has the same view.
type View struct {
	Version uint64           `json:"version"`
	Day     int64            `json:"day"`    // since 1970
	Count   int              `json:"count"`  // of the day's orders
	Sums    map[string]int64 `json:"sums"`   // of the day, in cents, for each product and region
	Slot    int64            `json:"slot"`   // number of the last slot since 1970
	Slots   [][2]int64       `json:"slots"`  // cents and orders, oldest first
	Latest  []Order          `json:"latest"` // newest first
	Prices  map[string]int64 `json:"prices"` // in cents
	Now     int64            `json:"now"`    // time of the snapshot
}

func newView() *View {
	return &View{Sums: map[string]int64{}, Slots: make([][2]int64, slots), Latest: []Order{}, Prices: prices}
}

// Add counts an order in. It need not be newer than those before.
func (v *View) Add(o Order) {
	v.Roll(o.At)
	v.Version++
	if o.At/dayTime == v.Day {
		v.Count++
		v.Sums[o.Product] += o.Cents
		v.Sums[o.Region] += o.Cents
	}
	if i := slots - 1 - (v.Slot - o.At/slotTime); i >= 0 {
		v.Slots[i][0] += o.Cents
		v.Slots[i][1]++
	}
	v.Latest = slices.Insert(v.Latest, 0, o)
	v.Latest = v.Latest[:min(len(v.Latest), 12)]
}

// Roll moves on to a time: a new day begins at nothing, and the window loses what
// is too old.
func (v *View) Roll(at int64) {
	if day := at / dayTime; day > v.Day {
		v.Day, v.Count, v.Sums = day, 0, map[string]int64{}
	}
	if by := at/slotTime - v.Slot; by > 0 {
		v.Slot += by
		v.Slots = append(v.Slots[min(by, slots):], make([][2]int64, min(by, slots))...)
	}
}

// snapshot does not change with the view.
func (v *View) snapshot(at int64) View {
	v.Roll(at)
	c := *v
	c.Now, c.Sums, c.Slots, c.Latest = at, maps.Clone(v.Sums), slices.Clone(v.Slots), slices.Clone(v.Latest)
	return c
}
