// Command sessions measures what a session costs brio without its socket: memory
// of each, and what it takes to reach all, as their number grows to a million.
//
//	make sessions       10,000, 100,000 and a million; writes bench/sessions.md
//	go run ./bench/sessions --sessions 10000
//
// Sessions are begun like those of a client: with a request, an Engine.IO session,
// a socket in the main namespace and one room of ten. Only the connection leads
// nowhere. Each measurement has a fresh process: one with GOMAXPROCS=1, on one
// core, and one with 2, on two. It works on Linux only.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"time"

	"github.com/briohq/brio/bench/internal/machine"
	"github.com/briohq/brio/bench/internal/program"
	"github.com/briohq/brio/bench/internal/tool"
)

type command struct {
	Sessions []int         `help:"How many sessions (default: 10000, 100000 and 1000000)." placeholder:"N"`
	Repeats  int           `help:"How often." default:"3"`
	Duration time.Duration `help:"How long each load is measured." default:"3s"`
	Out      string        `help:"File for the results (default: none)." placeholder:"FILE"`
	One      bool          `hidden:"" help:"Measure in this process, and print the figures."`
}

func main() {
	var c command
	tool.Main(&c, "sessions", "Measure what sessions cost without their sockets.", c.run)
}

func (c *command) run(ctx context.Context, out, progress io.Writer) error {
	if c.Sessions == nil {
		c.Sessions = []int{10_000, 100_000, 1_000_000}
	}
	if c.One {
		f, err := measure(ctx, c.Sessions[0], c.Duration)
		if err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(f)
	}
	if runtime.NumCPU() < 2 {
		return fmt.Errorf("this takes two cores")
	}
	r := &results{command: *c, machine: machine.This(), all: map[key][]figures{}}
	for range c.Repeats {
		for _, n := range c.Sessions {
			for cores := 1; cores <= 2; cores++ {
				f, err := c.measureAlone(ctx, n, cores)
				if err != nil {
					return fmt.Errorf("%d sessions on %d cores: %w", n, cores, err)
				}
				r.all[key{n, cores}] = append(r.all[key{n, cores}], f)
				_, _ = fmt.Fprintf(progress, "%9d sessions, %d cores: %.0f B of heap each, %.1f million reached a second\n", n, cores, f.Heap, f.Loads[0].PerSecond/1e6) // who closed it does not want to read it
			}
		}
	}
	r.machine.Done()
	text := r.markdown()

	return tool.Report(out, c.Out, text)
}

// line is what does this again.
func (c *command) line() string {
	line := "go run ./bench/sessions"
	for _, n := range c.Sessions {
		line += fmt.Sprint(" --sessions ", n)
	}

	return line + fmt.Sprintf(" --repeats %d --duration %v", c.Repeats, c.Duration)
}

// measureAlone measures in a process of its own.
func (c *command) measureAlone(ctx context.Context, sessions, cores int) (f figures, err error) {
	self, err := os.Executable()
	if err != nil {
		return f, err
	}
	cmd := exec.CommandContext(ctx, self, "--one", "--sessions", strconv.Itoa(sessions), "--duration", c.Duration.String())
	cmd.Env = append(os.Environ(), fmt.Sprint("GOMAXPROCS=", cores))
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return f, err
	}
	if err := program.StartOn(cmd, []int{0, 1}[:cores]); err != nil {
		return f, err
	}
	err = json.NewDecoder(stdout).Decode(&f)
	if e := cmd.Wait(); e != nil {
		err = e
	}

	return f, err
}
