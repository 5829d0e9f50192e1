package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
	"github.com/briohq/brio/client/engineio"
)

// people are the honest clients: each asks about once a second and is answered with
// what it has said; one in ten does so over polling; the first few are members of the
// busy room, and hear everything. Beside them somebody new comes every half a second,
// asks once and leaves.
type people struct {
	address string
	staying sync.WaitGroup

	mu     sync.Mutex // guards what follows
	trips  *hdrhistogram.Histogram
	visits *hdrhistogram.Histogram
	heard  int
	failed map[string]int
}

// members is how many of the honest are in the busy room.
const members = 10

// longest is the longest time that is told from longer ones, in µs.
const longest = 60_000_000

func newPeople(address string) *people {
	p := &people{address: address}
	p.take()

	return p
}

// take returns what was noted, and begins anew.
func (p *people) take() *people {
	p.mu.Lock()
	defer p.mu.Unlock()
	noted := &people{trips: p.trips, visits: p.visits, heard: p.heard, failed: p.failed}
	p.trips, p.visits = hdrhistogram.New(1, longest, 3), hdrhistogram.New(1, longest, 3)
	p.heard, p.failed = 0, map[string]int{}

	return noted
}

func (p *people) note(in *hdrhistogram.Histogram, d time.Duration) {
	_ = in.RecordValue(min(max(1, d.Microseconds()), longest)) // within bounds
}

func (p *people) fail(what string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed[fmt.Sprintf("%s: %v", what, err)]++
}

// come has all connect, who stay until ctx is done.
func (p *people) come(ctx context.Context, n int) error {
	for i := range n {
		transport := "websocket"
		if i%10 == 9 {
			transport = "polling"
		}
		s := p.newSocket(transport)
		s.OnDisconnect(func(_ context.Context, reason brio.Reason) error {
			if ctx.Err() == nil {
				p.fail("disconnected", fmt.Errorf("%s, over %s", reason, transport))
			}
			return nil
		})
		if i < members {
			p.follow(s)
		}
		if err := s.Connect(ctx); err != nil {
			return fmt.Errorf("honest client %d: %w", i, err)
		}
		if i < members {
			if _, err := s.Do(ctx, "join", "busy"); err != nil {
				return err
			}
		}
		p.staying.Go(func() { p.stay(ctx, s, rand.New(rand.NewPCG(1, uint64(i)))) }) //nolint:gosec // when it asks is no secret
	}
	p.staying.Go(func() { p.visit(ctx) })

	return nil
}

func (p *people) newSocket(transport string) *client.Socket {
	return client.New("http://"+p.address, client.Config{Engine: engineio.Config{Transports: []string{transport}}})
}

// follow checks that a member of the busy room misses nothing.
func (p *people) follow(s *client.Socket) {
	last := -1
	s.On("news", func(_ context.Context, args brio.Args) error {
		var n int
		if err := args.Scan(&n, new(string)); err != nil {
			return err
		}
		if last >= 0 && n != last+1 {
			p.fail("news", fmt.Errorf("%d came after %d", n, last))
		}
		last = n
		p.mu.Lock()
		defer p.mu.Unlock()
		p.heard++

		return nil
	})
}

// stay asks about once a second until ctx is done.
func (p *people) stay(ctx context.Context, s *client.Socket, random *rand.Rand) {
	defer func() { _ = s.Close() }() // it goes either way
	for {
		pause := time.NewTimer(time.Duration(float64(time.Second) * (0.5 + random.Float64())))
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
		start := time.Now()
		if err := ask(ctx, s); err != nil {
			if ctx.Err() == nil {
				p.fail("not answered", err)
			}
			continue
		}
		p.mu.Lock()
		p.note(p.trips, time.Since(start))
		p.mu.Unlock()
	}
}

func ask(ctx context.Context, s *client.Socket) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer, err := s.Do(ctx, "echo", "hello")
	if err != nil {
		return err
	}
	var text string
	if err := answer.Scan(&text); err != nil || text != "hello" {
		return fmt.Errorf("the answer is %q: %w", text, err)
	}

	return nil
}

// visit has somebody new come every now and then.
func (p *people) visit(ctx context.Context) {
	often := time.NewTicker(500 * time.Millisecond)
	defer often.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-often.C:
		}
		start, s := time.Now(), p.newSocket("websocket")
		err := func() error {
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			if err := s.Connect(ctx); err != nil {
				return err
			}
			return ask(ctx, s)
		}()
		_ = s.Close() // it goes either way
		switch {
		case err == nil:
			p.mu.Lock()
			p.note(p.visits, time.Since(start))
			p.mu.Unlock()
		case ctx.Err() == nil:
			p.fail("somebody new", err)
		}
	}
}
