// Command reference is brio with the handlers that clients are tested with.
// server.mjs is the same with the official server: change both.
//
//	go run ./conformance/reference --listen 127.0.0.1:3000 [--recovery] [--msgpack]
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/briohq/brio"
	"github.com/briohq/brio/protocol/msgpack"
)

type command struct {
	Listen   string `help:"Address to listen on; port 0 is any free one." default:"127.0.0.1:3000" placeholder:"HOST:PORT"`
	Recovery bool   `help:"Let sockets survive a short disconnection."`
	Msgpack  bool   `help:"Speak MessagePack instead of text."`
}

func main() {
	var c command
	kong.Parse(&c, kong.Description("Serve what clients are tested with."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := c.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (c command) run(ctx context.Context) error {
	config := brio.Config{Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	if c.Recovery {
		config.Recovery = &brio.Recovery{}
	}
	if c.Msgpack {
		config.Codec = msgpack.Codec{}
	}
	server := brio.NewServer(config)
	var seen notes
	for _, name := range []string{"/", "/admin", "/private"} {
		handle(server.Of(name), &seen)
	}
	server.Of("/private").Use(func(_ context.Context, s *brio.Socket) error {
		var auth struct{ Token string }
		if err := s.Handshake().ScanAuth(&auth); err != nil || auth.Token != "secret" {
			return &brio.Error{Message: "not authorized", Data: map[string]any{"code": 401, "retry": false}}
		}
		return nil
	})

	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.Listen, err)
	}
	fmt.Println("listening on", listener.Addr())
	h := &http.Server{Handler: server, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		ended <- errors.Join(server.Shutdown(ctx), h.Shutdown(ctx))
	})
	if err := h.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended
}

func handle(ns *brio.Namespace, seen *notes) {
	ns.OnConnect(func(_ context.Context, s *brio.Socket) error {
		if s.Recovered() {
			return nil
		}
		return s.Emit("hello", "you")
	})
	ns.On("echo", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		if args.WantsAck() {
			return args.Ack(args)
		}
		return s.Emit("echo", args)
	})
	ns.On("auth", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		return args.Ack(s.Handshake().Auth)
	})
	ns.On("query", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		var name string
		if err := args.Scan(&name); err != nil {
			return err
		}
		return args.Ack(s.Handshake().URL.Query().Get(name))
	})
	ns.On("ask", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		var event string
		if err := args.Scan(&event); err != nil {
			return err
		}
		var rest []any
		for i := 1; i < args.Len(); i++ {
			rest = append(rest, json.RawMessage(args.Raw(i)))
		}
		s.Go(func(ctx context.Context) error { // the client may ask something before it answers
			answer, err := s.Do(ctx, event, rest...)
			if err != nil {
				return err
			}
			return args.Ack(answer)
		})
		return nil
	})
	ns.On("count", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		var n int
		err := args.Scan(&n)
		for i := 0; i < n && err == nil; i++ {
			err = s.Emit("number", i)
		}
		return err
	})
	ns.On("note", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
		if _, err := seen.add(args); err != nil {
			return err
		}
		return args.Ack()
	})
	ns.On("late", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
		times, err := seen.add(args)
		if err != nil || times < 3 {
			return err
		}
		return args.Ack()
	})
	ns.On("noted", func(_ context.Context, _ *brio.Socket, args brio.Args) error { return args.Ack(seen.all()) })
	ns.On("silent", func(context.Context, *brio.Socket, brio.Args) error { return nil })
	ns.On("leave", func(_ context.Context, s *brio.Socket, _ brio.Args) error { s.Disconnect(); return nil })
	ns.On("close", func(_ context.Context, s *brio.Socket, _ brio.Args) error { s.Close(); return nil })
	ns.On("shout", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
		if err := ns.Emit("shout", args); err != nil {
			return err
		}
		return args.Ack()
	})
}

// notes are numbers that clients sent, all of them.
type notes struct {
	mu   sync.Mutex
	list []int
}

// add notes a number, and returns how often it has been noted.
func (s *notes) add(args brio.Args) (times int, err error) {
	var n int
	if err := args.Scan(&n); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, n)
	for _, one := range s.list {
		if one == n {
			times++
		}
	}
	return times, nil
}

func (s *notes) all() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]int{}, s.list...)
}
