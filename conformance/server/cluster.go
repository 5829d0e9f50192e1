package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/adapter/cluster"
	"github.com/briohq/brio/adapter/nats"
	"github.com/briohq/brio/adapter/natsembed"
)

// heartbeats are so quick that a test can wait for them.
var heartbeats = cluster.Config{HeartbeatInterval: 200 * time.Millisecond, HeartbeatTimeout: 2 * time.Second}

// connect connects the server to its cluster, if it is to be in one. close is called
// once the server has been shut down.
func (c command) connect() (made adapter.New, closeBus func(context.Context) error, err error) {
	closeBus = func(context.Context) error { return nil }
	config := nats.Config{Cluster: heartbeats}
	config.Cluster.Logger = logger()
	switch c.Adapter {
	case "nats":
		conn, err := nats.Connect(c.AdapterURL)
		if err != nil {
			return nil, nil, err
		}
		return nats.New(conn, config), func(context.Context) error { conn.Close(); return nil }, nil
	case "natsembed":
		listen, routes, ok := strings.Cut(c.AdapterURL, ",")
		embedded := natsembed.Config{Cluster: listen, Adapter: config}
		if ok {
			embedded.Routes = strings.Split(routes, ",")
		}
		bus, err := natsembed.New(embedded)
		if err != nil {
			return nil, nil, err
		}
		return bus.Adapter(), bus.Shutdown, nil
	case "memory":
		return nil, closeBus, nil
	}
	return nil, nil, fmt.Errorf("adapter %s: unknown", c.Adapter)
}

// handleCluster adds what clients can have done to sockets of all nodes, and to the
// other servers.
func handleCluster(ns *brio.Namespace) {
	within := func(f func(ctx context.Context, s *brio.Socket, room string) (any, error)) func(context.Context, *brio.Socket, brio.Args) error {
		return func(ctx context.Context, s *brio.Socket, args brio.Args) error {
			var room string
			if err := args.Scan(&room); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
			defer cancel()
			answer, err := f(ctx, s, room)
			if err != nil {
				return err
			}
			return args.Ack(answer)
		}
	}
	ns.On("count", within(func(ctx context.Context, _ *brio.Socket, room string) (any, error) {
		if room == "" {
			return ns.Broadcast().Count(ctx)
		}
		return ns.To(room).Count(ctx)
	}))
	ns.On("rooms", within(func(ctx context.Context, _ *brio.Socket, _ string) (any, error) { return ns.Rooms(ctx) }))
	ns.On("peers", within(func(ctx context.Context, _ *brio.Socket, room string) (any, error) {
		type peer struct {
			ID    string   `json:"id"`
			Rooms []string `json:"rooms"`
		}
		list := []peer{}
		for p, err := range ns.To(room).Peers(ctx) {
			if err != nil {
				return nil, err
			}
			list = append(list, peer{p.ID, p.Rooms})
		}
		slices.SortFunc(list, func(a, b peer) int { return strings.Compare(a.ID, b.ID) })
		return list, nil
	}))
	ns.On("pull", within(func(_ context.Context, s *brio.Socket, room string) (any, error) {
		return nil, s.Broadcast().JoinRooms(room)
	}))
	ns.On("push", within(func(_ context.Context, _ *brio.Socket, room string) (any, error) {
		return nil, ns.To(room).LeaveRooms(room)
	}))
	ns.On("expel", within(func(_ context.Context, _ *brio.Socket, room string) (any, error) {
		return nil, ns.To(room).Disconnect()
	}))
	ns.On("to-one", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
		var room string
		var rest json.RawMessage
		if err := args.Scan(&room, &rest); err != nil {
			return err
		}
		return ns.To(room).Emit("one", rest)
	})
	ns.OnServer("greet", func(_ context.Context, _ *brio.Namespace, args brio.Args) error {
		var name string
		if err := args.Scan(&name); err != nil {
			return err
		}
		if name == "" {
			return errors.New("nobody is greeted")
		}
		return args.Ack("hello " + name)
	})
	ns.On("greet-servers", within(func(ctx context.Context, _ *brio.Socket, name string) (any, error) {
		answers := []json.RawMessage{}
		for answer, err := range ns.ServerAll(ctx, "greet", name) {
			if err != nil {
				return nil, err
			}
			answers = append(answers, answer.Value.Raw(0))
		}
		return answers, nil
	}))
}
