// Package contract is a brio server that does what package load asks of one, and a
// site around it that tells what its process holds.
package contract

import (
	"cmp"
	"context"

	"github.com/briohq/brio"
)

// room is the one that a socket is in.
const room brio.Key[string] = "room"

// New returns a server that keeps the contract of package load.
func New(config brio.Config) *brio.Server {
	server := brio.NewServer(config)
	main := server.Of("/")
	main.OnConnect(func(_ context.Context, s *brio.Socket) error {
		name := cmp.Or(s.Handshake().URL.Query().Get("room"), "room")
		room.Set(s, name)
		s.Join(name)
		return nil
	})
	main.On("echo", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		if args.WantsAck() {
			return args.Ack(args)
		}
		return s.Emit("echo", args)
	})
	main.On("pub", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		return s.Namespace().To(room.Get(s)).Emit("msg", args)
	})

	return server
}
