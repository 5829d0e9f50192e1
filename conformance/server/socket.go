package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"

	"github.com/briohq/brio"
	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/protocol/msgpack"
)

// socketServer returns the server that the Socket.IO suites expect: the main
// namespace and /custom, with the same handlers.
func (c command) socketServer(reasons *reasons, cluster adapter.New) *brio.Server {
	config := brio.Config{
		PingInterval:   c.PingInterval,
		PingTimeout:    c.PingTimeout,
		ConnectTimeout: c.ConnectTimeout,
		MaxPayload:     c.MaxPayload,
		AllowEIO3:      c.EIO3,
		Origins:        c.Origin,
		Deflate:        c.deflate(),
		Logger:         logger(),
		Adapter:        cluster,
	}
	config.NoTrailingSlash = c.NoSlash
	config.InitialPacket = []byte(c.InitialPacket)
	config.AllowRequest = func(r *http.Request) error {
		if r.URL.Query().Has("forbid") {
			return errors.New("not today")
		}
		return nil
	}
	if c.Client != "" {
		config.ClientFS = os.DirFS(c.Client)
	}
	if c.Recovery {
		config.Recovery = &brio.Recovery{}
	}
	if c.Msgpack {
		config.Codec = msgpack.Codec{}
	}
	server := brio.NewServer(config)
	if c.Behaviours {
		handleBehaviours(server)
		return server
	}
	for _, name := range []string{"/", "/custom"} {
		ns := server.Of(name)
		ns.Use(refuse)
		ns.OnConnect(greet)
		ns.OnDisconnect(reasons.note)
		ns.On("message", answer)
		ns.On("message-with-ack", acknowledge)
		ns.On("emit-with-ack", ask)
		ns.On("query", query)
		ns.On("send-me-away", sendAway)
		ns.On("close-me", closeConnection)
		handleRooms(ns)
		handleCluster(ns)
	}
	return server
}

// refuse lets in who does not ask to be refused: in the payload of CONNECT, or in
// the query, where old clients have their credentials.
func refuse(_ context.Context, s *brio.Socket) error {
	var auth struct {
		Refuse string `json:"refuse"`
	}
	if err := s.Handshake().ScanAuth(&auth); err != nil {
		return err
	}
	refused := brio.Errorf("refused on request")
	switch cmp.Or(auth.Refuse, s.Handshake().URL.Query().Get("refuse")) {
	case "":
		return nil
	case "with data":
		refused.Data = map[string]any{"code": 7, "why": []string{"ñ€😀"}}
	}
	return refused
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

// query answers a parameter of the request that began the connection.
func query(_ context.Context, s *brio.Socket, args brio.Args) error {
	var name string
	if err := args.Scan(&name); err != nil {
		return err
	}
	return args.Ack(s.Handshake().URL.Query().Get(name))
}

func sendAway(_ context.Context, s *brio.Socket, _ brio.Args) error {
	s.Disconnect()
	return nil
}

func closeConnection(_ context.Context, s *brio.Socket, _ brio.Args) error {
	s.Close()
	return nil
}
