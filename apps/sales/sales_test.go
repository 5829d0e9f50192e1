package sales

import (
	"context"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

// Joiners come at random moments, amid thousands of orders that come from several
// sides, and change from region to region: nothing is missing in between, and what each
// has in the end is the truth.
func TestSnapshotAndDeltasAreTheTruth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, net, _ := start(t, site.Config{Quiet: true})
		var all sync.Mutex // guards placed
		var placed []Order
		var joiners []*joiner
		var running sync.WaitGroup
		for g := range 6 {
			r := rand.New(rand.NewPCG(7, uint64(g)))
			running.Go(func() {
				for range 1000 {
					time.Sleep(time.Duration(r.IntN(20)) * time.Millisecond)
					o := someOrder(r, time.Now())
					all.Lock()
					placed = append(placed, o)
					all.Unlock()
					a.book.enter(o)
				}
			})
		}
		r := rand.New(rand.NewPCG(8, 8))
		views := slices.Sorted(maps.Keys(a.book.views))
		for i := range 40 {
			time.Sleep(time.Duration(r.IntN(200)) * time.Millisecond)
			j := &joiner{c: net.Connect(t, "/sales", client.Config{})}
			j.listen()
			joiners = append(joiners, j)
			running.Go(func() {
				for n := range 10 { // regions, each entered in the moment of a tick, the last one for good
					time.Sleep(rhythm - time.Duration(time.Now().UnixMilli())*time.Millisecond%rhythm)
					j.watch(t, views[(i+n)%len(views)])
				}
			})
		}
		running.Wait()
		time.Sleep(2 * rhythm)
		synctest.Wait()

		for _, j := range joiners {
			j.check(t, placed)
			if j.again != 0 {
				t.Errorf("%s: something was missing %d times", j.name, j.again)
			}
		}
	})
}

// Whoever waits for the snapshot hears already what changes.
func TestJoinsBeforeItReads(t *testing.T) {
	a, net, _ := start(t, site.Config{Quiet: true})
	c := net.Connect(t, "/sales", client.Config{})
	a.book.mu.Lock() // so that no snapshot can be taken
	var running sync.WaitGroup
	running.Go(func() { briotest.Do(t, c, Watch, All) })
	joined := func() bool {
		rooms, err := a.ns.Rooms(t.Context())
		return err != nil || rooms[All] == 1
	}
	for deadline := time.Now().Add(briotest.Patience); !joined() && time.Now().Before(deadline); {
		runtime.Gosched()
	}
	if !joined() {
		t.Error("it waits for the snapshot and is not in the room")
	}
	a.book.mu.Unlock()
	running.Wait()
}

// More orders at once than are told one by one: pages notice, and ask again.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, net, _ := start(t, site.Config{Quiet: true})
		j := &joiner{c: net.Connect(t, "/sales", client.Config{})}
		j.listen()
		j.watch(t, All)
		r := rand.New(rand.NewPCG(9, 9))
		var placed []Order
		for range maxDelta + 1 {
			placed = append(placed, someOrder(r, time.Now()))
		}
		a.book.enter(placed...)
		time.Sleep(2 * rhythm)
		synctest.Wait()
		if j.again != 1 {
			t.Errorf("it took %d snapshots again, want 1", j.again)
		}
		j.check(t, placed)
	})
}

// joiner does what web/view.js does.
type joiner struct {
	c     *briotest.Client
	mu    sync.Mutex // guards what follows
	name  string
	view  *View
	held  []Delta
	again int
}

func (j *joiner) listen() {
	Changed.On(j.c, func(ctx context.Context, d Delta) error {
		j.mu.Lock()
		defer j.mu.Unlock()
		if d.View != j.name {
			return nil
		}
		if j.view == nil {
			j.held = append(j.held, d)
			return nil
		}
		if j.take(d) {
			return nil
		}
		j.again++
		v, err := Watch.Do(ctx, j.c, j.name)
		j.view = &v
		return err
	})
}

