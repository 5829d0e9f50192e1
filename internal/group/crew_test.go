package group_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/briohq/brio/internal/group"
)

type task func()

func (t task) Run() { t() }

// A task that blocks holds up no other.
func TestCrewBlocks(t *testing.T) {
	var g group.Group
	c := group.Crew{Group: &g}
	const n = 100
	all := make(chan struct{})
	var met sync.WaitGroup
	met.Add(n)
	for range n {
		c.Go(task(func() {
			met.Done()
			<-all
		}))
	}
	met.Wait()
	close(all)
	if err := g.Wait(context.Background()); err != nil {
		t.Error(err)
	}
}

// Each task is done once, whoever asks for it, tasks too.
func TestCrewDoesAll(t *testing.T) {
	var g group.Group
	c := group.Crew{Group: &g}
	const askers, each = 8, 2000
	var done atomic.Int64
	for range askers {
		g.Go(func() {
			for range each {
				c.Go(task(func() {
					done.Add(1)
					c.Go(task(func() { done.Add(1) }))
				}))
			}
		})
	}
	if err := g.Wait(context.Background()); err != nil {
		t.Error(err)
	}
	if got := done.Load(); got != 2*askers*each {
		t.Errorf("%d tasks were done, want %d", got, 2*askers*each)
	}
}

func BenchmarkCrew(b *testing.B) {
	var g group.Group
	c := group.Crew{Group: &g}
	one := task(func() {})
	b.ReportAllocs()
	for b.Loop() {
		c.Go(one)
	}
	if err := g.Wait(context.Background()); err != nil {
		b.Error(err)
	}
}
