// Command clients says what many clients in one process cost it: package client,
// against bench/server in a process of its own.
//
//	make clients           10,000 over WebSocket, 2,000 over polling; writes bench/clients.md
//	go run ./bench/clients --websocket 1000 --polling 100
//
// It works on Linux only.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/briohq/brio/bench/internal/machine"
	"github.com/briohq/brio/bench/internal/program"
	"github.com/briohq/brio/bench/internal/tool"
)

type command struct {
	WebSocket int    `name:"websocket" help:"How many clients over WebSocket." default:"10000"`
	Polling   int    `help:"How many over long-polling." default:"2000"`
	Out       string `help:"File for the results (default: none)." placeholder:"FILE"`
}

func main() {
	var c command
	tool.Main(&c, "clients", "Say what many clients cost the process that has them.", c.run)
}

func (c *command) run(ctx context.Context, out, _ io.Writer) error {
	dir, err := os.MkdirTemp("", "brio-clients-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left, the system clears
	if err := program.Build(ctx, ".", dir, "./bench/server"); err != nil {
		return err
	}
	where := machine.This()
	var all []result
	for _, one := range []crowd{{"websocket", c.WebSocket}, {"polling", c.Polling}} {
		server, err := program.Start(ctx, []string{filepath.Join(dir, "server")}, []int{0, 1})
		if err != nil {
			return err
		}
		r, err := one.measure(ctx, server.Address)
		server.Stop()
		if err != nil {
			return fmt.Errorf("%d clients over %s: %w", one.size, one.transport, err)
		}
		all = append(all, r)
	}
	where.Done()
	text := markdown(*c, where, all)

	return tool.Report(out, c.Out, text)
}

// markdown is the results as a page.
func markdown(c command, where machine.Machine, all []result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Many clients in one process\n\nWritten by `go run ./bench/clients --websocket %d --polling %d --out FILE`.\n\n", c.WebSocket, c.Polling)
	b.WriteString(where.Table())
	b.WriteString(`
Bytes for each client of package client, after collections, all connected and idle: its socket, its connection and all that net/http has for it. The server is another process. *To connect* is the CPU of the clients' process, 64 at a time; *an echo* that of an event with its acknowledgement, one after the other by each, all together. After that, all have been closed: *left* are goroutines that were not there before.

| transport | clients | heap B | stacks B | private B | goroutines each | ms of CPU to connect | µs of CPU of an echo | left |
|---|---:|---:|---:|---:|---:|---:|---:|---:|
`)
	for _, r := range all {
		n := float64(r.size)
		fmt.Fprintf(&b, "| %s | %s | %.0f | %.0f | %.0f | %.2f | %.3f | %.1f | %d |\n", r.transport, machine.Count(r.size),
			float64(r.full.heap-r.before.heap)/n, float64(r.full.stacks-r.before.stacks)/n, float64(r.full.private-r.before.private)/n,
			float64(r.full.goroutines-r.before.goroutines)/n, r.connecting.Seconds()*1e3/n, r.echoing.Seconds()*1e6/n/echoes, r.left)
	}

	return b.String()
}