func (j *joiner) watch(t *testing.T, name string) {
	j.mu.Lock()
	j.name, j.view, j.held = name, nil, nil
	j.mu.Unlock()
	v := briotest.Do(t, j.c, Watch, name)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.view = &v
	for _, d := range j.held {
		if !j.take(d) {
			t.Errorf("%s: a gap: the snapshot holds %d, a delta begins at %d", name, v.Version, d.From)
		}
	}
}

func (j *joiner) take(d Delta) bool {
	if j.view.Version < d.From {
		return false
	}
	for _, o := range d.Orders[min(int(j.view.Version-d.From), len(d.Orders)):] {
		j.view.Add(o)
	}
	return true
}

// check compares with a count that shares nothing with the views.
func (j *joiner) check(t *testing.T, placed []Order) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	var n int
	var cents, window int64
	sums := map[string]int64{}
	for _, o := range placed {
		if j.name != All && o.Region != j.name {
			continue
		}
		n++
		cents += o.Cents
		sums[o.Product] += o.Cents
		sums[o.Region] += o.Cents
	}
	for _, slot := range j.view.Slots {
		window += slot[0]
	}
	if j.view.Version != uint64(n) || j.view.Count != n || !maps.Equal(j.view.Sums, sums) || window != cents {
		t.Errorf("%s: it has version %d, %d orders, %v and %d in the window; the truth is %d, %v and %d",
			j.name, j.view.Version, j.view.Count, j.view.Sums, window, n, sums, cents)
	}
}

func TestOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, net, s := start(t, site.Config{Quiet: true})
		ada := net.Connect(t, "/sales", auth(t, s))
		good := Order{Product: "Rosin", Region: "Europe", Quantity: 2, Key: "k", Cents: 1, By: "Eve", At: 5}
		o := briotest.Do(t, ada, Place, good)
		if o.Cents != 1780 || o.By != "Ada" || o.At != time.Now().UnixMilli() {
			t.Errorf("placed as %+v", o)
		}
		for want, change := range map[string]func(o *Order){
			"one of the products": func(o *Order) { o.Product = "Piano" },
			"1 to 20 pieces":      func(o *Order) { o.Quantity = 0 },
			"Order 1 to 20":       func(o *Order) { o.Quantity = 21 },
			"the region":          func(o *Order) { o.Region = All },
			"a key":               func(o *Order) { o.Key = strings.Repeat("k", 65) },
		} {
			o := good
			change(&o)
			if _, err := Place.Do(t.Context(), ada, o); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v is answered with %v, want %q", o, err, want)
			}
		}
		briotest.Do(t, ada, Place, good) // its acknowledgement was lost
		if v := a.book.snapshot(All, time.Now()); v.Version != 1 {
			t.Errorf("sent twice, it is %d orders", v.Version)
		}
		guest := net.Connect(t, "/sales", client.Config{})
		if _, err := Place.Do(t.Context(), guest, good); err == nil || !strings.Contains(err.Error(), "pass") {
			t.Errorf("somebody who looks on orders: %v", err)
		}
		if _, err := Watch.Do(t.Context(), guest, "Atlantis"); err == nil || !strings.Contains(err.Error(), "no such region") {
			t.Errorf("a region that is not: %v", err)
		}
	})
}

func TestSimulatedPeopleOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, net, _ := start(t, site.Config{})
		time.Sleep(time.Hour)
		c := net.Connect(t, "/sales", client.Config{})
		first := briotest.Do(t, c, Watch, All)
		if first.Version < 500 || first.Version > 1500 || len(first.Latest) != 12 {
			t.Errorf("who comes first sees %d orders of the last half hour", first.Version)
		}
		time.Sleep(time.Minute)
		if n := briotest.Do(t, c, Watch, All).Version - first.Version; n < 5 || n > 80 {
			t.Errorf("%d orders in a minute: that's no human pace", n)
		}
		c.Close()
		synctest.Wait()
		before := a.book.snapshot(All, time.Now()).Version
		time.Sleep(time.Hour)
		if after := a.book.snapshot(All, time.Now()).Version; after > before+5 {
			t.Errorf("nobody is there, and they place %d orders", after-before)
		}
	})
}

