// Command abuse attacks a server in every way of a list at once, and says how it
// serves honest clients meanwhile, what the attack costs it, and whether each
// attacker is answered, paused or cut as documented.
//
//	make abuse           1,000 attackers beside 1,000 honest clients, under three minutes; writes bench/abuse.md
//	go run ./bench/abuse --phase 15s --rounds 1
//
// Phases without and with attackers take turns. Server and attackers are processes of
// their own: the server may use both cores, of which the rest has the second. It works
// on Linux only.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/briohq/brio/bench/internal/epoll"
	"github.com/briohq/brio/bench/internal/program"
	"github.com/briohq/brio/bench/internal/tool"
)

type command struct {
	Honest  int           `help:"How many honest clients." default:"1000"`
	Abusive int           `help:"How many attackers, spread evenly over the kinds." default:"1000"`
	Phase   time.Duration `help:"How long a phase lasts; some cuts take 15 s." default:"24s"`
	Rounds  int           `help:"How many phases without and with attackers." default:"3"`
	Only    string        `help:"Only kinds that have this in their names (default: all)." placeholder:"TEXT"`
	Out     string        `help:"File for the results (default: none)." placeholder:"FILE"`

	Serve   bool   `hidden:"" help:"Be the server."`
	Listen  string `hidden:"" default:"127.0.0.1:0"`
	Attack  bool   `hidden:"" help:"Be the attackers, for a phase."`
	Address string `hidden:"" help:"Of the server."`
}

func main() {
	var c command
	tool.Main(&c, "abuse", "Attack a server, and see how it serves honest clients.", c.run)
}

func (c *command) run(ctx context.Context, out, progress io.Writer) error {
	if _, err := epoll.RaiseFiles(); err != nil {
		return err
	}
	switch {
	case c.Serve:
		return c.serve(ctx, out)
	case c.Attack:
		all, err := c.attack(ctx, c.Address)
		if err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(all)
	}
	if err := program.Pin(1); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	server, err := program.Start(ctx, []string{self, "--serve"}, []int{0, 1}, fmt.Sprint("GOMEMLIMIT=", memoryLimit))
	if err != nil {
		return err
	}
	defer server.Stop()
	r, err := c.measure(ctx, server.Address, server.PID, progress, func(ctx context.Context) (*tally, error) {
		return c.start(ctx, self, server.Address)
	})
	if err != nil {
		return err
	}

	return tool.Report(out, c.Out, r.markdown(c))
}

// start runs the attackers in a process of their own. On the core that they share with
// the honest clients it has what these leave: what they measure is the server, not how
// busy attackers are.
func (c *command) start(ctx context.Context, self, address string) (*tally, error) {
	cmd := exec.CommandContext(ctx, "chrt", "--idle", "0", self, "--attack", "--address", address, fmt.Sprint("--abusive=", c.Abusive), fmt.Sprint("--phase=", c.Phase), "--only="+c.Only)
	var said, complained bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &complained
	if err := program.StartOn(cmd, []int{1}); err != nil {
		return nil, err
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("attackers: %w: %s", err, program.LastLine(complained.String()))
	}
	all := new(tally)

	return all, json.Unmarshal(said.Bytes(), all)
}
