// Command compare measures brio beside other servers and beside the floor, each
// in each mode of package load, and writes one table of ratios.
//
//	make bench          everything, about twelve minutes; writes bench/results.md
//	make bench-quick    one short look at everything
//	go run ./bench/compare --server brio --server floor --mode echo-w1
//
// Server and load are processes of their own, on cores of their own: the first
// core is the server's, the second the load's, and Go has one thread for each
// (GOMAXPROCS=1). In the modes that end in 2core both share both cores. Each
// measurement has a fresh server. Repeats go round over all servers, so that
// what else the machine does falls on all of them. It works on Linux only.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/briohq/brio/bench/internal/machine"
	"github.com/briohq/brio/bench/internal/tool"
)

type command struct {
	Quick    bool          `help:"One short look: one repeat, short times, fewer connections."`
	Server   []string      `help:"Measure only this server (see --list)." placeholder:"NAME"`
	Mode     []string      `help:"Measure only this mode (see --list)." placeholder:"NAME"`
	Repeats  int           `help:"How often (default: 3)." placeholder:"N"`
	Warmup   time.Duration `help:"Time under load before measuring (default: 500ms)." placeholder:"TIME"`
	Duration time.Duration `help:"Time to measure (default: 1.5s)." placeholder:"TIME"`
	Out      string        `help:"File for the results (default: bench/results.md if everything is measured, else none)." placeholder:"FILE"`
	List     bool          `help:"Say which servers and modes there are, and how to run one by hand."`
}

func main() {
	var c command
	tool.Main(&c, "compare", "Measure brio beside other servers and beside the floor.", c.run)
}

func (c *command) run(ctx context.Context, out, progress io.Writer) error {
	if c.List {
		return list(out)
	}
	if c.Out == "" && !c.Quick && c.Server == nil && c.Mode == nil {
		c.Out = "bench/results.md"
	}
	line := c.line()
	c.defaults()
	if c.Server == nil {
		c.Server = usual()
	}
	servers, err := chosen(servers(), c.Server, func(s server) string { return s.name })
	if err != nil {
		return err
	}
	modes, err := chosen(modes(c.Quick), c.Mode, func(m mode) string { return m.name })
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "brio-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left, the system clears

	r := &results{began: time.Now(), command: *c, line: line, servers: servers, modes: modes, machine: machine.This(), samples: map[cell][]sample{}}
	if err := prepare(ctx, dir, r, progress); err != nil {
		return err
	}
	if err := measureAll(ctx, dir, r, progress); err != nil {
		return err
	}
	r.machine.Done()
	text := r.markdown()
	if err := tool.Report(out, c.Out, text); err != nil {
		return err
	}

	return r.failures()
}

// line is what does this again.
func (c *command) line() string {
	line := "go run ./bench/compare"
	for _, s := range c.Server {
		line += " --server " + s
	}
	for _, m := range c.Mode {
		line += " --mode " + m
	}
	for _, flag := range []struct {
		name  string
		given bool
		value any
	}{{"repeats", c.Repeats > 0, c.Repeats}, {"warmup", c.Warmup > 0, c.Warmup}, {"duration", c.Duration > 0, c.Duration}} {
		if flag.given {
			line += fmt.Sprintf(" --%s %v", flag.name, flag.value)
		}
	}

	return line
}

func (c *command) defaults() {
	repeats, warmup, duration := 3, 500*time.Millisecond, 1500*time.Millisecond
	if c.Quick {
		repeats, warmup, duration = 1, 250*time.Millisecond, 500*time.Millisecond
	}
	if c.Repeats <= 0 {
		c.Repeats = repeats
	}
	if c.Warmup <= 0 {
		c.Warmup = warmup
	}
	if c.Duration <= 0 {
		c.Duration = duration
	}
}

// tell tells whoever waits how it goes.
func tell(progress io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(progress, format, args...) // who closed it does not want to read it
}

// chosen returns those with the given names, all if none is given.
func chosen[T any](all []T, names []string, name func(T) string) ([]T, error) {
	for _, n := range names {
		if !slices.ContainsFunc(all, func(v T) bool { return name(v) == n }) {
			return nil, fmt.Errorf("there is no %s: see --list", n)
		}
	}
	if names == nil {
		return all, nil
	}

	return slices.DeleteFunc(all, func(v T) bool { return !slices.Contains(names, name(v)) }), nil
}

func list(out io.Writer) error {
	var b strings.Builder
	b.WriteString("Servers, with what starts each in the root of the repository:\n\n")
	for _, s := range servers() {
		fmt.Fprintf(&b, "  %-15s %s\n", s.name, s.byHand)
	}
	b.WriteString("\nModes, with what measures each:\n\n")
	for _, m := range modes(false) {
		fmt.Fprintf(&b, "  %-18s brio bench URL %s\n", m.name, strings.Join(m.args, " "))
	}
	b.WriteString(`
One of each, as they are measured here, takes

  go run ./bench/compare --server NAME --mode NAME [--repeats N]

and by hand, in two terminals, after go build -o bin/ ./cmd/brio ./bench/server:

  GOMAXPROCS=1 taskset -c 0 bin/server --listen 127.0.0.1:3001 [--profile cpu.pprof]
  GOMAXPROCS=1 taskset -c 1 bin/brio bench http://127.0.0.1:3001 --mode echo --pid $(pgrep -f ^bin/server)

centrifuge needs --protocol centrifuge. The modes that end in 2core have
GOMAXPROCS=2 and taskset -c 0,1 for the server, and taskset -c 0,1 for brio.
`)
	_, err := io.WriteString(out, b.String())

	return err
}

// failures is an error if a server did wrong, or could not be measured although
// it was there.
func (r *results) failures() error {
	var list []error
	for _, m := range r.modes {
		for _, s := range r.servers {
			for _, one := range r.samples[cell{s.name, m.name}] {
				if one.failure != "" {
					list = append(list, fmt.Errorf("%s, %s: %s", s.name, m.name, one.failure))
				}
			}
		}
	}

	return errors.Join(list...)
}
