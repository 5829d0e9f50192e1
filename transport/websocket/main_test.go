package websocket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"go.uber.org/goleak"

	"github.com/briohq/brio/internal/group"
	"github.com/briohq/brio/internal/poll"
	"github.com/briohq/brio/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is the receiver of a Conn.
type recorder struct {
	ready  chan struct{}
	closed chan error

	mu      sync.Mutex // guards packets
	packets []string
}

func newRecorder() *recorder {
	return &recorder{ready: make(chan struct{}, 1000), closed: make(chan error, 10)}
}

func (r *recorder) Receive(_ transport.Conn, p transport.Packet) {
	text := string('0'+rune(p.Type)) + string(p.Data)
	if p.Binary {
		text = "b" + string(p.Data)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.packets = append(r.packets, text)
}

func (r *recorder) Ready(transport.Conn) { r.ready <- struct{}{} }

func (r *recorder) Closed(_ transport.Conn, err error) { r.closed <- err }

func (r *recorder) received() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.packets)
}

func (r *recorder) ended(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.closed:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("the receiver was not told of the end")
		return nil
	}
}

// tested is a Conn with all that runs for it.
type tested struct {
	*Conn
	poller *poll.Poller
	group  *group.Group
}

// wait waits until nothing runs any more.
func (c *tested) wait(ctx context.Context) error {
	return errors.Join(c.poller.Close(ctx), c.group.Wait(ctx))
}

// newPoller returns a poller and a function that waits until nothing of it runs.
func newPoller() (*poll.Poller, func(context.Context) error) {
	c := &tested{group: &group.Group{}}
	c.poller = poll.New(c.group, 1, 0)
	return c.poller, c.wait
}

// testPoller is newPoller for a test, which waits at its end.
func testPoller(t *testing.T) *poll.Poller {
	poller, wait := newPoller()
	t.Cleanup(func() {
		if err := wait(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return poller
}

// start runs a Conn on a network connection, and has the test wait for it.
func start(t *testing.T, nc net.Conn, limit int) (*tested, *recorder) {
	t.Helper()
	c, r := begin(t, nc, limit)
	c.Start()
	return c, r
}

// begin is start for a Conn that does not read yet.
func begin(t *testing.T, nc net.Conn, limit int) (*tested, *recorder) {
	t.Helper()
	r, g := newRecorder(), &group.Group{}
	c := &tested{poller: poll.New(g, 1, 0), group: g}
	c.Conn = newConn(nc, r, limit, c.poller)
	t.Cleanup(func() {
		c.Abort()
		if err := c.wait(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return c, r
}

// loopback returns the two ends of a TCP connection with small buffers.
func loopback(t *testing.T) (server, client net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = server.(*net.TCPConn).SetWriteBuffer(64 << 10)
	_ = client.(*net.TCPConn).SetReadBuffer(256 << 10)
	_ = client.SetDeadline(time.Now().Add(30 * time.Second))
	return server, client
}

// masked returns the bytes of a client's frame.
func masked(op ws.OpCode, fin bool, payload string) string {
	return string(ws.MustCompileFrame(ws.MaskFrameWith(ws.NewFrame(op, fin, []byte(payload)), [4]byte{1, 2, 3, 4})))
}

func text(payload string) string { return masked(ws.OpText, true, payload) }

// say writes what a client has to say.
func say(t *testing.T, nc net.Conn, b string) {
	t.Helper()
	if _, err := nc.Write([]byte(b)); err != nil {
		t.Fatal(err)
	}
}

// hear reads the next frame that a client gets, as opcode and payload.
func hear(t *testing.T, nc net.Conn) string {
	t.Helper()
	f, err := ws.ReadFrame(nc)
	if err != nil {
		t.Fatal(err)
	}
	if f.Header.Masked || !f.Header.Fin || f.Header.Rsv != 0 {
		t.Errorf("header %+v", f.Header)
	}
	return fmt.Sprintf("%x %s", byte(f.Header.OpCode), f.Payload)
}

func frames(packets ...string) (fs []*transport.Frame) {
	for _, p := range packets {
		fs = append(fs, transport.NewText(transport.Type(p[0]-'0'), p[1:]))
	}
	return fs
}

// size returns how many bytes are kept.
func (p *parser) size() int {
	if p.pieces == nil {
		return 0
	}
	return len(p.partial) + len(p.message)
}
