// Command soak keeps many connections on one brio server for long, under mixed
// load, and sees whether all stay, every message arrives once and in order, and
// memory stays flat and comes back when all have left.
//
//	make soak           18,000 connections for ten minutes; writes bench/soak.md
//	go run ./bench/soak --connections 1000 --duration 30s
//
// Server and load are processes of their own, the server on the first core. It
// works on Linux only. The test of this command is the same with fewer
// connections, inside one process.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/briohq/brio/bench/internal/machine"
	"github.com/briohq/brio/bench/internal/program"
	"github.com/briohq/brio/bench/internal/tool"
)

type command struct {
	Connections int           `help:"How many clients." default:"18000" short:"c"`
	Duration    time.Duration `help:"How long they stay." default:"10m" short:"d"`
	Warmup      time.Duration `help:"How long those stay who come and go before." default:"20s"`
	Rate        float64       `help:"Messages delivered a second, in all." default:"10000" short:"r"`
	Churn       float64       `help:"Connections replaced a second." default:"20"`
	Out         string        `help:"File for the results (default: none)." placeholder:"FILE"`
}

func main() {
	var c command
	tool.Main(&c, "soak", "Keep many connections on a server for long, and see what becomes of them.", c.run)
}

func (c *command) run(ctx context.Context, out, progress io.Writer) error {
	dir, err := os.MkdirTemp("", "brio-soak-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left, the system clears
	if err := program.Build(ctx, ".", dir, "./bench/server"); err != nil {
		return err
	}
	where := machine.This()
	server, err := program.Start(ctx, []string{filepath.Join(dir, "server")}, []int{0}, "GOMAXPROCS=1")
	if err != nil {
		return err
	}
	defer server.Stop()

	s := soak{
		address: server.Address, pid: server.PID, connections: c.Connections, duration: c.Duration,
		warmup: c.Warmup, rate: c.Rate, churn: c.Churn, progress: progress,
	}
	if err := s.run(ctx); err != nil {
		return err
	}
	where.Done()
	text := s.markdown(where, c.line())
	if err := tool.Report(out, c.Out, text); err != nil {
		return err
	}

	return s.failures()
}

// line is what does this again.
func (c *command) line() string {
	return fmt.Sprintf("GOMAXPROCS=%d go run ./bench/soak --connections %d --duration %v --warmup %v --rate %g --churn %g",
		runtime.GOMAXPROCS(0), c.Connections, c.Duration, c.Warmup, c.Rate, c.Churn)
}
