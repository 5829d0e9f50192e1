package fleet

import (
	"cmp"
	"embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
)

//go:embed web
var web embed.FS

// city is the map in web/city.json, which the page draws, and the vehicles in it.
type city struct {
	Cell    float64 // metres of the side of a cell
	Columns int
	Cells   []string
	Streets [][5]float64 // x and y of two crossings, and how important it is

	crossings []Point
	beside    map[Point][]Point // the crossings to which streets lead from each
	random    *rand.Rand        // owned by who calls step, as the next two
	tick      uint32
	vehicles  []vehicle
	mu        sync.Mutex // guards what follows
	orders    []*Order   // open, oldest first; what is in one is owned by who calls step
	frames    []Frame    // by cell; what is in one does not change
}

// vehicle is on its way. Without an order it wanders about.
type vehicle struct {
	at    Point
	speed float64 // metres in a second
	way   []Point // the crossings before it
	order *Order  // or the last one, which is delivered
}

func newCity(vehicles int, seed uint64) *city {
	c := &city{beside: map[Point][]Point{}, random: rand.New(rand.NewPCG(seed, 0))}
	text, err := web.ReadFile("web/city.json")
	if err := errors.Join(err, json.Unmarshal(text, c)); err != nil {
		panic(err) // a mistake in a part of the program
	}
	for _, s := range c.Streets {
		a, b := Point{s[0], s[1]}, Point{s[2], s[3]}
		c.beside[a], c.beside[b] = append(c.beside[a], b), append(c.beside[b], a)
		c.crossings = append(c.crossings, a, b) // as often as streets end there
	}
	for range vehicles {
		c.vehicles = append(c.vehicles, vehicle{at: c.any(c.crossings), speed: 9 + 5*c.random.Float64(), order: &Order{Status: delivered}})
	}
	return c
}

func (c *city) any(of []Point) Point { return of[c.random.IntN(len(of))] }

// crossing returns the one nearest to a point.
func (c *city) crossing(p Point) Point {
	return slices.MinFunc(c.crossings, func(a, b Point) int { return cmp.Compare(distance(a, p), distance(b, p)) })
}

// route returns the crossings on the shortest way, without the first.
func (c *city) route(from, to Point) (way []Point) {
	far, after := map[Point]float64{to: 0}, map[Point]Point{} // from the end
	for queue := []Point{to}; len(queue) > 0; queue = queue[1:] {
		for _, p := range c.beside[queue[0]] {
			d := far[queue[0]] + distance(queue[0], p)
			if known, ok := far[p]; !ok || d < known {
				far[p], after[p], queue = d, queue[0], append(queue, p)
			}
		}
	}
	for from != to {
		from = after[from]
		way = append(way, from)
	}
	return way
}

func distance(p, q Point) float64 { return math.Hypot(q.X-p.X, q.Y-p.Y) }

// add takes an open order on, once. It may be called concurrently with step.
func (c *city) add(o Order) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.Status < delivered && !slices.ContainsFunc(c.orders, func(other *Order) bool { return other.ID == o.ID }) {
		c.orders = append(c.orders, &o)
	}
}

func (c *city) newest() []Frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.frames
}

// step lets a second pass. Among the orders it returns are the just delivered ones.
func (c *city) step() (frames []Frame, orders, changed []Order) {
	c.tick++
	for _, name := range c.Cells {
		frames = append(frames, Frame{Cell: name, Tick: c.tick})
	}
	for i := range c.vehicles {
		v := &c.vehicles[i]
		if c.drive(v) {
			changed = append(changed, *v.order)
		}
		f := &frames[int(v.at.Y/c.Cell)*c.Columns+int(v.at.X/c.Cell)]
		for _, n := range []float64{float64(i + 1), v.at.X * 10, v.at.Y * 10} {
			f.Vehicles = binary.BigEndian.AppendUint16(f.Vehicles, uint16(n))
		}
		f.Vehicles = append(f.Vehicles, byte(v.order.Status))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frames = frames
	c.orders = slices.DeleteFunc(c.orders, func(o *Order) bool {
		if o.Vehicle == 0 {
			c.dispatch(o)
		}
		orders = append(orders, c.view(*o))
		return o.Status == delivered
	})
	return frames, orders, changed
}

// dispatch sends the nearest free vehicle, if there is one.
func (c *city) dispatch(o *Order) {
	var v *vehicle
	for i := range c.vehicles {
		other := &c.vehicles[i]
		if other.order.Status == delivered && (v == nil || distance(other.at, o.From) < distance(v.at, o.From)) {
			v, o.Vehicle = other, i+1
		}
	}
	if v != nil {
		next := slices.Concat([]Point{v.at}, v.way)[len(v.way)] // it does not turn round between two crossings
		v.order, v.way = o, slices.Concat(v.way, c.route(next, o.From), c.route(o.From, o.To))
	}
}

// drive moves a vehicle for a second, and reports whether its order came a step further.
func (c *city) drive(v *vehicle) bool {
	for left := v.speed; left > 0; {
		switch o := v.order; {
		case o.Status == pickedUp && c.random.IntN(4) > 0:
			return false // to load takes 4 seconds, more or less
		case o.Status == pickedUp, o.Status == ordered && v.at == o.From, o.Status == onTheWay && len(v.way) == 0:
			o.Status++
			return true
		case len(v.way) == 0:
			v.way = []Point{c.any(c.beside[v.at])}
		}
		next, far := v.way[0], distance(v.at, v.way[0])
		if far > left {
			v.at.X, v.at.Y = v.at.X+(next.X-v.at.X)*left/far, v.at.Y+(next.Y-v.at.Y)*left/far
			return false
		}
		left -= far
		v.at, v.way = next, v.way[1:]
	}
	return false
}

// view adds to an order what its customer sees of its vehicle.
func (c *city) view(o Order) Order {
	if o.Vehicle > 0 && o.Status < delivered {
		v, metres := c.vehicles[o.Vehicle-1], 0.0
		o.Way = slices.Concat([]Point{v.at}, v.way)
		for i, next := range o.Way[1:] {
			metres += distance(o.Way[i], next)
		}
		o.ETA = int(metres / v.speed)
	}
	return o
}
