package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/briohq/brio/client"
)

type connect struct {
	Target target `embed:""`

	Ack     bool          `help:"Ask for an acknowledgement of each line."`
	JSON    bool          `name:"json" help:"Write lines of JSON on a terminal too."`
	NoColor bool          `help:"No colours. So does the variable NO_COLOR."`
	Wait    time.Duration `help:"How long to stay when the input has ended." aliases:"for" placeholder:"TIME"`
	Count   int           `help:"End after so many events have come." placeholder:"N"`
}

// Help is the end of brio connect --help.
func (connect) Help() string {
	return `Each line is sent as an event:

  said hello {"to": 7}     the event said with "hello" and an object
  ["said","hello"]         the same as JSON, for any name
  join? lobby              asks for an acknowledgement; as JSON: ?["join","lobby"]
  /help                    what else there is

What parses as JSON is sent as that, all else as a string.

Without a terminal it reads lines, and writes a JSON array for each event that
comes, and {"ack":"event","args":[…]} for an acknowledgement; notices go to
standard error. It ends when its input has, once what was sent has left; --wait
and --count have it stay: --count alone until the events are there.`
}

// Run talks until somebody has enough.
func (c connect) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	in, out := int(os.Stdin.Fd()), int(os.Stdout.Fd())
	std := streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, now: time.Now}
	if !c.JSON && term.IsTerminal(in) && term.IsTerminal(out) {
		std.terminal = true
		std.colour = !c.NoColor && os.Getenv("NO_COLOR") == ""
		std.size = func() (int, int) {
			width, rows, _ := term.GetSize(out) // zeros if that fails
			return width, rows
		}
		std.raw = func() (func(), error) {
			before, err := term.MakeRaw(in)
			return func() {
				_ = term.Restore(in, before)
				_, _ = os.Stdout.WriteString("\n") // after the prompt
			}, err
		}
	}

	return c.run(ctx, std)
}

func (c connect) run(ctx context.Context, std streams) error {
	s, err := c.Target.socket(client.Config{})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }() // it never fails
	t := newTalk(c, s, std)
	if err := c.Target.join(ctx, s); err != nil {
		return err
	}
	if std.raw != nil {
		restore, err := std.raw()
		if err != nil {
			return err
		}
		defer restore()
	}

	return t.run(ctx)
}
