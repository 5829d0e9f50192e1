// Package group owns goroutines: it starts them and waits for them to end.
//
// Every goroutine of brio is started by a [Group], so that a server which has
// been shut down can say that nothing of it runs any more. Unlike
// [sync.WaitGroup], a Group may be started from while it is waited for: a
// connection that ends during a shutdown may still need a goroutine to say
// goodbye.
package group

import (
	"context"
	"sync"
)

// Group is a set of running goroutines. Its zero value is empty and ready.
// All methods may be called concurrently.
type Group struct {
	mu      sync.Mutex // guards what follows
	running int
	idle    chan struct{} // made by the first waiter, closed when running falls to 0
}

// Go runs f in a goroutine of the group.
func (g *Group) Go(f func()) {
	g.mu.Lock()
	g.running++
	g.mu.Unlock()
	go func() {
		defer g.done()
		f()
	}()
}

func (g *Group) done() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.running--
	if g.running == 0 && g.idle != nil {
		close(g.idle)
		g.idle = nil
	}
}

// Wait returns nil as soon as no goroutine of the group runs, or the cause of
// ctx if that ends first.
func (g *Group) Wait(ctx context.Context) error {
	g.mu.Lock()
	if g.running == 0 {
		g.mu.Unlock()
		return nil
	}
	if g.idle == nil {
		g.idle = make(chan struct{})
	}
	idle := g.idle
	g.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
