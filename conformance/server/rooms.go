package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/briohq/brio"
)

// handleRooms adds the handlers of clients that want to reach others.
func handleRooms(ns *brio.Namespace) {
	ns.On("join", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		var room string
		if err := args.Scan(&room); err != nil {
			return err
		}
		s.Join(room)
		return args.Ack()
	})
	ns.On("leave", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		var room string
		if err := args.Scan(&room); err != nil {
			return err
		}
		s.Leave(room)
		return args.Ack()
	})
	ns.On("to-rooms", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		return s.To(s.Rooms()...).Emit("room", args)
	})
	ns.On("to-others", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		return s.Broadcast().Emit("others", args)
	})
	ns.On("to-everyone", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
		return ns.Emit("everyone", args)
	})
	ns.On("ask-rooms", gather)
}

// gather asks the others in the socket's rooms, and answers a list of the first
// argument of each of their answers.
func gather(ctx context.Context, s *brio.Socket, args brio.Args) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	answers := []json.RawMessage{}
	for answer, err := range s.To(s.Rooms()...).All(ctx, "ask", args) {
		if err != nil {
			return err
		}
		answers = append(answers, answer.Value.Raw(0))
	}
	return args.Ack(answers)
}
