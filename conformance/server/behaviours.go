package main

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/briohq/brio"
)

// handleBehaviours gives a server the handlers that the Go client is tested with.
// ../node/server.mjs has the same for the official server: change both.
func handleBehaviours(server *brio.Server) {
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
	ns.On("query", query)
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
	ns.On("present", func(ctx context.Context, _ *brio.Socket, args brio.Args) error {
		n, err := ns.Broadcast().Count(ctx)
		if err != nil {
			return err
		}
		return args.Ack(n)
	})
	ns.On("silent", func(context.Context, *brio.Socket, brio.Args) error { return nil })
	ns.On("leave", sendAway)
	ns.On("close", closeConnection)
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
