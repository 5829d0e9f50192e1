// Command server is what the conformance suites talk to: a Socket.IO server
// under /socket.io/ whose handlers send back what they get, and an Engine.IO
// server under /engine.io/ that does the same with bare messages.
//
// Its defaults are those of the official protocol suites: heartbeats so quick
// that a test can wait for one to fail. It says "listening on ADDRESS" once it
// does, and ends when it is interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/briohq/brio"
	"github.com/briohq/brio/engine"
)

// patience is how long a shutdown may take.
const patience = 10 * time.Second

type command struct {
	Listen         string        `help:"Address to listen on; port 0 is any free one." default:"127.0.0.1:3000" placeholder:"HOST:PORT"`
	PingInterval   time.Duration `help:"Time between two heartbeats." default:"300ms"`
	PingTimeout    time.Duration `help:"How long a client may take to answer one." default:"200ms"`
	ConnectTimeout time.Duration `help:"How long a client may take to join a namespace." default:"1s"`
	Client         string        `help:"Directory of an official client to serve." placeholder:"DIR"`
	MaxPayload     int           `help:"Bytes of the largest message." default:"1000000"`
	Msgpack        bool          `help:"Speak MessagePack instead of text."`
	Deflate        bool          `help:"Compress messages over WebSocket."`
	NoSlash        bool          `help:"Answer without the slash at the end of the path only."`
	InitialPacket  string        `help:"What each client is sent first."`
	EIO3           bool          `name:"eio3" help:"Let clients of Engine.IO 3 in, too."`
	Behaviours     bool          `help:"Have the handlers that the Go client is tested with, instead of the suites'."`
	Recovery       bool          `help:"Let sockets survive a short disconnection."`
	Delivery       bool          `help:"Have the namespace /delivery."`
	Adapter        string        `help:"How to reach the other nodes of a cluster: ${enum}." enum:"memory,nats,natsembed" default:"memory"`
	AdapterURL     string        `name:"adapter-url" help:"Where: for nats, the URL of a server; for natsembed, where other nodes connect to this one, and behind commas where to reach them." placeholder:"URL"`
	Origin         []string      `help:"Origin that may connect; * is any." default:"*"`
}

func main() {
	var c command
	kong.Parse(&c, kong.Description("Serve the conformance suites of brio."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	if err := c.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (c command) run(ctx context.Context) error {
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.Listen, err)
	}
	cluster, closeBus, err := c.connect()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	reasons := newReasons()
	sockets, messages := c.socketServer(reasons, cluster), c.engineEcho()
	if c.Delivery {
		defer handleDelivery(sockets).Close()
	}
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", sockets)
	mux.Handle("/socket.io", sockets)
	mux.Handle("/engine.io/", messages)
	mux.Handle("/reason", reasons)
	fmt.Println("listening on", listener.Addr())

	err = serve(ctx, listener, mux, sockets, messages)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return errors.Join(err, closeBus(ctx))
}

// serve serves until ctx is done, and returns when nothing runs any more.
func serve(ctx context.Context, listener net.Listener, mux http.Handler, sockets *brio.Server, messages *engine.Server) error {
	server := &http.Server{Handler: mux, ReadHeaderTimeout: patience}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		ended <- errors.Join(sockets.Shutdown(ctx), messages.Shutdown(ctx), server.Shutdown(ctx))
	})

	err := server.Serve(listener)
	cancel()
	if stopped := <-ended; errors.Is(err, http.ErrServerClosed) {
		return stopped
	}

	return fmt.Errorf("serve: %w", err)
}

func (c command) deflate() *engine.Deflate {
	if !c.Deflate {
		return nil
	}
	return new(engine.Deflate)
}

func logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, nil))
}
