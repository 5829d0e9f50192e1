package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/briohq/brio/internal/contract"
)

type types struct {
	Packages []string `arg:"" optional:"" help:"Directories or import paths, as the go command has them (default: .)." placeholder:"PACKAGE"`

	Format     string `help:"What to write: typescript or asyncapi." enum:"typescript,asyncapi" default:"typescript" short:"f"`
	Out        string `help:"File to write (default: what is printed)." xor:"out" short:"o" placeholder:"FILE"`
	Check      string `help:"File to compare with: exit with 1 if it is not what would be written." xor:"out" placeholder:"FILE"`
	APIVersion string `name:"api-version" help:"Version of an AsyncAPI document." default:"1.0.0" placeholder:"VERSION"`

	stdout, stderr io.Writer // nil for those of the process
}

// Help is the end of brio types --help.
func (types) Help() string {
	return `The packages are those that declare a program's events and those that handle and
emit them. They are type-checked; nothing of them is run. An event that X.Handle
hears is one that clients send; one that X.Emit, X.Do or X.All sends is one that
they hear. An event that is not used in these packages goes both ways.

In a Go file, for go generate:

  //go:generate go run github.com/briohq/brio/cmd/brio types --out contract.d.ts .

For CI:

  brio types --check contract.d.ts .`
}

// Run writes, or compares.
func (t types) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if len(t.Packages) == 0 {
		t.Packages = []string{"."}
	}
	if t.stdout == nil {
		t.stdout, t.stderr = os.Stdout, os.Stderr
	}
	c, err := contract.Read(ctx, "", t.Packages...)
	if err != nil {
		return err
	}
	for _, note := range c.Notes {
		fmt.Fprintln(t.stderr, note) //nolint:errcheck // a note that nobody gets is no failure
	}
	text := c.TypeScript()
	if t.Format == "asyncapi" {
		text = c.AsyncAPI(t.APIVersion)
	}
	switch {
	case t.Check != "":
		return t.compare(text)
	case t.Out != "":
		return os.WriteFile(t.Out, text, 0o644)
	}
	_, err = t.stdout.Write(text)

	return err
}

// compare reports a file that is not what would be written.
func (t types) compare(text []byte) error {
	old, err := os.ReadFile(t.Check)
	if err == nil && bytes.Equal(bytes.ReplaceAll(old, []byte("\r\n"), []byte("\n")), text) {
		return nil
	}
	again := []string{"brio", "types"}
	if t.Format != "typescript" {
		again = append(again, "--format", t.Format)
	}
	command := strings.Join(slices.Concat(again, []string{"--out", t.Check}, t.Packages), " ")
	if err != nil {
		return fmt.Errorf("%w: write it with\n\t%s", err, command)
	}

	return fmt.Errorf("%s is stale in line %d: write it again with\n\t%s", t.Check, difference(old, text), command)
}

// difference returns the first line in which the texts differ.
func difference(old, text []byte) int {
	a, b := strings.Split(string(old), "\n"), strings.Split(string(text), "\n")
	for i := range min(len(a), len(b)) {
		if strings.TrimSuffix(a[i], "\r") != b[i] {
			return i + 1
		}
	}

	return min(len(a), len(b)) + 1
}
