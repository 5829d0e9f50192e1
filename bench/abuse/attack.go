package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// An outcome is what becomes of an attack.
type outcome string

const (
	answered outcome = "answered"
	paused   outcome = "paused"
	cut      outcome = "cut"
)

// A kind is a way to attack, and what is documented to become of it.
type kind struct {
	name   string
	wants  string        // the documented outcome, for the page of results
	every  time.Duration // how often one attacker does it at most, on average
	attack func(a *attacker) (outcome, error)
}

// An attacker does the same again and again.
type attacker struct {
	ctx     context.Context //nolint:containedctx // of the phase, which is all there is to an attacker
	address string
	kind    *kind
	number  int
	random  *rand.Rand
	wires   []*wire
	crowd   *crowd
}

// tally is what became of the attacks of a phase.
type tally struct {
	Kinds []*count
	Open  int // TCP connections that attackers had at once, on average
}

// count is of one kind.
type count struct {
	Attackers  int
	Attacks    int // that were begun
	Cut        int
	Answered   int
	Paused     int
	Overload   int // handshakes refused with 503, which is documented too
	Unfinished int // the phase ended before it was time to say
	Otherwise  int // not as documented
	Example    string
	Slowest    time.Duration // of the outcomes
}

func (c *count) add(o *count) {
	c.Attackers = o.Attackers
	c.Attacks += o.Attacks
	c.Cut += o.Cut
	c.Answered += o.Answered
	c.Paused += o.Paused
	c.Overload += o.Overload
	c.Unfinished += o.Unfinished
	c.Otherwise += o.Otherwise
	c.Slowest = max(c.Slowest, o.Slowest)
	if c.Example == "" {
		c.Example = o.Example
	}
}

// crowd are all attackers of a phase.
type crowd struct {
	open atomic.Int64

	mu    sync.Mutex // guards tally
	tally tally
}

// attack has all attackers attack for a phase. They arrive within its first seconds.
func (c *command) attack(ctx context.Context, address string) (*tally, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer time.AfterFunc(c.Phase, cancel).Stop() // a deadline of the context would fail dials before it is over
	all, list := &crowd{}, c.kinds()
	for range list {
		all.tally.Kinds = append(all.tally.Kinds, &count{})
	}
	var attacking sync.WaitGroup
	for i := range c.Abusive {
		a := &attacker{ctx: ctx, address: address, kind: &list[i%len(list)], number: i, random: rand.New(rand.NewPCG(2, uint64(i))), crowd: all} //nolint:gosec // what they do needs no secret
		one := all.tally.Kinds[i%len(list)]
		one.Attackers++
		attacking.Go(func() { a.run(one, min(3*time.Second, c.Phase/4)) })
	}
	often := time.NewTicker(100 * time.Millisecond)
	defer often.Stop()
	sum, n := 0, 0
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-often.C:
			sum, n = sum+int(all.open.Load()), n+1
		}
	}
	attacking.Wait()
	all.tally.Open = sum / max(1, n)

	return &all.tally, nil
}

// run attacks until the phase ends.
func (a *attacker) run(c *count, arrival time.Duration) {
	if a.wait(time.Duration(a.random.Int64N(int64(arrival)))) != nil {
		return
	}
	for a.ctx.Err() == nil {
		start := time.Now()
		how, err := a.kind.attack(a)
		took := time.Since(start)
		a.hangUp()
		a.crowd.mu.Lock()
		c.note(how, err, took, a.ctx.Err() != nil)
		a.crowd.mu.Unlock()
		_ = a.wait(a.kind.every/2 - took) // it has ended then
	}
}

func (c *count) note(how outcome, err error, took time.Duration, over bool) {
	c.Attacks++
	switch {
	case over:
		c.Unfinished++
		return
	case errors.Is(err, errOverload):
		c.Overload++
		return
	case err != nil:
		c.Otherwise++
		c.Example = err.Error()
		return
	case how == cut:
		c.Cut++
	case how == paused:
		c.Paused++
	default:
		c.Answered++
	}
	c.Slowest = max(c.Slowest, took)
}

// wait waits. It fails when the phase ends.
func (a *attacker) wait(d time.Duration) error {
	if d <= 0 {
		return a.ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-a.ctx.Done():
		return a.ctx.Err()
	case <-t.C:
		return nil
	}
}
