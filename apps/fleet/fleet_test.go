package fleet

import (
	"context"
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

func start(t *testing.T, config site.Config) *Fleet {
	t.Helper()
	config.Unlimited = true
	s, err := site.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	f := New(s)
	t.Cleanup(func() {
		f.Close()
		if err := s.Close(context.Background()); err != nil {
			t.Errorf("close the site: %v", err)
		}
	})
	return f
}

func auth(t *testing.T, f *Fleet, id string) map[string]string {
	t.Helper()
	pass, err := f.Passes.Make(site.Person{ID: id, Name: id, Role: "visitor"})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"pass": pass}
}

// sight is what a client sees, kept as the page keeps it: the newest frame of each
// cell that it watches.
type sight struct {
	mu      sync.Mutex // guards what follows
	watched []string
	frames  map[string]Frame
	taken   int
	late    int // how many seconds behind the latest frame was, at most
}

func see(c brio.Listener, now func() uint32) *sight {
	s := &sight{frames: map[string]Frame{}}
	Cell.On(c, func(_ context.Context, frame Frame) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.taken++
		s.late = max(s.late, int(now())-int(frame.Tick))
		if slices.Contains(s.watched, frame.Cell) && frame.Tick >= s.frames[frame.Cell].Tick {
			s.frames[frame.Cell] = frame
		}
		return nil
	})
	return s
}

func (s *sight) watch(cells []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watched = cells
	maps.DeleteFunc(s.frames, func(cell string, _ Frame) bool { return !slices.Contains(cells, cell) })
}

// vehicles returns where they are, in tenths of a metre, by their numbers.
func (s *sight) vehicles(t *testing.T) map[int][2]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return read(t, slices.Collect(maps.Values(s.frames)))
}

func read(t *testing.T, frames []Frame) map[int][2]int {
	t.Helper()
	vehicles := map[int][2]int{}
	for _, f := range frames {
		for b := range slices.Chunk(f.Vehicles, 7) {
			number := int(binary.BigEndian.Uint16(b))
			if _, twice := vehicles[number]; twice {
				t.Errorf("vehicle %d is in two cells", number)
			}
			vehicles[number] = [2]int{int(binary.BigEndian.Uint16(b[2:])), int(binary.BigEndian.Uint16(b[4:]))}
		}
	}
	return vehicles
}

// there returns the vehicles in cells.
func (f *Fleet) there(t *testing.T, cells []string) map[int][2]int {
	t.Helper()
	f.city.mu.Lock()
	defer f.city.mu.Unlock()
	return read(t, slices.DeleteFunc(slices.Clone(f.city.frames), func(f Frame) bool { return !slices.Contains(cells, f.Cell) }))
}

// Who moves the map about at random sees in the end, and whenever things come to
// rest, the vehicles in the cells that the map shows, where they are, and no others.
func TestMovingTheMap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, site.Config{})
		c := briotest.Serve(t, f.Server).Connect(t, "/fleet", client.Config{})
		s := see(c, func() uint32 { return 0 })
		random := rand.New(rand.NewPCG(1, 2))
		for range 150 {
			synctest.Wait()
			x, y := random.IntN(8), random.IntN(5)
			wide, high := 1+random.IntN(8-x), 1+random.IntN(5-y)
			var cells []string
			for i, cell := range f.city.Cells {
				if i%8 >= x && i%8 < x+wide && i/8 >= y && i/8 < y+high {
					cells = append(cells, cell)
				}
			}
			pause := time.Duration(random.IntN(3)*random.IntN(900)) * time.Millisecond
			s.watch(cells)
			briotest.Send(t, c, Watch, cells)
			time.Sleep(pause)
			synctest.Wait()
			if diff := cmp.Diff(f.there(t, cells), s.vehicles(t)); diff != "" {
				t.Fatalf("in %v (-there +seen):\n%s", cells, diff)
			}
		}
		if len(s.frames) == 0 || f.tick() < 150 {
			t.Error("nothing has moved")
		}
	})
}

func (f *Fleet) tick() uint32 {
	f.city.mu.Lock()
	defer f.city.mu.Unlock()
	return f.city.frames[0].Tick
}

