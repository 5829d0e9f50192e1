// Package tool is what the commands that measure have in common: flags, an end by
// interruption, and a page of results.
package tool

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Main reads the command line into flags and runs a command until it is done or
// interrupted. If that fails, it says why and the program ends with 1.
func Main(flags any, name, description string, run func(ctx context.Context, out, progress io.Writer) error) {
	kong.Parse(flags, kong.Name(name), kong.Description(description))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	if err := run(ctx, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Report prints results, and writes them to a file if that has a name.
func Report(out io.Writer, file, text string) error {
	if _, err := io.WriteString(out, text); err != nil || file == "" {
		return err
	}

	return os.WriteFile(file, []byte(text), 0o644) //nolint:gosec // it is to be read
}
