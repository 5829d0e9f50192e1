// Command showcase puts visitors into the applications of the demo, and says how
// quickly these answer and whether their memory stays as it is.
//
//	make showcase           1,000 visitors for ten minutes; writes bench/showcase.md
//	go run ./bench/showcase --visitors 100 --duration 30s
//
// It works on Linux only.
package main

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/briohq/brio/bench/internal/program"
	"github.com/briohq/brio/bench/internal/tool"
)

type command struct {
	Visitors int           `help:"How many visitors, spread evenly over the applications." default:"1000"`
	Duration time.Duration `help:"For how long." default:"10m"`
	Data     string        `help:"Folder of the database (default: it is in memory)." placeholder:"DIR"`
	Out      string        `help:"File for the results (default: none)." placeholder:"FILE"`

	Serve  bool   `hidden:"" help:"Be the server."`
	Listen string `hidden:"" default:"127.0.0.1:0"`
}

func main() {
	var c command
	tool.Main(&c, "showcase", "Put visitors into the applications of the demo.", c.run)
}

func (c *command) run(ctx context.Context, out, progress io.Writer) error {
	if c.Serve {
		return c.serve(ctx, out)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	server, err := program.Start(ctx, []string{self, "--serve", "--data", c.Data}, []int{0, 1})
	if err != nil {
		return err
	}
	defer server.Stop()
	r, err := c.visit(ctx, server.Address, server.PID, progress)
	if err != nil {
		return err
	}

	return tool.Report(out, c.Out, r.markdown(c))
}
