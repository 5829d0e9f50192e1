package site

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

func TestCrowd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Config{})
		ns := s.Server.Of("/app")
		ns.Use(s.Passes.Admit)
		crowd := s.Crowd(ns)
		var ticks, acts atomic.Int64
		each(t, crowd, func(simulated bool) {
			ticks.Add(1)
			if simulated {
				acts.Add(1)
			}
		})
		net := briotest.Serve(t, s.Server)

		time.Sleep(time.Hour)
		if n := ticks.Load(); n != 0 {
			t.Errorf("nobody is there, and time passes: %d times", n)
		}

		guest := net.Connect(t, "/app", client.Config{})
		if !briotest.Next(t, guest, Simulated) {
			t.Error("the simulated people are off")
		}
		time.Sleep(10 * time.Second)
		if n := ticks.Load(); n < 9 || n > 11 || n != acts.Load() {
			t.Errorf("%d times, %d of them with the simulated people, in 10 s", n, acts.Load())
		}
		if _, err := Simulate.Do(t.Context(), guest, false); err == nil || !strings.Contains(err.Error(), "pass") {
			t.Errorf("somebody who looks on uses the switch: %v", err)
		}

		ada := net.Connect(t, "/app", client.Config{Auth: map[string]string{"pass": pass(t, s, Person{ID: "ada"})}})
		briotest.Next(t, ada, Simulated)
		if on, err := Simulate.Do(t.Context(), ada, false); on || err != nil {
			t.Error(on, err)
		}
		if briotest.Next(t, guest, Simulated) || briotest.Next(t, ada, Simulated) {
			t.Error("they are told that the simulated people are on")
		}
		before := acts.Load()
		time.Sleep(10 * time.Second)
		if acts.Load() != before {
			t.Error("they act though they are switched off")
		}

		for _, c := range []*briotest.Client{guest, ada} {
			c.Close()
		}
		synctest.Wait()
		gone := ticks.Load()
		time.Sleep(time.Hour)
		if n := ticks.Load() - gone; n > 1 {
			t.Errorf("all have left, and time passes: %d times", n)
		}
	})
}

func TestQuietCrowd(t *testing.T) {
	s := open(t, Config{Quiet: true})
	ns := s.Server.Of("/app")
	ns.Use(s.Passes.Admit)
	crowd := s.Crowd(ns)
	ada := briotest.Serve(t, s.Server).Connect(t, "/app", client.Config{Auth: map[string]string{"pass": pass(t, s, Person{ID: "ada"})}})
	if _, err := Simulate.Do(t.Context(), ada, true); err == nil || !strings.Contains(err.Error(), "--quiet") || crowd.On() {
		t.Error(err, crowd.On())
	}
}

func each(t *testing.T, crowd *Crowd, f func(simulated bool)) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { crowd.Each(ctx, time.Second, func(_ time.Time, simulated bool) { f(simulated) }) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
}

func pass(t *testing.T, s *Site, who Person) string {
	t.Helper()
	pass, err := s.Passes.Make(who)
	if err != nil {
		t.Fatal(err)
	}
	return pass
}