func TestWatchRefuses(t *testing.T) {
	f := start(t, site.Config{Quiet: true})
	c := briotest.Serve(t, f.Server).Connect(t, "/fleet", client.Config{})
	for _, cells := range [][]string{{"Z9"}, {"A1", "A1"}, {"customer ada"}, slices.Repeat([]string{"A1"}, 1000)} {
		_, err := c.Do(t.Context(), string(Watch), cells)
		if err == nil || !strings.Contains(err.Error(), "Watch some of A1 to H5") {
			t.Errorf("%.20q is answered with %v", cells, err)
		}
	}
	briotest.Send(t, c, Watch, f.city.Cells)
	briotest.Send(t, c, Watch, nil)
}

func TestOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, site.Config{Quiet: true})
		net := briotest.Serve(t, f.Server)
		ada := net.Connect(t, "/fleet", client.Config{Auth: auth(t, f, "ada")})
		bob := net.Connect(t, "/fleet", client.Config{Auth: auth(t, f, "bob")})
		guest := net.Connect(t, "/fleet", client.Config{})
		for _, c := range []*briotest.Client{ada, bob, guest} {
			if orders := briotest.Next(t, c, Orders); len(orders) != 0 {
				t.Error("orders before the first one: ", orders)
			}
		}
		near := Order{Key: "k", From: Point{1000, 500}, To: Point{1010, 500}}
		far := Order{Key: "k", From: Point{1000, 500}, To: Point{2000, 900}}
		outside := Order{Key: "k", From: Point{1000, 500}, To: Point{1e300, -1}}
		for _, refused := range []struct {
			c    *briotest.Client
			o    Order
			want string
		}{
			{guest, far, "pass"}, {ada, near, "100 m"}, {ada, outside, "in the city"},
			{ada, Order{From: far.From, To: far.To}, "Choose"}, {ada, Order{Key: strings.Repeat("k", 65), From: far.From, To: far.To}, "Choose"},
		} {
			if _, err := Place.Do(t.Context(), refused.c, refused.o); err == nil || !strings.Contains(err.Error(), refused.want) {
				t.Errorf("%v is answered with %v, want %q", refused.o, err, refused.want)
			}
		}

		first := briotest.Do(t, ada, Place, far)
		if again := briotest.Do(t, ada, Place, far); again.ID != first.ID {
			t.Errorf("sent again, order %d is order %d", first.ID, again.ID)
		}
		far.Key = "another"
		second := briotest.Do(t, ada, Place, far)
		far.Key = "third"
		briotest.Do(t, ada, Place, far)
		far.Key = "fourth"
		if _, err := Place.Do(t.Context(), ada, far); err == nil || !strings.Contains(err.Error(), "Three deliveries") {
			t.Errorf("the fourth order is answered with %v", err)
		}

		status := map[int64]int{}
		for status[first.ID] < delivered || status[second.ID] < delivered {
			o := briotest.Next(t, ada, Track)
			if o.Status < status[o.ID] {
				t.Errorf("order %d goes from %d to %d", o.ID, status[o.ID], o.Status)
			}
			status[o.ID] = o.Status
		}
		briotest.None(t, bob, Track)
		briotest.None(t, guest, Track)
		f.Close()
		if stored, err := f.find(t.Context(), `SELECT `+columns+` FROM fleet_orders WHERE id = ?`, first.ID); err != nil || stored[0].Status != delivered {
			t.Error(stored, err)
		}
	})
}

// An order outlives the server, and is delivered by the next one.
func TestOrdersOutliveTheServer(t *testing.T) {
	config := site.Config{Data: t.TempDir(), Quiet: true}
	config.Unlimited = true
	s, err := site.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	f := New(s)
	o, err := f.place(t.Context(), Order{Customer: "ada", Key: "k", From: f.city.crossings[0], To: f.city.crossings[900]})
	if err != nil {
		t.Fatal(err)
	}
	for o.Status < pickedUp {
		f.step(time.Time{}, false)
		o.Status = f.city.orders[0].Status
	}
	f.Close()
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	synctest.Test(t, func(t *testing.T) {
		f := start(t, config)
		ada := briotest.Serve(t, f.Server).Connect(t, "/fleet", client.Config{Auth: auth(t, f, "ada")})
		orders := briotest.Next(t, ada, Orders)
		if len(orders) != 1 || orders[0].ID != o.ID || orders[0].From != o.From || orders[0].To != o.To {
			t.Fatalf("after the restart: %+v, want %+v", orders, o)
		}
		for orders[0].Status < delivered {
			orders[0] = briotest.Next(t, ada, Track)
		}
		if again := briotest.Do(t, ada, Place, o); again.ID != o.ID || again.Status != delivered {
			t.Errorf("sent again, it is %+v", again)
		}
	})
}
