package client_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
)

var (
	rounds = flag.Int("rounds", 20, "how many `times` clients go through bad weather")
	seed   = flag.Uint64("seed", 1, "of the first weather")
)

const (
	note brio.Event[int]     = "note"
	keep brio.Call[int, int] = "keep"
	tick brio.Event[int]     = "tick"
)

// log is what a server was told.
type log struct {
	mu   sync.Mutex
	list []int
}

func (l *log) add(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, n)
}

func (l *log) all() []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}

// Whatever the network does, with Retries each event arrives, and is first seen in
// order; no acknowledgement is lost or given to another.
func TestRetriesOutlastWeather(t *testing.T) {
	weathers(t, func(t *testing.T, w *site) {
		var notes log
		ns := w.Of("/")
		note.Handle(ns, func(_ context.Context, _ *brio.Socket, n int) error { notes.add(n); return nil })
		keep.Handle(ns, func(_ context.Context, _ *brio.Socket, n int) (int, error) { notes.add(n); return -n, nil })
		config := w.config()
		config.Retries = 1 << 30
		config.AckTimeout = 300 * time.Millisecond
		c := w.connect(config)
		defer c.Close()
		const n = 300
		for i := range n {
			if i%7 == 0 {
				if got, err := keep.Do(t.Context(), c, i); err != nil || got != -i {
					t.Fatal(i, got, err)
				}
			} else if err := note.Emit(c, i); err != nil {
				t.Fatal(i, err)
			}
		}
		if got, err := keep.Do(t.Context(), c, n); err != nil || got != -n {
			t.Fatal(got, err)
		}
		next := 0
		for _, i := range notes.all() {
			if i > next {
				t.Fatalf("%d was seen before %d", i, next)
			}
			if i == next {
				next++
			}
		}
		if next != n+1 {
			t.Errorf("%d of %d arrived", next, n+1)
		}
	})
}

// Without Retries an event arrives once or not at all, and at all if it was
// acknowledged; who is not told so is told that it was not.
func TestAcksInWeather(t *testing.T) {
	weathers(t, func(t *testing.T, w *site) {
		var notes log
		keep.Handle(w.Of("/"), func(_ context.Context, _ *brio.Socket, n int) (int, error) { notes.add(n); return -n, nil })
		c := w.connect(w.config())
		defer c.Close()
		var asking sync.WaitGroup
		var kept log
		for worker := range 4 {
			asking.Go(func() {
				for i := range 50 {
					n := 1000*worker + i
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					if got, err := keep.Do(ctx, c, n); err == nil {
						kept.add(n)
						if got != -n {
							t.Error(n, "got the answer", got)
						}
					}
					cancel()
				}
			})
		}
		asking.Wait()
		arrived := notes.all()
		slices.Sort(arrived)
		if len(slices.Compact(slices.Clone(arrived))) != len(arrived) {
			t.Error("some arrived twice: ", arrived)
		}
		for _, n := range kept.all() {
			if _, there := slices.BinarySearch(arrived, n); !there {
				t.Error(n, "was acknowledged and has not arrived")
			}
		}
		if len(kept.all()) == 0 {
			t.Error("none was acknowledged")
		}
	})
}

// A client that is recovered sees what the server sends without a gap, once and in
// order; a gap takes a new session.
func TestRecoveryInWeather(t *testing.T) {
	recovered := 0
	weathers(t, func(t *testing.T, w *site) {
		var fresh, back log
		ns := w.Of("/")
		ns.OnConnect(func(_ context.Context, s *brio.Socket) error {
			if s.Recovered() {
				back.add(1)
				return nil
			}
			fresh.add(1)
			return nil
		})
		c := client.New("http://site", w.config())
		defer c.Close()
		var ticks log
		tick.On(c, func(_ context.Context, n int) error { ticks.add(n); return nil })
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range 500 {
			if err := tick.Emit(ns, i); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Millisecond)
		}
		w.mu.Lock()
		w.bad = nil // so that it comes back to stay
		w.mu.Unlock()
		time.Sleep(20 * time.Second)
		list := ticks.all()
		gaps := 0
		for i, n := range list {
			switch {
			case i == 0:
			case n <= list[i-1]:
				t.Fatalf("%d after %d", n, list[i-1])
			case n != list[i-1]+1:
				gaps++
			}
		}
		if len(list) == 0 || gaps >= len(fresh.all()) {
			t.Errorf("%d ticks, %d gaps, %d new sessions", len(list), gaps, len(fresh.all()))
		}
		recovered += len(back.all())
	})
	if recovered == 0 {
		t.Error("no client was ever recovered")
	}
}

// weathers has something done in several weathers.
func weathers(t *testing.T, f func(t *testing.T, w *site)) {
	t.Helper()
	var broken int
	var lasted time.Duration
	for i := range *rounds {
		s := *seed + uint64(i)
		t.Run(fmt.Sprint("seed ", s), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newSite(t, brio.Config{Recovery: &brio.Recovery{}})
				start := time.Now()
				bad := &weather{random: rand.New(rand.NewPCG(s, 0))}
				w.bad = bad
				defer func() {
					time.Sleep(3 * time.Second) // until the last has lingered enough
					w.close()
					broken += bad.broken
					lasted += time.Since(start)
				}()
				f(t, w)
			})
		})
	}
	t.Log(broken, "connections in", lasted.Round(time.Second), "of the bubbles' time")
}
