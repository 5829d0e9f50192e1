package main

import (
	"context"
	"encoding/json"

	"github.com/briohq/brio"
	"github.com/briohq/brio/protocol/msgpack"
)

// socketServer returns the server that the Socket.IO suites expect: the main
// namespace and /custom, with the same handlers.
func (c command) socketServer() *brio.Server {
	config := brio.Config{
		PingInterval:   c.PingInterval,
		PingTimeout:    c.PingTimeout,
		ConnectTimeout: c.ConnectTimeout,
		MaxPayload:     c.MaxPayload,
		AllowEIO3:      c.EIO3,
		Origins:        c.Origin,
		Deflate:        c.deflate(),
		Logger:         logger(),
	}
	config.NoTrailingSlash = c.NoSlash
	config.InitialPacket = []byte(c.InitialPacket)
	if c.Msgpack {
		config.Codec = msgpack.Codec{}
	}
	server := brio.NewServer(config)
	for _, name := range []string{"/", "/custom"} {
		ns := server.Of(name)
		ns.OnConnect(greet)
		ns.On("message", answer)
		ns.On("message-with-ack", acknowledge)
		ns.On("emit-with-ack", ask)
	}
	return server
}

// greet sends a client what it came with.
func greet(_ context.Context, s *brio.Socket) error {
	auth := s.Handshake().Auth
	if auth == nil {
		auth = json.RawMessage("{}")
	}
	return s.Emit("auth", auth)
}

func answer(_ context.Context, s *brio.Socket, args brio.Args) error {
	return s.Emit("message-back", args)
}

func acknowledge(_ context.Context, _ *brio.Socket, args brio.Args) error {
	return args.Ack(args)
}

// ask wants an acknowledgement, and tells what came with it. Its client may have
// asked for several before it answers the first: so it is not the handler that
// waits, for then the next one would not be called.
func ask(_ context.Context, s *brio.Socket, args brio.Args) error {
	s.Go(func(ctx context.Context) error {
		answer, err := s.Do(ctx, "emit-with-ack", args)
		if err != nil {
			return err
		}
		return s.Emit("emit-with-ack", answer)
	})
	return nil
}
