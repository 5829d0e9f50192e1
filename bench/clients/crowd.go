package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/bench/contract"
	"github.com/briohq/brio/bench/internal/machine"
	"github.com/briohq/brio/client"
	"github.com/briohq/brio/client/engineio"
)

const (
	together = 64 // connect at the same time
	echoes   = 5  // of each client
)

// echo answers what it is asked.
const echo brio.Call[int, int] = "echo"

// A crowd is clients that connect in one way.
type crowd struct {
	transport string
	size      int
}

type result struct {
	crowd
	before, full        state
	connecting, echoing time.Duration // CPU of this process
	left                int           // goroutines
}

// state is what this process has.
type state struct{ heap, stacks, private, goroutines int }

func (c crowd) measure(ctx context.Context, address string) (r result, err error) {
	r.crowd = c
	if r.before, err = now(); err != nil {
		return r, err
	}
	sockets := make([]*client.Socket, c.size)
	defer func() {
		err = errors.Join(err, each(sockets, func(s **client.Socket) error {
			if *s == nil {
				return nil
			}
			return (*s).Close()
		}))
		r.left = gone(r.before.goroutines)
	}()

	r.connecting, err = cpu(func() error {
		return each(sockets, func(s **client.Socket) (err error) {
			*s, err = client.Dial(ctx, "http://"+address, client.Config{Engine: engineio.Config{Transports: []string{c.transport}}})
			return err
		})
	})
	if err != nil {
		return r, err
	}
	if r.full, err = now(); err != nil {
		return r, err
	}
	r.echoing, err = cpu(func() error {
		return each(sockets, func(s **client.Socket) error {
			for i := range echoes {
				if got, err := echo.Do(ctx, *s, i); err != nil || got != i {
					return fmt.Errorf("the echo of %d is %d: %w", i, got, err)
				}
			}
			return nil
		})
	})

	return r, err
}

// each calls f for all, some at a time, and returns what went wrong first.
func each[T any](all []T, f func(*T) error) error {
	var running sync.WaitGroup
	failed := make(chan error, together)
	for worker := range together {
		running.Go(func() {
			for i := worker; i < len(all); i += together {
				if err := f(&all[i]); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	running.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// now returns what this process has after collections.
func now() (state, error) {
	contract.Settle()
	private, err := machine.Private(os.Getpid())
	var m runtime.MemStats
	runtime.ReadMemStats(&m)

	return state{int(m.HeapAlloc), int(m.StackInuse), private, runtime.NumGoroutine()}, err
}

// gone waits a moment for goroutines to end, and returns how many more there are than
// before. Package net/http does not wait for its own.
func gone(before int) int {
	often := time.NewTicker(10 * time.Millisecond)
	defer often.Stop()
	for tries := 0; runtime.NumGoroutine() > before && tries < 100; tries++ {
		<-often.C
	}

	return max(0, runtime.NumGoroutine()-before)
}

// cpu returns the time that this process ran while f did.
func cpu(f func() error) (time.Duration, error) {
	before := machine.CPU()
	err := f()

	return machine.CPU() - before, err
}
