package main

import (
	"bufio"
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
	"strings"
	"syscall"
	"time"

	"github.com/briohq/brio/bench/load"
)

// patience is how long a server may take to start, and to end.
const patience = 10 * time.Second

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
	p, err := start(ctx, s.command(dir), serverCores, threads)
	if err != nil {
		return sample{failure: err.Error()}
	}
	defer p.stop()

	args := append([]string{
		"bench", "http://" + p.address, "--json", "--pid", strconv.Itoa(p.cmd.Process.Pid),
		"--warmup", c.Warmup.String(), "--duration", c.Duration.String(),
	}, m.args...)
	if s.protocol != "" {
		args = append(args, "--protocol", s.protocol)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "brio"), args...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	err = startOn(cmd, loadCores)
	if err == nil {
		err = cmd.Wait()
	}
	var one sample
	if e := json.Unmarshal(out.Bytes(), &one.Report); e != nil {
		return sample{failure: fmt.Sprintf("%v: %s", err, lastLine(complaints.String()))}
	}
	if one.Faults.Any() {
		one.failure = one.Faults.String()
	}

	return one
}

// A process is a server that listens.
type process struct {
	cmd     *exec.Cmd
	address string
	stderr  bytes.Buffer
}

// start returns when the server says where it listens.
func start(ctx context.Context, command []string, cores []int, threads int) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, command[0], append(command[1:], "--listen", "127.0.0.1:0")...)}
	p.cmd.Stderr = &p.stderr
	p.cmd.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", threads))
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = patience
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := startOn(p.cmd, cores); err != nil {
		return nil, err
	}
	late := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() }) // it may have ended
	line, err := bufio.NewReader(stdout).ReadString('\n')
	late.Stop()
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		p.stop()
		return nil, fmt.Errorf("%s does not listen: %q %w %s", command[0], line, err, lastLine(p.stderr.String()))
	}
	p.address = address

	return p, nil
}

// stop ends the server, if need be without its consent. How it ends says nothing
// about what was measured.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	late := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	_ = p.cmd.Wait()
	late.Stop()
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
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
