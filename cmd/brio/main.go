// Command brio shows brio, and is its tool at the command line.
package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

// commands is what can be typed after "brio".
type commands struct {
	Demo    demo    `cmd:"" help:"Serve the showcase applications on this machine."`
	Connect connect `cmd:"" help:"Talk to a Socket.IO server."`
	Emit    emit    `cmd:"" help:"Send an event to a Socket.IO server."`
	Bench   bench   `cmd:"" help:"Measure a Socket.IO server under load."`
	Types   types   `cmd:"" help:"Write a program's events and their types as TypeScript or AsyncAPI."`
	Version version `cmd:"" help:"Print the version."`
}

func main() {
	ctx := kong.Parse(&commands{},
		kong.Name("brio"),
		kong.Description("A Socket.IO server in Go."),
		kong.UsageOnError(),
	)
	ctx.FatalIfErrorf(ctx.Run())
}

type version struct{}

// Run prints which brio this is.
func (version) Run() error {
	number := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		number = info.Main.Version
	}
	_, err := fmt.Fprintln(os.Stdout, "brio", number)

	return err
}
