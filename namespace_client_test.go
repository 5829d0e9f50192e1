package brio_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/briohq/brio"
)

// patternNet is a network in memory, so that it may be used in a synctest
// bubble.
type patternNet struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (n *patternNet) Accept() (net.Conn, error) {
	select {
	case nc := <-n.conns:
		return nc, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *patternNet) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

func (n *patternNet) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

// patternServe returns a server and how clients dial it. Both end with the test.
func patternServe(t *testing.T, config brio.Config) (*brio.Server, func() *patternClient) {
	t.Helper()
	server := brio.NewServer(config)
	l := &patternNet{conns: make(chan net.Conn), closed: make(chan struct{})}
	web := &http.Server{Handler: server}
	var serving sync.WaitGroup
	serving.Go(func() { _ = web.Serve(l) })
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error("shutdown:", err)
		}
		_ = web.Close()
		serving.Wait()
	})
	return server, func() *patternClient {
		t.Helper()
		return patternDial(t, l)
	}
}

// patternClient is a WebSocket client that speaks the protocol as text.
type patternClient struct {
	t       *testing.T
	mu      sync.Mutex // held to write
	nc      net.Conn
	packets chan string // without the Engine.IO type; closed with the connection
}

func patternDial(t *testing.T, l *patternNet) *patternClient {
	t.Helper()
	mine, theirs := net.Pipe()
	l.conns <- theirs
	dialer := ws.Dialer{NetDial: func(context.Context, string, string) (net.Conn, error) { return mine, nil }}
	if _, _, _, err := dialer.Dial(context.Background(), "ws://memory/socket.io/?EIO=4&transport=websocket"); err != nil {
		t.Fatal(err)
	}
	c := &patternClient{t: t, nc: mine, packets: make(chan string, 4096)}
	var reading sync.WaitGroup
	reading.Go(c.read)
	t.Cleanup(func() {
		c.close()
		reading.Wait()
	})
	return c
}

func (c *patternClient) read() {
	defer close(c.packets)
	for {
		data, op, err := wsutil.ReadServerData(c.nc)
		switch {
		case err != nil:
			return
		case op != ws.OpText:
		case string(data) == "2":
			c.write("3")
		case data[0] == '4':
			c.packets <- string(data[1:])
		}
	}
}

func (c *patternClient) write(message string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = wsutil.WriteClientText(c.nc, []byte(message))
}

// send sends a Socket.IO packet.
func (c *patternClient) send(packet string) { c.write("4" + packet) }

func (c *patternClient) close() { _ = c.nc.Close() }

// next returns the next packet, "" if the connection has closed.
func (c *patternClient) next() string {
	c.t.Helper()
	select {
	case p := <-c.packets:
		return p
	case <-time.After(10 * time.Second):
		c.t.Fatal("no packet came")
		return ""
	}
}

func (c *patternClient) want(packet string) {
	c.t.Helper()
	if got := c.next(); got != packet {
		c.t.Fatalf("came %q, want %q", got, packet)
	}
}

// join connects to a namespace, and must be let in.
func (c *patternClient) join(name string) {
	c.t.Helper()
	c.send("0" + name + ",")
	if got := c.next(); !strings.HasPrefix(got, "0"+name+`,{"sid":`) {
		c.t.Fatalf("came %q, want to be let into %s", got, name)
	}
}

func (c *patternClient) leave(name string) { c.send("1" + name + ",") }

func (c *patternClient) wantRefused(name, message string) {
	c.t.Helper()
	c.send("0" + name + ",")
	if name == "/" {
		c.want(fmt.Sprintf(`4{"message":%q}`, message))
		return
	}
	c.want(fmt.Sprintf(`4%s,{"message":%q}`, name, message))
}
