package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/briohq/brio/bench/internal/program"
	"github.com/briohq/brio/bench/load"
)

// limit is how long one measurement may take.
const limit = 2 * time.Minute

// measureAll measures each server in each mode, again and again.
func measureAll(ctx context.Context, dir string, r *results, progress io.Writer) error {
	if runtime.NumCPU() < 2 {
		return errors.New("this takes two cores: one for the server, one for the load")
	}
	var todo []cell
	for _, m := range r.modes {
		for range r.command.Repeats {
			for _, s := range r.servers {
				if s.measures(m) {
					todo = append(todo, cell{s.name, m.name})
				}
			}
		}
	}
	each := r.command.Warmup + r.command.Duration + 1200*time.Millisecond
	tell(progress, "%d measurements, about %v\n", len(todo), (time.Duration(len(todo)) * each).Round(10*time.Second))
	for i, c := range todo {
		one := measure(ctx, dir, r.server(c.server), r.mode(c.mode), r.command)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.samples[c] = append(r.samples[c], one)
		tell(progress, "%3d/%d %5.0f s  %-18s %-15s %s\n", i+1, len(todo), time.Since(r.began).Seconds(), c.mode, c.server, one.short(r.mode(c.mode)))
	}

	return nil
}

// measure starts a server, has it measured, and ends it.
func measure(ctx context.Context, dir string, s server, m mode, c command) sample {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	serverCores, loadCores, threads := []int{0}, []int{1}, 1
	if m.twoCore {
		serverCores, loadCores, threads = []int{0, 1}, []int{0, 1}, 2
	}
	p, err := program.Start(ctx, s.command(dir), serverCores, append([]string{fmt.Sprintf("GOMAXPROCS=%d", threads)}, s.env...)...)
	if err != nil {
		return sample{failure: err.Error()}
	}
	defer p.Stop()

	args := append([]string{
		"bench", "http://" + p.Address, "--json", "--pid", strconv.Itoa(p.PID),
		"--warmup", c.Warmup.String(), "--duration", c.Duration.String(),
	}, m.args...)
	if s.protocol != "" {
		args = append(args, "--protocol", s.protocol)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "brio"), args...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	err = program.StartOn(cmd, loadCores)
	if err == nil {
		err = cmd.Wait()
	}
	var one sample
	if e := json.Unmarshal(out.Bytes(), &one.Report); e != nil {
		return sample{failure: fmt.Sprintf("%v: %s", err, program.LastLine(complaints.String()))}
	}
	if one.Faults.Any() {
		one.failure = one.Faults.String()
	}

	return one
}

// A sample is one measurement, or what went wrong.
type sample struct {
	load.Report
	failure string
}

func (s sample) short(m mode) string {
	if s.failure != "" {
		return "FAILED: " + s.failure
	}
	return m.format(m.value(s)) + " " + m.unit()
}
