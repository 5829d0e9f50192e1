// Command heap says what an idle WebSocket connection's memory is made of: which
// functions allocated what is in use, by a heap profile of bench/server.
//
//	make heap           10,000 connections; writes bench/heap.md
//	go run ./bench/heap --connections 1000
//
// It works on Linux only.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/briohq/brio/bench/contract"
	"github.com/briohq/brio/bench/internal/machine"
	"github.com/briohq/brio/bench/internal/program"
	"github.com/briohq/brio/bench/internal/tool"
	"github.com/briohq/brio/bench/load"
)

type command struct {
	Connections int    `help:"How many clients." default:"10000" short:"c"`
	Out         string `help:"File for the results (default: none)." placeholder:"FILE"`
}

func main() {
	var c command
	tool.Main(&c, "heap", "Say what an idle connection's memory is made of.", c.run)
}

func (c *command) run(ctx context.Context, out, _ io.Writer) error {
	dir, err := os.MkdirTemp("", "brio-heap-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left, the system clears
	if err := program.Build(ctx, ".", dir, "./bench/server"); err != nil {
		return err
	}
	r := results{connections: c.Connections, machine: machine.This()}
	// A profile of every allocation takes memory itself, so what the process has is
	// measured without one.
	err = c.fill(ctx, dir, nil, func(address string, n int) (err error) {
		r.states[n], err = contract.Ask(ctx, address, true)
		return err
	})
	if err != nil {
		return err
	}
	profiles := [2]string{filepath.Join(dir, "before"), filepath.Join(dir, "after")}
	err = c.fill(ctx, dir, []string{"GODEBUG=memprofilerate=1"}, func(address string, n int) error {
		b, err := contract.Get(ctx, address, "/debug/heap")
		if err != nil {
			return err
		}
		return os.WriteFile(profiles[n], b, 0o600)
	})
	if err != nil {
		return err
	}
	if r.functions, err = grown(ctx, filepath.Join(dir, "server"), profiles); err != nil {
		return err
	}
	r.machine.Done()
	text := r.markdown()

	return tool.Report(out, c.Out, text)
}

// errSeen ends a load of which all has been seen.
var errSeen = errors.New("seen")

// fill starts a server, and has it looked at before the first connection (0) and
// when all are there (1).
func (c *command) fill(ctx context.Context, dir string, env []string, look func(address string, n int) error) error {
	server, err := program.Start(ctx, []string{filepath.Join(dir, "server")}, []int{0, 1}, env...)
	if err != nil {
		return err
	}
	defer server.Stop()
	if err := look(server.Address, 0); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var failed error
	_, err = load.Run(ctx, load.Config{
		URL: "http://" + server.Address, Mode: load.Idle, Connections: c.Connections, Duration: time.Minute, Timeout: time.Minute,
		Progress: func(p load.Progress) {
			if p.Phase == "measuring" && ctx.Err() == nil {
				failed = look(server.Address, 1) // clients that are idle can wait
				cancel(errSeen)
			}
		},
	})
	if !errors.Is(err, errSeen) {
		return err
	}

	return failed
}

// A function is one that allocated what is in use.
type function struct {
	name  string
	bytes int
}

// line is one of pprof -top: flat, flat%, sum%, cum, cum%, name.
var line = regexp.MustCompile(`^\s*(-?\d+)B\s+\S+\s+\S+\s+\S+\s+\S+\s+(.+)$`)

// grown returns the functions whose memory in use has grown from one profile to
// another, with the most first.
func grown(ctx context.Context, binary string, profiles [2]string) ([]function, error) {
	cmd := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-unit=B", "-sample_index=inuse_space", "-nodefraction=0", "-nodecount=1000", "-diff_base", profiles[0], binary, profiles[1])
	b, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go tool pprof: %w", err)
	}

	return parse(string(b)), nil
}

func parse(top string) (list []function) {
	for one := range strings.Lines(top) {
		if m := line.FindStringSubmatch(strings.TrimRight(one, "\n")); m != nil {
			n, _ := strconv.Atoi(m[1]) // digits
			if n > 0 {
				list = append(list, function{strings.TrimSuffix(m[2], " (inline)"), n})
			}
		}
	}

	return list
}

type results struct {
	connections int
	machine     machine.Machine
	states      [2]contract.State
	functions   []function
}

// markdown is the results as a page.
func (r *results) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Where an idle connection's bytes go\n\nWritten by `go run ./bench/heap --connections %d --out FILE`; docs/performance.md says what is measured and how.\n\n", r.connections)
	b.WriteString(r.machine.Table())
	each := func(of func(contract.State) int) float64 {
		return float64(of(r.states[1])-of(r.states[0])) / float64(r.connections)
	}
	heap, stacks, private := each(func(s contract.State) int { return s.Heap }), each(func(s contract.State) int { return s.Stacks }), each(func(s contract.State) int { return s.Private })
	fmt.Fprintf(&b, "\n## The process\n\nBytes for each of %s idle WebSocket connections, each with a socket in the main namespace and in one room of all, after collections. What is neither heap nor stacks is what the runtime needs to manage them, and what is free in pages that are in use.\n\n", machine.Count(r.connections))
	fmt.Fprintf(&b, "| heap | stacks | the rest | private memory |\n|---:|---:|---:|---:|\n| %.0f | %.0f | %.0f | %.0f |\n", heap, stacks, private-heap-stacks, private)
	fmt.Fprintf(&b, "\nThere were %d goroutines before the first connection and %d with all.\n", r.states[0].Goroutines, r.states[1].Goroutines)
	fmt.Fprintf(&b, "\n## The heap\n\nWhat is in use by the function that allocated it, each object with the size it takes in the heap. Those of less than a byte for each are left out.\n\n| function | B/connection |\n|---|---:|\n")
	sum := 0.0
	for _, f := range r.functions {
		bytes := float64(f.bytes) / float64(r.connections)
		sum += bytes
		if bytes >= 1 {
			fmt.Fprintf(&b, "| `%s` | %.0f |\n", f.name, bytes)
		}
	}
	fmt.Fprintf(&b, "| all | %.0f |\n", sum)

	return b.String()
}
