package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/briohq/brio/bench/contract"
	"github.com/briohq/brio/bench/internal/machine"
)

// results are what was measured.
type results struct {
	machine machine.Machine
	phases  []*phase
	kinds   []*count
	open    int // connections of attackers at once, the least of the phases
	last    state
}

// phase is what was measured in one.
type phase struct {
	abused      bool
	noted       *people
	cores       float64 // of the server
	private     int     // bytes, the most
	live        int
	backlog     int64
	inboxes     int64
	connections int
}

// measure has the honest come, and the attackers every other phase.
func (c *command) measure(ctx context.Context, address string, pid int, progress io.Writer, attack func(context.Context) (*tally, error)) (*results, error) {
	r := &results{machine: machine.This()}
	ctx, cancel := context.WithCancel(ctx)
	p := newPeople(address)
	defer p.staying.Wait()
	defer cancel()
	if err := p.come(ctx, c.Honest); err != nil {
		return nil, err
	}
	for range c.kinds() {
		r.kinds = append(r.kinds, &count{})
	}
	for i := range 2 * c.Rounds {
		if i%2 == 0 { // what the arrival of all costs, and the end of an attack, is another matter
			if err := sleep(ctx, min(3*time.Second, c.Phase/2)); err != nil {
				return nil, err
			}
			p.take()
		}
		one := &phase{abused: i%2 == 1}
		r.phases = append(r.phases, one)
		if err := c.watch(ctx, r, one, address, pid, attack); err != nil {
			return nil, err
		}
		one.noted = p.take()
		_, _ = fmt.Fprintf(progress, "abused %-5v p99 %.2f ms, %.2f cores, %d MB private, %d MB live, %d KiB wait, failed: %v\n", one.abused,
			float64(one.noted.trips.ValueAtQuantile(99))/1e3, one.cores, one.private>>20, one.live>>20, one.backlog>>10, one.noted.failed)
	}
	r.machine.Done()

	return r, nil
}

// watch looks at the server for a phase.
func (c *command) watch(ctx context.Context, r *results, one *phase, address string, pid int, attack func(context.Context) (*tally, error)) error {
	look := func() error {
		private, err := machine.Private(pid)
		if err != nil {
			return err
		}
		body, err := contract.Get(ctx, address, "/debug/state")
		if err != nil {
			return err
		}
		r.last = state{}
		if err := json.Unmarshal(body, &r.last); err != nil {
			return err
		}
		one.private, one.live = max(one.private, private), max(one.live, r.last.Live)
		one.backlog, one.inboxes = max(one.backlog, r.last.Backlog), max(one.inboxes, r.last.Inboxes)
		one.connections = max(one.connections, r.last.Stats.Connections)

		return nil
	}
	if err := look(); err != nil { // the most of before is of no concern
		return err
	}
	one.backlog, one.inboxes = 0, 0
	before, err := machine.ReadStat(pid)
	if err != nil {
		return err
	}
	start := time.Now()
	var attacking sync.WaitGroup
	var failed error
	ctx, over := context.WithTimeoutCause(ctx, c.Phase, errOver)
	defer over()
	if one.abused {
		attacking.Go(func() { failed = r.besiege(context.WithoutCancel(ctx), attack) })
	}
	often := time.NewTicker(time.Second)
	defer often.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-often.C:
			if err := look(); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
	if err := context.Cause(ctx); !errors.Is(err, errOver) {
		return err
	}
	after, err := machine.ReadStat(pid)
	one.cores = (after.User + after.System - before.User - before.System).Seconds() / time.Since(start).Seconds()
	attacking.Wait()

	return errors.Join(err, failed)
}

// errOver ends a phase.
var errOver = errors.New("the phase is over")

// besiege has the attackers attack, and adds up what becomes of them.
func (r *results) besiege(ctx context.Context, attack func(context.Context) (*tally, error)) error {
	t, err := attack(ctx)
	if err != nil {
		return err
	}
	for i, one := range t.Kinds {
		r.kinds[i].add(one)
	}
	if r.open == 0 || t.Open < r.open {
		r.open = t.Open
	}

	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
