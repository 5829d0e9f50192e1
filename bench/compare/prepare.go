package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/briohq/brio/bench/internal/program"
)

// prepare builds and installs what is measured. What can't be had here is noted,
// with the reason, and left out.
func prepare(ctx context.Context, dir string, r *results, progress io.Writer) error {
	tell(progress, "building\n")
	if err := program.Build(ctx, ".", dir, "./cmd/brio", "./bench/server", "./bench/floor"); err != nil {
		return err
	}
	r.missing = map[string]string{}
	for _, s := range r.servers {
		err := obtain(ctx, dir, s, progress)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.missing[s.name] = err.Error()
			tell(progress, "%s can't be measured: %v\n", s.name, err)
		}
	}
	r.servers = slices.DeleteFunc(r.servers, func(s server) bool { return r.missing[s.name] != "" })
	r.versions(dir)

	return nil
}

func obtain(ctx context.Context, dir string, s server, progress io.Writer) error {
	if s.name == "centrifuge" {
		return program.Build(ctx, "bench/peers", dir, "./centrifuge")
	}
	if !s.node {
		return nil
	}
	if _, err := exec.LookPath("node"); err != nil {
		return errors.New("there is no node")
	}
	if err := install(ctx, "bench/peers", progress); err != nil || !s.eiows {
		return err
	}

	return install(ctx, "bench/peers/eiows", progress)
}

// install installs the packages of a folder, unless that has been done.
func install(ctx context.Context, folder string, progress io.Writer) error {
	if upToDate(filepath.Join(folder, "node_modules/.package-lock.json"), filepath.Join(folder, "package-lock.json")) {
		return nil
	}
	tell(progress, "npm ci in %s\n", folder)
	cmd := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
	cmd.Dir = folder
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("npm ci: %s", reason(string(out), err))
	}

	return nil
}

// reason is the line of npm's output that says most.
func reason(out string, err error) string {
	for _, sign := range []string{"Error: ", "fatal: ", "npm error "} {
		for line := range strings.Lines(out) {
			if strings.Contains(line, sign) {
				return strings.TrimSpace(strings.TrimPrefix(line, "npm error "))
			}
		}
	}

	return err.Error()
}

// upToDate reports whether made is there and not older than from.
func upToDate(made, from string) bool {
	a, err := os.Stat(made)
	if err != nil {
		return false
	}
	b, err := os.Stat(from)

	return err == nil && !a.ModTime().Before(b.ModTime())
}
