package site

import (
	"context"
	"sync"
	"time"

	"github.com/briohq/brio"
)

// What the switch on a page does. [Crowd] handles it for every application.
const (
	Simulate  brio.Call[bool, bool] = "simulate"  // let the simulated people take part, or not
	Simulated brio.Event[bool]      = "simulated" // to a page that connects, and when the switch was used
)

// Crowd knows whether somebody is there to see an application, and whether its
// simulated people are to take part. Its methods may be called concurrently.
type Crowd struct {
	ns    *brio.Namespace
	quiet bool

	mu      sync.Mutex // guards what follows
	on      bool
	sockets int
	changed chan struct{} // closed after a change, when another one takes its place
}

// Crowd makes the crowd of a namespace, switched on unless the site is quiet. Call
// it after the handlers of OnConnect whose events are to come first.
func (s *Site) Crowd(ns *brio.Namespace) *Crowd {
	c := &Crowd{ns: ns, quiet: s.Quiet, on: !s.Quiet, changed: make(chan struct{})}
	ns.OnConnect(func(_ context.Context, s *brio.Socket) error {
		on := c.set(func() { c.sockets++ })
		if c.quiet {
			return nil
		}

		return Simulated.Emit(s, on)
	})
	ns.OnDisconnect(func(context.Context, *brio.Socket, brio.Reason) error {
		c.set(func() { c.sockets-- })
		return nil
	})
	Simulate.Handle(ns, c.simulate)

	return c
}

// On reports whether the simulated people take part.
func (c *Crowd) On() bool {
	c.mu.Lock()
	defer c.mu.Unlock()

	return c.on
}

// Turn lets them take part, or not. The pages are told.
func (c *Crowd) Turn(on bool) error {
	c.set(func() { c.on = on && !c.quiet })

	return Simulated.Emit(c.ns, on && !c.quiet)
}

// Each calls f again and again, d after it began before, while somebody is there,
// until ctx is done. f is told whether the simulated people take part. While nobody
// is there, no time passes.
func (c *Crowd) Each(ctx context.Context, d time.Duration, f func(now time.Time, simulated bool)) {
	ticker := time.NewTicker(d)
	defer ticker.Stop()
	for c.wait(ctx) {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C: // which may have waited here since somebody was there
			f(time.Now(), c.On())
		}
	}
}

// wait waits until somebody is there, and reports whether ctx still runs.
func (c *Crowd) wait(ctx context.Context) bool {
	for {
		c.mu.Lock()
		watched, changed := c.sockets > 0, c.changed
		c.mu.Unlock()
		if watched {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-changed:
		}
	}
}

func (c *Crowd) simulate(_ context.Context, s *brio.Socket, on bool) (bool, error) {
	if c.quiet {
		return false, brio.Errorf("Start the demo without --quiet to have simulated people.")
	}
	if _, err := Must(s); err != nil {
		return c.On(), err
	}

	return on, c.Turn(on)
}

// set changes what mu guards, and returns whether the simulated people take part.
func (c *Crowd) set(change func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
	close(c.changed)
	c.changed = make(chan struct{})

	return c.on
}