func TestOrdersOutliveTheProgram(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		s, err := site.Open(site.Config{Data: folder})
		if err != nil {
			t.Fatal(err)
		}
		a := New(s)
		a.shop(true)
		want := map[string]View{}
		for name := range a.book.views {
			want[name] = a.book.snapshot(name, time.Now())
		}
		a.Close()
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		b, _, _ := start(t, site.Config{Data: folder})
		for name, v := range want {
			if got := b.book.snapshot(name, time.Now()); got.Version != v.Version || got.Count != v.Count || !maps.Equal(got.Sums, v.Sums) || !slices.Equal(got.Slots, v.Slots) || !slices.Equal(got.Latest, v.Latest) {
				t.Errorf("%s was %+v and is %+v", name, v, got)
			}
		}
	})
}

func TestOldOrdersAreTrimmed(t *testing.T) {
	_, _, s := start(t, site.Config{Quiet: true})
	if _, err := store(t.Context(), s.DB, make([]Order, 3)...); err != nil { // 1 to 3
		t.Fatal(err)
	}
	if _, err := s.DB.ExecContext(t.Context(), `INSERT INTO sales_orders (id, body) VALUES (50002, '{}')`); err != nil {
		t.Fatal(err)
	}
	if kept, err := load(t.Context(), s.DB); err != nil || len(kept) != 2 { // 3 and 50002
		t.Errorf("%d orders are kept, %v; want 2", len(kept), err)
	}
}

// The window and the day move on, whether by orders or by time, to the same.
func TestRoll(t *testing.T) {
	const start = 20_000 * dayTime
	v := newView()
	for _, at := range []int64{start - 2*slotTime, start - slotTime - 1, start + 5*slotTime, start - 1, start - slots*slotTime} {
		v.Add(Order{Product: "Rosin", Region: "Asia", At: at, Cents: 100})
	}
	if v.Count != 1 || v.Sums["Rosin"] != 100 || v.Version != 5 || v.Day != 20_000 {
		t.Errorf("the new day has %d orders of %v, day %d", v.Count, v.Sums, v.Day)
	}
	if last, earlier := v.Slots[slots-1], v.Slots[slots-1-7]; last != [2]int64{100, 1} || earlier != [2]int64{200, 2} {
		t.Errorf("the window is %v", v.Slots)
	}
	v.Roll(start + 2*dayTime)
	if v.Count != 0 || slices.Max(flat(v.Slots)) != 0 || len(v.Slots) != slots {
		t.Errorf("two days later it is %+v", v)
	}
}

func flat(slots [][2]int64) (all []int64) {
	for _, slot := range slots {
		all = append(all, slot[:]...)
	}
	return all
}

func start(t *testing.T, config site.Config) (*Sales, *briotest.Site, *site.Site) {
	t.Helper()
	config.Unlimited = true
	s, err := site.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	a := New(s)
	t.Cleanup(func() {
		a.Close()
		if err := s.Close(context.Background()); err != nil {
			t.Errorf("close the site: %v", err)
		}
	})
	return a, briotest.Serve(t, s.Server), s
}

func auth(t *testing.T, s *site.Site) client.Config {
	t.Helper()
	pass, err := s.Passes.Make(site.Person{ID: "ada", Name: "Ada", Role: "visitor"})
	if err != nil {
		t.Fatal(err)
	}
	return client.Config{Auth: map[string]string{"pass": pass}}
}

func someOrder(r *rand.Rand, at time.Time) Order {
	return Order{Product: wanted[r.IntN(len(wanted))], Region: regions[r.IntN(len(regions))], Quantity: 1, Cents: 1 + r.Int64N(10_000), At: at.UnixMilli()}
}
