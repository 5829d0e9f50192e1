//go:build linux

// Command server is what the suite maltreats: a Socket.IO server that keeps
// the messages which it acknowledges, tells its counts at /debug/counts, and can be
// denied file descriptors. It says "listening on ADDRESS" once it does, and ends
// when its standard input does, or when it is interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/briohq/brio"
	"github.com/briohq/brio/internal/group"
)

type command struct {
	Listen       string        `help:"Address to listen on; port 0 is any free one." default:"127.0.0.1:0" placeholder:"HOST:PORT"`
	Keep         string        `help:"File to which messages are appended before they are acknowledged." placeholder:"FILE"`
	Files        uint64        `help:"How many file descriptors the process may have."`
	MaxBacklog   int           `help:"Bytes that may wait for one client." default:"4194304"`
	MaxTotal     int           `help:"Bytes that may wait for all clients."`
	Most         int           `help:"Connections that there may be."`
	PingInterval time.Duration `help:"Time between two heartbeats." default:"25s"`
	PingTimeout  time.Duration `help:"How long a client may take to answer one." default:"20s"`
	Patience     time.Duration `help:"How long a shutdown may take; who is there then is cut off." default:"10s"`
	Deflate      bool          `help:"Compress messages over WebSocket."`
}

func main() {
	var c command
	kong.Parse(&c, kong.Description("Serve the tests of exhaustion."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var reader group.Group
	reader.Go(func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // whoever started this has gone
		cancel()
	})

	if err := c.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (c command) run(ctx context.Context) error {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	notes, err := openJournal(c.Keep)
	if err != nil {
		return fmt.Errorf("open what messages are kept in: %w", err)
	}
	if c.Files > 0 {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: c.Files, Max: c.Files}); err != nil {
			return fmt.Errorf("limit file descriptors to %d: %w", c.Files, err)
		}
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.Listen, err)
	}
	sockets := c.socketServer(logger)
	handle(sockets.Of("/"), notes)
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", sockets)
	mux.Handle("/debug/counts", counts{sockets})
	web := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelError)}
	fmt.Println("listening on", listener.Addr())

	err = c.serve(ctx, listener, web, sockets)
	if errors.Is(err, context.DeadlineExceeded) { // as documented, for who does not answer
		logger.Warn("connections were cut off", "err", err)
		err = web.Close()
	}

	return errors.Join(err, notes.close())
}

func (c command) socketServer(logger *slog.Logger) *brio.Server {
	config := brio.Config{
		PingInterval: c.PingInterval,
		PingTimeout:  c.PingTimeout,
		MaxBacklog:   c.MaxBacklog,
		Logger:       logger,

		MaxBacklogTotal: c.MaxTotal,
		MaxConnections:  c.Most,
	}
	if c.Deflate {
		config.Deflate = &brio.Deflate{}
	}
	return brio.NewServer(config)
}

// serve serves until ctx is done, and returns when nothing runs any more.
func (c command) serve(ctx context.Context, listener net.Listener, web *http.Server, sockets *brio.Server) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.Patience)
		defer cancel()
		ended <- errors.Join(sockets.Shutdown(ctx), web.Shutdown(ctx))
	})

	err := web.Serve(listener)
	cancel()
	if stopped := <-ended; errors.Is(err, http.ErrServerClosed) {
		return stopped
	}

	return fmt.Errorf("serve: %w", err)
}
