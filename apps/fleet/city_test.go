package fleet

import (
	"slices"
	"testing"
)

// Every crossing leads to every other, by streets.
func TestRoutes(t *testing.T) {
	c := newCity(1, 1)
	for range 50 {
		from, to := c.any(c.crossings), c.any(c.crossings)
		way := slices.Concat([]Point{from}, c.route(from, to))
		for i, next := range way[1:] {
			if !slices.Contains(c.beside[way[i]], next) {
				t.Fatalf("no street leads from %v to %v", way[i], next)
			}
		}
		if end := way[len(way)-1]; end != to {
			t.Fatalf("the way to %v ends at %v", to, end)
		}
	}
}

// More orders than vehicles: each is delivered, step by step, by one vehicle that
// was where it was picked up, and at its end.
func TestOrdersAreDelivered(t *testing.T) {
	const vehicles, wanted = 5, 40
	c := newCity(vehicles, 2)
	for id := range int64(wanted) {
		c.add(Order{ID: id, From: c.any(c.crossings), To: c.any(c.crossings)})
		c.add(Order{ID: id, From: c.any(c.crossings), To: c.any(c.crossings)}) // once only
	}
	status, done := map[int64]int{}, 0
	for tick := 1; done < wanted; tick++ {
		if tick > 20_000 {
			t.Fatalf("%d of %d are delivered in %d s", done, wanted, tick)
		}
		before := slices.Clone(c.vehicles)
		_, _, changed := c.step()
		for _, o := range changed {
			if o.Status != status[o.ID]+1 {
				t.Errorf("order %d goes from %d to %d", o.ID, status[o.ID], o.Status)
			}
			status[o.ID] = o.Status
			at := c.vehicles[o.Vehicle-1].at
			if o.Status == pickedUp && at != o.From || o.Status == delivered && at != o.To {
				t.Errorf("order %d is at %v: from %v to %v", o.Status, at, o.From, o.To)
			}
			if o.Status == delivered {
				done++
			}
		}
		for i, v := range c.vehicles {
			if far := distance(before[i].at, v.at); far > v.speed+1e-6 {
				t.Fatalf("vehicle %d goes %.1f m in a second", i+1, far)
			}
		}
	}
	if len(c.orders) != 0 {
		t.Errorf("%d orders are kept", len(c.orders))
	}
}

// Each vehicle is in the frame of the cell that it is in, and in no other.
func TestFrames(t *testing.T) {
	c := newCity(300, 4)
	for range 100 {
		frames, _, _ := c.step()
		for i, f := range frames {
			for number, at := range read(t, []Frame{f}) {
				v := c.vehicles[number-1]
				if want := [2]int{int(v.at.X * 10), int(v.at.Y * 10)}; at != want || at[0]/4000 != i%8 || at[1]/4000 != i/8 {
					t.Fatalf("vehicle %d in %s is at %v, want %v", number, f.Cell, at, want)
				}
			}
		}
		if n := len(read(t, frames)); n != 300 {
			t.Fatalf("%d vehicles", n)
		}
	}
}

// The way that a customer sees gets shorter, and so does the time.
func TestView(t *testing.T) {
	c := newCity(1, 3)
	c.add(Order{ID: 1, From: c.crossings[0], To: c.crossings[700]})
	eta := 0
	for range 2000 {
		_, orders, _ := c.step()
		o := orders[0]
		if o.Status == delivered {
			return
		}
		if o.Way[len(o.Way)-1] != o.To || o.Way[0] != c.vehicles[0].at {
			t.Fatalf("the way leads from %v to %v", o.Way[0], o.Way[len(o.Way)-1])
		}
		if eta > 0 && o.ETA > eta {
			t.Fatalf("%d s become %d s", eta, o.ETA)
		}
		eta = o.ETA
	}
	t.Error("it does not arrive")
}
