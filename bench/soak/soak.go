package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/briohq/brio/bench/contract"
	"github.com/briohq/brio/bench/load"
	"github.com/briohq/brio/internal/group"
)

// A soak is one server under mixed load for long: twice, first for a warm-up, with
// as many connections.
type soak struct {
	address     string
	pid         int // of the server
	connections int
	duration    time.Duration
	warmup      time.Duration // of the first round
	rate        float64       // of deliveries
	churn       float64       // of connections
	progress    io.Writer

	fresh   contract.State // before the first connection
	before  contract.State // when those of the warm-up had left
	after   contract.State // when all had left
	parts   []part
	samples []sample

	mu       sync.Mutex               // guards what follows
	told     map[string]load.Progress // by part
	allThere time.Time                // since when all have been connected
	together time.Duration            // for how long they were
}

// A part is some of the clients, who do the same.
type part struct {
	name   string
	config load.Config
	report *load.Report
}

// A sample is the server's state while the load is on it.
type sample struct {
	at time.Duration
	contract.State
}

// members is how many clients share a small room.
const members = 10

// settling is how long a round is under load before it is measured: until then
// all parts have connected.
const settling = 30 * time.Second

// split makes the parts: half of the clients in small rooms, a quarter in a large
// one, into which those come and from which those leave that are replaced.
func (s *soak) split(duration time.Duration) []part {
	n := s.connections
	rooms := n / 2 / members * members
	large, echo, churn := n/4, n*3/20, n/20
	idle := n - rooms - large - echo - churn
	third := s.rate / 3
	one := load.Config{URL: "http://" + s.address, Warmup: min(settling, duration), Duration: duration, Timeout: time.Minute}
	with := func(change func(*load.Config)) load.Config {
		c := one
		change(&c)
		return c
	}

	return []part{
		{name: "rooms", config: with(func(c *load.Config) {
			c.Mode, c.Connections, c.Members, c.Rate = load.Rooms, rooms, members, third/members
		})},
		{name: "broadcast", config: with(func(c *load.Config) {
			c.URL += "?room=large"
			c.Mode, c.Connections, c.Rate = load.Broadcast, large, third/float64(large)
		})},
		{name: "echo", config: with(func(c *load.Config) {
			c.Mode, c.Connections, c.Rate = load.Echo, echo, third
		})},
		{name: "churn", config: with(func(c *load.Config) {
			c.URL += "?room=large"
			c.Mode, c.Connections, c.Rate = load.Connect, churn, s.churn
		})},
		{name: "idle", config: with(func(c *load.Config) {
			c.Mode, c.Connections, c.PID = load.Idle, idle, s.pid
		})},
	}
}

func (s *soak) run(ctx context.Context) (err error) {
	if s.fresh, err = contract.Ask(ctx, s.address, true); err != nil {
		return err
	}
	if err := s.round(ctx, "warm-up", s.warmup); err != nil {
		return fmt.Errorf("the warm-up: %w", err)
	}
	if s.before, err = contract.Ask(ctx, s.address, true); err != nil {
		return err
	}
	if err := s.round(ctx, "soak", s.duration); err != nil {
		return err
	}
	s.after, err = contract.Ask(ctx, s.address, true)

	return err
}

// round has all connect, stay for the duration, and leave.
func (s *soak) round(ctx context.Context, name string, duration time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.parts, s.samples, s.told, s.together = s.split(duration), nil, map[string]load.Progress{}, 0
	s.allThere = time.Time{}

	var loads group.Group
	errs := make(chan error, len(s.parts))
	for i := range s.parts {
		p := &s.parts[i]
		p.config.Progress = func(now load.Progress) { s.hear(p.name, now) }
		loads.Go(func() {
			report, err := load.Run(ctx, p.config)
			p.report = report
			if err != nil {
				cancel() // the others
				err = fmt.Errorf("%s: %w", p.name, err)
			}
			errs <- err
		})
	}
	err := s.watch(ctx, name, duration, errs)
	cancel()
	for _, e := range []error{loads.Wait(context.WithoutCancel(ctx)), err} {
		if e != nil {
			return e
		}
	}

	return s.leave(ctx)
}

// hear notes how it goes with a part.
func (s *soak) hear(part string, now load.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told[part] = now
	// Of those that are replaced, a few are always on their way.
	missing := s.connections
	for name, p := range s.told {
		missing -= p.Connected
		if name == "churn" && p.Connected > 0 {
			missing -= p.Connections - p.Connected
		}
	}
	over := now.Phase == "waiting for the rest"
	switch {
	case missing > 0 || over:
		s.allThere = time.Time{}
	case s.allThere.IsZero():
		s.allThere = time.Now()
	default:
		s.together = max(s.together, time.Since(s.allThere))
	}
}

// watch samples the server until all parts have ended. It returns the first error
// that is not of one part's end by another's.
func (s *soak) watch(ctx context.Context, name string, duration time.Duration, errs <-chan error) error {
	start := time.Now()
	clock := time.NewTicker(min(max(duration/20, time.Second), 30*time.Second))
	defer clock.Stop()
	var first error
	for ended := 0; ended < len(s.parts); {
		select {
		case err := <-errs:
			ended++
			if err != nil && (first == nil || errors.Is(first, context.Canceled)) {
				first = err
			}
		case <-clock.C:
			state, err := contract.Ask(ctx, s.address, false)
			if err != nil {
				continue // the server ends, and so do the parts
			}
			at := time.Since(start)
			s.samples = append(s.samples, sample{at, state})
			s.tell(name, at, state)
		}
	}

	return first
}

func (s *soak) tell(name string, at time.Duration, state contract.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	perSecond, faults := 0.0, load.Faults{}
	for _, p := range s.told {
		perSecond += p.PerSecond
		faults.Add(p.Faults)
	}
	_, _ = fmt.Fprintf(s.progress, "%s %4.0f s: %d connections, %.0f messages/s, %d KiB of memory, %d goroutines, %s\n",
		name, at.Seconds(), state.Connections, perSecond, state.Private>>10, state.Goroutines, faults) // who closed it does not want to read it
}

// leave waits until the server has noticed that all have left.
func (s *soak) leave(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	clock := time.NewTicker(100 * time.Millisecond)
	defer clock.Stop()
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	for {
		state, err := contract.Ask(ctx, s.address, false)
		if err != nil || state.Connections == 0 {
			return err
		}
		select {
		case <-clock.C:
		case <-late.C:
			return fmt.Errorf("%d connections are left a minute after all have gone", state.Connections)
		}
	}
}
