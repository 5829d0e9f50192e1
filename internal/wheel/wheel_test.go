package wheel_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio/internal/wheel"
)

func TestEntriesFireWhenTheyAreDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := wheel.New()
		defer w.Stop()
		start := time.Now()
		var mu sync.Mutex
		fired := map[time.Duration]time.Duration{}
		random := rand.New(rand.NewPCG(1, 2))
		const n = 2000
		entries := make([]wheel.Entry, n)
		for i := range entries {
			after := time.Duration(random.Int64N(int64(3 * time.Minute)))
			entries[i].Owner = wheel.Func(func() {
				mu.Lock()
				defer mu.Unlock()
				fired[after] = time.Since(start)
			})
			w.Schedule(&entries[i], after)
		}
		time.Sleep(4 * time.Minute)
		synctest.Wait()
		if len(fired) != n {
			t.Fatalf("%d of %d fired", len(fired), n)
		}
		for want, got := range fired {
			if got != want {
				t.Fatalf("due after %v, fired after %v", want, got)
			}
		}
	})
}

func TestCancelAndReschedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := wheel.New()
		defer w.Stop()
		start := time.Now()
		var first, second time.Duration
		a := wheel.Entry{Owner: wheel.Func(func() { first = time.Since(start) })}
		b := wheel.Entry{Owner: wheel.Func(func() { second = time.Since(start) })}
		w.Schedule(&a, 50*time.Millisecond)
		w.Schedule(&b, 55*time.Millisecond)
		w.Schedule(&b, 3*time.Second)
		w.Schedule(&b, 300*time.Millisecond)
		w.Cancel(&a)
		time.Sleep(time.Minute)
		synctest.Wait()
		if first != 0 {
			t.Errorf("cancelled, fired after %v", first)
		}
		if second != 300*time.Millisecond {
			t.Errorf("fired after %v", second)
		}
	})
}

func TestAnEntryMayScheduleItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := wheel.New()
		defer w.Stop()
		var beats int
		var e wheel.Entry
		e.Owner = wheel.Func(func() {
			beats++
			w.Schedule(&e, 25*time.Second)
		})
		w.Schedule(&e, 25*time.Second)
		time.Sleep(time.Hour + time.Second)
		synctest.Wait()
		if beats != 144 {
			t.Errorf("%d beats in an hour of 25 s", beats)
		}
	})
}

func TestStopIsFinal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := wheel.New()
		e := wheel.Entry{Owner: wheel.Func(func() { t.Error("fired after Stop") })}
		w.Schedule(&e, time.Second)
		w.Stop()
		w.Schedule(&e, time.Second)
		time.Sleep(time.Minute)
		synctest.Wait()
	})
}

func BenchmarkSchedule(b *testing.B) {
	w := wheel.New()
	defer w.Stop()
	entries := make([]wheel.Entry, 10_000)
	for i := range entries {
		entries[i].Owner = wheel.Func(func() {})
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		w.Schedule(&entries[i%len(entries)], 25*time.Second)
	}
}
