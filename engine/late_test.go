package engine

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/briohq/brio/internal/memnet"
	"github.com/briohq/brio/transport"
)

// A client that is slow with what it has begun costs a connection for as long as
// its session lives, and no longer, though the http.Server has no timeouts.
func TestSlowPeers(t *testing.T) {
	const dead = 45*time.Second + lastTime
	for name, c := range map[string]struct {
		begin func(t *testing.T, n *memnet.Listener, l *layer) *memnet.Conn
		drip  string // what comes each second
	}{
		"the body of a POST": {func(t *testing.T, n *memnet.Listener, l *layer) *memnet.Conn {
			return raw(t, n, fmt.Sprintf("POST /?%s&sid=%s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n4", newPoll, l.session.ID()))
		}, "x"},
		"a POST in chunks": {func(t *testing.T, n *memnet.Listener, l *layer) *memnet.Conn {
			return raw(t, n, fmt.Sprintf("POST /?%s&sid=%s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", newPoll, l.session.ID()))
		}, "1\r\nx\r\n"},
		"an answer that is not read": {func(t *testing.T, n *memnet.Listener, l *layer) *memnet.Conn {
			_ = l.session.Send([]*transport.Frame{transport.NewBinary(make([]byte, 1<<20))}, 0)
			return raw(t, n, fmt.Sprintf("GET /?%s&sid=%s HTTP/1.1\r\nHost: x\r\n\r\n", newPoll, l.session.ID()))
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, layers := slowSite(t)
				<-newCall(n, memnet.Link{}, "GET", newPoll, "", false).done
				l := <-layers
				conn := c.begin(t, n, l)
				defer conn.Close()
				outlasts(t, n, conn, c.drip, dead)
				l.ended(t, PingTimeout)
			})
		})
	}
	for name, drip := range map[string]string{
		"a frame":     "x",
		"fragments":   "\x00\x80\x00\x00\x00\x00",
		"pings":       "\x89\x80\x00\x00\x00\x00",
		"no messages": "",
	} {
		t.Run(name+" of a WebSocket", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, layers := slowSite(t)
				conn := raw(t, n, "GET /?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
				defer conn.Close()
				l := <-layers
				switch name {
				case "a frame":
					_ = ws.WriteHeader(conn, ws.Header{Fin: true, OpCode: ws.OpText, Masked: true, Length: 1000})
				case "fragments":
					_ = ws.WriteFrame(conn, ws.MaskFrame(ws.NewFrame(ws.OpText, false, []byte("4"))))
				}
				outlasts(t, n, conn, drip, dead)
				l.ended(t, PingTimeout)
			})
		})
	}
}

const lastTime = 5 * time.Second

// slowSite serves until the end of the test, without timeouts of HTTP.
func slowSite(t *testing.T) (*memnet.Listener, <-chan *layer) {
	s, layers := newServer(Config{MaxBacklog: 8 << 20})
	n := memnet.Listen()
	h := http.Server{Handler: s, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	go func() { _ = h.Serve(n) }()
	t.Cleanup(func() {
		shutDown(t, s)
		_ = h.Close()
	})
	return n, layers
}

func raw(t *testing.T, n *memnet.Listener, begin string) *memnet.Conn {
	t.Helper()
	conn, err := n.Dial(memnet.Link{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, begin); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return conn
}

// outlasts drips, and checks that the server's end of the connection is closed in
// time, and not before its session can have died.
func outlasts(t *testing.T, n *memnet.Listener, conn *memnet.Conn, drip string, limit time.Duration) {
	t.Helper()
	begun := time.Now()
	for n.Open() > 0 {
		if took := time.Since(begun); took > limit {
			t.Fatalf("still open after %v", took)
		}
		if drip != "" {
			_, _ = io.Copy(conn, strings.NewReader(drip))
		}
		time.Sleep(time.Second)
		synctest.Wait()
	}
	if took := time.Since(begun); took < 40*time.Second {
		t.Errorf("closed after %v", took)
	}
}
