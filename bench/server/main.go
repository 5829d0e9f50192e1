// Command server is brio as the load harness measures it: the contract of
// package load, and nothing else.
//
//	go run ./bench/server --listen 127.0.0.1:3001
//	go run ./cmd/brio bench http://127.0.0.1:3001 --mode broadcast
//
// Beside it there are GET /debug/state and /debug/heap, see package contract. It
// says "listening on ADDRESS" once it does, and ends when it is interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/pprof"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/bench/contract"
	"github.com/briohq/brio/bench/internal/tool"
)

// patience is how long a shutdown may take.
const patience = 5 * time.Second

type command struct {
	Listen  string `help:"Address to listen on; port 0 is any free one." default:"127.0.0.1:3001" placeholder:"HOST:PORT"`
	Profile string `help:"File to write a CPU profile to, for go tool pprof." type:"path" placeholder:"FILE"`
}

func main() {
	var c command
	tool.Main(&c, "server", "Serve what the load harness of brio asks of a server.", c.run)
}

func (c *command) run(ctx context.Context, out, _ io.Writer) (err error) {
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.Listen, err)
	}
	if c.Profile != "" {
		file, err := os.Create(c.Profile)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	if _, err := fmt.Fprintln(out, "listening on", listener.Addr()); err != nil {
		return err
	}

	return serve(ctx, listener)
}

// serve serves until ctx is done, and returns when nothing runs any more.
func serve(ctx context.Context, listener net.Listener) error {
	server := contract.New(brio.Config{})
	site := &http.Server{Handler: contract.Site(server), ReadHeaderTimeout: patience}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		ended <- errors.Join(server.Shutdown(ctx), site.Shutdown(ctx))
	})

	err := site.Serve(listener)
	cancel()
	if stopped := <-ended; errors.Is(err, http.ErrServerClosed) {
		return stopped
	}

	return fmt.Errorf("serve: %w", err)
}
