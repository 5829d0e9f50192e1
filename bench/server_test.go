package bench

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/briohq/brio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// text is what is echoed and broadcast: 64 bytes.
const text = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

const (
	echo = brio.Event[string]("echo")
	news = brio.Event[string]("news")
)

// server is a brio server that listens on loopback.
type server struct {
	*brio.Server
	address string
}

// start returns a server that lives as long as b. It sends no heartbeats, which
// the clients here would not answer.
func start(b *testing.B) *server {
	b.Helper()
	return startWith(b, brio.Config{})
}

func startWith(b *testing.B, config brio.Config) *server {
	b.Helper()
	config.PingInterval = time.Hour
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &server{brio.NewServer(config), l.Addr().String()}
	s.Of("/") // for those who only connect
	h := &http.Server{Handler: s}
	served := make(chan error, 1)
	go func() { served <- h.Serve(l) }()
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := errors.Join(s.Shutdown(ctx), h.Shutdown(ctx)); err != nil {
			b.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			b.Error(err)
		}
	})
	return s
}

// echoes makes the server answer each echo with another.
func (s *server) echoes() {
	echo.Handle(s.Of("/"), func(_ context.Context, s *brio.Socket, v string) error {
		return echo.Emit(s, v)
	})
}
