package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
)

type emit struct {
	Target target `embed:""`

	Event string   `arg:"" help:"The event."`
	Args  []string `arg:"" optional:"" help:"Its arguments: what parses as JSON is that, all else a string. - is read from standard input. Write -- before one that begins with a dash."`

	Binary   []string      `help:"A file to send as a binary argument, after the others; - is standard input. May be repeated." sep:"none" placeholder:"FILE"`
	Ack      bool          `help:"Wait for the acknowledgement, and print its arguments as a JSON array."`
	Repeat   int           `help:"How many times to emit (default: 1)." default:"1" placeholder:"N"`
	Interval time.Duration `help:"Time between two times." placeholder:"TIME"`
}

// Run emits, and returns when that has left.
func (e emit) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	return e.run(ctx, streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, now: time.Now})
}

func (e emit) run(ctx context.Context, std streams) error {
	args, err := e.arguments(std.in)
	if err != nil {
		return err
	}
	s, err := e.Target.socket(client.Config{NoReconnect: true})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }() // it never fails
	if err := e.Target.join(ctx, s); err != nil {
		return err
	}
	for i := range e.Repeat {
		if i > 0 {
			if err := pause(ctx, e.Interval); err != nil {
				return err
			}
		}
		if err := e.once(ctx, s, args, std.out); err != nil {
			return err
		}
		if !s.Connected() {
			return fmt.Errorf("disconnected after emitting %d of %d: the last may not have arrived", i+1, e.Repeat)
		}
	}

	return nil
}

func (e emit) once(ctx context.Context, s *client.Socket, args []any, out io.Writer) error {
	if !e.Ack {
		return s.Emit(e.Event, args...)
	}
	answer, err := ask(ctx, s, e.Target.Timeout, e.Event, args)
	if _, failed := errors.AsType[*brio.Error](err); err == nil || failed {
		if _, unread := fmt.Fprintf(out, "%s\n", encode(values(answer))); unread != nil {
			return errors.Join(err, unread)
		}
	}

	return err
}

// ask waits for an acknowledgement, but not for ever.
func ask(ctx context.Context, s *client.Socket, timeout time.Duration, event string, args []any) (brio.Args, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no acknowledgement in %v: does the server acknowledge this event? --timeout waits longer", timeout))
	defer cancel()
	answer, err := s.Do(ctx, event, args...)
	if _, failed := errors.AsType[*brio.Error](err); failed {
		err = fmt.Errorf("%s: %w", event, err)
	}
	if err != nil {
		err = &shown{err}
	}

	return answer, err
}

// shown is an error whose text may be shown on a terminal.
type shown struct{ error }

func (e *shown) Error() string { return clean(e.error.Error()) }

func (e *shown) Unwrap() error { return e.error }

// arguments returns what to emit.
func (e emit) arguments(in io.Reader) ([]any, error) {
	var list []any
	for _, text := range e.Args {
		if text == "-" {
			b, err := io.ReadAll(in)
			if err != nil {
				return nil, fmt.Errorf("standard input: %w", err)
			}
			text = strings.TrimRight(string(b), "\r\n")
		}
		list = append(list, argument(text))
	}
	for _, file := range e.Binary {
		var b []byte
		var err error
		if file == "-" {
			b, err = io.ReadAll(in)
		} else {
			b, err = os.ReadFile(file)
		}
		if err != nil {
			return nil, fmt.Errorf("--binary: %w", err)
		}
		list = append(list, b)
	}

	return list, nil
}

// pause returns after a time, or fails because of ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-timer.Done()

	return ctx.Err()
}
