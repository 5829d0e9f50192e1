package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/class"
	"github.com/briohq/brio/apps/doc"
	"github.com/briohq/brio/bench/contract"
	"github.com/briohq/brio/bench/internal/machine"
	"github.com/briohq/brio/client"
	"github.com/briohq/brio/client/engineio"
)

// A visitor is one person at the page of an application.
type visitor struct {
	*client.Socket
	random *rand.Rand
	number int
	app    *app

	counter int    // of what it does
	drawn   string // the line it has drawn
	ticket  int64

	mu       sync.Mutex // guards what follows, which its handlers change
	price    int64      // of what it trades
	question class.Question
	answered bool
	text     doc.State
	length   int // of the text, in code points
	tick     uint32
}

// An app is what its visitors do, and how long it took to be answered.
type app struct {
	name  string
	role  string
	does  string
	every time.Duration // on average
	begin func(ctx context.Context, v *visitor) error
	act   func(ctx context.Context, v *visitor) error

	mu      sync.Mutex              // guards what follows
	trips   *hdrhistogram.Histogram // µs
	heard   int64
	refused map[string]int
	failed  map[string]int
}

// visit has everybody come, stay and go.
func (c *command) visit(ctx context.Context, address string, pid int, out io.Writer) (*results, error) {
	r := &results{machine: machine.This(), apps: applications()}
	for _, a := range r.apps {
		a.reset()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var staying sync.WaitGroup
	defer staying.Wait()
	defer cancel()
	for i := range c.Visitors {
		a := r.apps[i%len(r.apps)]
		v := &visitor{random: rand.New(rand.NewPCG(1, uint64(i))), number: i, app: a} //nolint:gosec // what they do needs no secret
		if err := v.connect(ctx, address); err != nil {
			return nil, fmt.Errorf("visitor %d, of %s: %w", i, a.name, err)
		}
		staying.Go(func() { v.stay(ctx) })
	}
	for _, a := range r.apps { // what the arrival of all costs is another matter
		a.reset()
	}
	start, often := time.Now(), time.NewTicker(10*time.Second)
	defer often.Stop()
	before, err := machine.ReadStat(pid)
	if err != nil {
		return nil, err
	}
	for time.Since(start) < c.Duration {
		private, err := machine.Private(pid)
		if err != nil {
			return nil, err
		}
		body, err := contract.Get(ctx, address, "/debug/memory")
		if err != nil {
			return nil, err
		}
		var m memory
		if err := json.Unmarshal(body, &m); err != nil {
			return nil, err
		}
		r.private, r.held = append(r.private, private), append(r.held, m)
		_, _ = fmt.Fprintf(out, "%4.0f s, %.1f MB: %.1f MB of Go's, %.1f MB of live objects, %.1f MB in the database\n",
			time.Since(start).Seconds(), float64(private)/1e6, float64(m.Go)/1e6, float64(m.Live)/1e6, float64(m.Stored)/1e6)
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-often.C:
		}
	}
	after, err := machine.ReadStat(pid)
	r.cores = (after.User + after.System - before.User - before.System).Seconds() / time.Since(start).Seconds()
	r.lasted = time.Since(start)
	r.machine.Done()

	return r, err
}

// connect gets a pass and lets the visitor in, by WebSocket as pages do.
func (v *visitor) connect(ctx context.Context, address string) error {
	body, err := json.Marshal(map[string]string{"name": fmt.Sprint("Visitor ", v.number), "role": v.app.role})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+"/pass", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	var given struct{ Pass string }
	if err := json.NewDecoder(response.Body).Decode(&given); err != nil {
		return err
	}
	v.Socket = client.New("http://"+address+"/"+v.app.name, client.Config{
		Auth:   map[string]string{"pass": given.Pass},
		Engine: engineio.Config{Transports: []string{"websocket"}},
	})
	v.On("probe", func(_ context.Context, args brio.Args) error { return args.Ack() })
	v.OnAny(func(context.Context, string, brio.Args) error {
		v.app.mu.Lock()
		defer v.app.mu.Unlock()
		v.app.heard++

		return nil
	})
	v.OnDisconnect(func(_ context.Context, reason brio.Reason) error {
		if ctx.Err() != nil {
			return nil // all go
		}
		v.app.note(fmt.Errorf("disconnected: %s", reason))
		return nil
	})
	if err := v.Connect(ctx); err != nil {
		return err
	}
	if v.app.begin != nil {
		return v.app.begin(ctx, v)
	}

	return nil
}

// stay acts now and then until ctx is done.
func (v *visitor) stay(ctx context.Context) {
	defer func() { _ = v.Close() }() // it goes either way
	for {
		pause := time.NewTimer(time.Duration(float64(v.app.every) * (0.5 + v.random.Float64())))
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
		act := v.app.act
		if act == nil || v.random.IntN(2) == 0 {
			act = pulse
		}
		start := time.Now()
		err := act(ctx, v)
		if ctx.Err() != nil {
			return
		}
		v.app.took(time.Since(start), err)
	}
}

// pulse is what every page asks, to see how long an answer takes.
func pulse(ctx context.Context, v *visitor) error {
	_, err := v.Do(ctx, "pulse")
	return err
}

func (a *app) reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.trips, a.heard, a.refused, a.failed = hdrhistogram.New(1, 60_000_000, 3), 0, map[string]int{}, map[string]int{}
}

// took notes an answer. A refusal is one: the answer to what can't be had.
func (a *app) took(d time.Duration, err error) {
	refusal, refused := errors.AsType[*brio.Error](err)
	if err != nil && !refused {
		a.note(err)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if refused {
		a.refused[refusal.Message]++
	}
	_ = a.trips.RecordValue(min(d.Microseconds(), 60_000_000)) // within bounds
}

func (a *app) note(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failed[err.Error()]++
}
