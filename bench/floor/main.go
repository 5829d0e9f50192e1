// Command floor is what a server can't be cheaper than: the contract of package
// load on a bare epoll loop, with frames made by hand, for the harness to divide
// by. Its cost is the kernel's, nearly all of it.
//
//	go run ./bench/floor --listen 127.0.0.1:3001
//
// It is no server: it takes each event for one of the three that it knows,
// checks nothing, sends no heartbeats, has only the main namespace, and lets
// memory grow for who does not read. It works on Linux only.
//
// A broadcast is one write for each delivery. With --coalesce, what gathers for
// one connection in a turn of the loop is one write, which is cheaper as soon as
// more than one message is under way. Answers to what was read at once are
// written at once in either case.
package main

import (
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"time"

	"github.com/alecthomas/kong"
)

type command struct {
	Listen   string `help:"Address to listen on; port 0 is any free one." default:"127.0.0.1:3001" placeholder:"IP:PORT"`
	Coalesce bool   `help:"Write what gathers for a connection in one turn at once."`
}

func main() {
	var c command
	kong.Parse(&c, kong.Description("Serve what the load harness of brio asks of a server, for the least that it can cost."))
	runtime.LockOSThread()
	fmt.Fprintln(os.Stderr, c.run())
	os.Exit(1)
}

// run serves until something is wrong.
func (c command) run() error {
	address, err := netip.ParseAddrPort(c.Listen)
	if err != nil {
		return err
	}
	s, address, err := listen(address)
	if err != nil {
		return err
	}
	s.coalesce = c.Coalesce
	if _, err := fmt.Fprintln(os.Stdout, "listening on", address); err != nil {
		return err
	}
	for {
		if err := s.turn(time.Time{}); err != nil {
			return err
		}
	}
}
