package poll

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/briohq/brio/internal/group"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo sends back what comes.
type echo struct {
	conn Conn

	mu      sync.Mutex // guards what follows
	waiting []byte
	busy    bool
	err     error
	ended   chan struct{}
}

func (e *echo) Data(b []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waiting = append(e.waiting, b...)
	e.flush()
}

func (e *echo) Writable() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.busy = false
	e.flush()
}

// flush writes all that waits, unless a write is under way.
func (e *echo) flush() {
	for !e.busy && len(e.waiting) > 0 {
		b := e.waiting
		e.waiting = nil
		e.busy = !e.conn.Write(b)
	}
}

func (e *echo) End(err error) {
	e.mu.Lock()
	e.err = errors.Join(e.err, err)
	e.mu.Unlock()
	e.conn.Close()
	close(e.ended)
}

// pair returns a client and the server's side, polled.
func pair(t *testing.T, p *Poller) (net.Conn, *echo) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	_ = client.SetDeadline(time.Now().Add(20 * time.Second))
	nc, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	e := &echo{ended: make(chan struct{})}
	e.conn = p.Take(nc, e)
	return client, e
}

func start(t *testing.T, loops int) *Poller {
	g := &group.Group{}
	p := New(g, loops, time.Minute)
	t.Cleanup(func() {
		if err := p.Close(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
		if err := g.Wait(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return p
}

// both tests connections that are polled and those that are not.
func both(t *testing.T, test func(*testing.T, int)) {
	t.Run("polled", func(t *testing.T) { test(t, 2) })
	t.Run("threaded", func(t *testing.T) { test(t, 0) })
}

func say(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := c.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, c net.Conn, want string) {
	t.Helper()
	b := make([]byte, len(want))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != want {
		t.Fatalf("heard %q, %v; want %q", b, err, want)
	}
}

func TestEcho(t *testing.T) { both(t, testEcho) }

func testEcho(t *testing.T, loops int) {
	p := start(t, loops)
	var group sync.WaitGroup
	for range 20 {
		client, e := pair(t, p)
		say(t, client, "early")
		e.conn.Start()
		group.Go(func() {
			hear(t, client, "early")
			for range 100 {
				say(t, client, "hello")
				hear(t, client, "hello")
			}
			client.Close()
			<-e.ended
			if !errors.Is(e.err, io.EOF) {
				t.Error("end: ", e.err)
			}
		})
	}
	group.Wait()
}

// What the kernel does not take waits until the peer reads.
func TestWritable(t *testing.T) { both(t, testWritable) }

func testWritable(t *testing.T, loops int) {
	p := start(t, loops)
	client, e := pair(t, p)
	e.conn.Start()
	text := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	go func() { _, _ = client.Write(text) }()
	got := make([]byte, len(text))
	if _, err := io.ReadFull(client, got); err != nil || !bytes.Equal(got, text) {
		t.Error("not the same, ", err)
	}
	client.Close()
	<-e.ended
}

func TestPause(t *testing.T) { both(t, testPause) }

func testPause(t *testing.T, loops int) {
	p := start(t, loops)
	client, e := pair(t, p)
	e.conn.Start()
	e.conn.Pause()
	say(t, client, "one")
	if _, polled := e.conn.(*threaded); !polled { // a goroutine that waits for data still reads once
		_ = client.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if n, err := client.Read(make([]byte, 10)); n > 0 || err == nil {
			t.Error("read though paused")
		}
		_ = client.SetReadDeadline(time.Now().Add(20 * time.Second))
	}
	e.conn.Resume()
	hear(t, client, "one")
	client.Close()
	<-e.ended
}

func TestCloseAfter(t *testing.T) { both(t, testCloseAfter) }

func testCloseAfter(t *testing.T, loops int) {
	p := start(t, loops)
	client, e := pair(t, p)
	e.conn.Start()
	e.conn.CloseWrite()
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Error("read: ", err)
	}
	e.conn.CloseAfter(time.Hour)
	e.conn.CloseAfter(time.Nanosecond) // comes too late
	e.conn.Close()
	client, e = pair(t, p)
	e.conn.CloseAfter(time.Millisecond)
	if _, err := client.Read(make([]byte, 1)); err == nil {
		t.Error("not closed")
	}
}

func TestClose(t *testing.T) { both(t, testClose) }

func testClose(t *testing.T, loops int) {
	p := start(t, loops)
	for range 50 {
		client, e := pair(t, p)
		e.conn.Start()
		var group sync.WaitGroup
		group.Go(func() { _, _ = client.Write(make([]byte, 100_000)) })
		group.Go(func() { _, _ = io.Copy(io.Discard, client) })
		for range 3 {
			group.Go(e.conn.Close)
			group.Go(func() {
				e.mu.Lock()
				defer e.mu.Unlock()
				for !e.busy && e.conn.Write([]byte("x")) {
				}
			})
		}
		group.Go(func() { e.conn.Pause(); e.conn.Resume() })
		group.Wait()
	}
}

func TestReset(t *testing.T) { both(t, testReset) }

func testReset(t *testing.T, loops int) {
	p := start(t, loops)
	client, e := pair(t, p)
	e.conn.Start()
	_ = client.(*net.TCPConn).SetLinger(0)
	client.Close()
	<-e.ended
	if e.err == nil {
		t.Error("no error")
	}
}
