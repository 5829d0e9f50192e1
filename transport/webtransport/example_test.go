package webtransport_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/transport/webtransport"
)

// One handler, served twice on one port number: over TCP for long-polling and
// WebSocket, over UDP for WebTransport.
func Example() {
	server := brio.NewServer(brio.Config{
		Transports: []string{"polling", "websocket", "webtransport"},
	})
	server.Of("/").On("echo", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		return s.Emit("echo", args, s.Transport())
	})
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", server)

	web := &http.Server{Addr: ":3000", Handler: mux}
	h3 := &webtransport.Server{Addr: ":3000", Handler: mux}
	ended := make(chan error, 2)
	go func() { ended <- web.ListenAndServeTLS("cert.pem", "key.pem") }()
	go func() { ended <- h3.ListenAndServeTLS("cert.pem", "key.pem") }()

	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	select {
	case <-interrupted.Done():
	case err := <-ended:
		fmt.Fprintln(os.Stderr, err)
	}

	// First the sessions, so that clients get what was sent to them; then what
	// carries them.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := errors.Join(server.Shutdown(ctx), h3.Close(), web.Shutdown(ctx)); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}
