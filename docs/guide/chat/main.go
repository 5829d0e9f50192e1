// Command chat is the chat server of the guide.
package main

import (
	"context"
	"log"
	"net/http"
	"slices"

	"github.com/briohq/brio"
)

const (
	join   brio.Call[string, []string] = "join" // a room; answers who is there
	joined brio.Event[string]          = "joined"
	left   brio.Event[string]          = "left"

	name brio.Key[string] = "name" // instead of socket.data.name
)

func main() {
	http.Handle("/socket.io/", newServer())
	log.Fatal(http.ListenAndServe(":3000", nil))
}

func newServer() *brio.Server {
	server := brio.NewServer(brio.Config{})
	chat := server.Of("/chat")

	chat.Use(func(_ context.Context, s *brio.Socket) error {
		var auth struct{ Name string }
		if err := s.Handshake().ScanAuth(&auth); err != nil || auth.Name == "" {
			return brio.Errorf("a name is required")
		}
		name.Set(s, auth.Name)
		return nil
	})

	join.Handle(chat, func(ctx context.Context, s *brio.Socket, room string) ([]string, error) {
		s.Join(room)
		if err := joined.Emit(s.To(room), name.Get(s)); err != nil {
			return nil, err
		}
		var names []string
		for member, err := range chat.In(room).Peers(ctx) {
			if err != nil {
				return nil, err
			}
			names = append(names, name.Of(member))
		}
		return names, nil // the acknowledgement
	})

	chat.On("say", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		var room, text string
		if err := args.Scan(&room, &text); err != nil {
			return brio.Errorf("say wants a room and a text")
		}
		if !slices.Contains(s.Rooms(), room) {
			return nil
		}
		return chat.To(room).Emit("said", name.Get(s), text)
	})

	chat.OnDisconnect(func(_ context.Context, s *brio.Socket, _ brio.Reason) error {
		return left.Emit(s.To(s.Rooms()...), name.Get(s))
	})
	return server
}
