// Command centrifuge is the contract of the load harness on
// github.com/centrifugal/centrifuge, in that library's own JSON protocol: a
// client is subscribed to its room as it connects, echo is an RPC, and what a
// client sends without asking for a reply is published in its room.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/centrifugal/centrifuge"
)

func main() {
	address := flag.String("listen", "127.0.0.1:3001", "address to listen on; port 0 is any free one")
	flag.Parse()
	if err := run(*address); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type roomKey struct{}

func run(address string) error {
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		return err
	}
	node.OnConnecting(func(ctx context.Context, _ centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		room, _ := ctx.Value(roomKey{}).(string)
		return centrifuge.ConnectReply{
			Credentials:   &centrifuge.Credentials{},
			Subscriptions: map[string]centrifuge.SubscribeOptions{room: {}},
		}, nil
	})
	node.OnConnect(func(client *centrifuge.Client) {
		room, _ := client.Context().Value(roomKey{}).(string)
		client.OnRPC(func(e centrifuge.RPCEvent, reply centrifuge.RPCCallback) {
			reply(centrifuge.RPCReply{Data: e.Data}, nil)
		})
		client.OnMessage(func(e centrifuge.MessageEvent) {
			if _, err := node.Publish(room, e.Data); err != nil {
				fmt.Fprintln(os.Stderr, "publish:", err)
			}
		})
	})
	if err := node.Run(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())

	// A read buffer of 1 KiB is what saves most of a connection's memory.
	socket := centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{ReadBufferSize: 1024})

	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		room := cmp.Or(r.URL.Query().Get("room"), "room")
		socket.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), roomKey{}, room)))
	}))
}
