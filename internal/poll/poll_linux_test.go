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
	conn *Conn

	mu      sync.Mutex // guards what follows
	waiting []byte
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
	e.flush()
}

func (e *echo) flush() {
	n, err := e.conn.Write(e.waiting)
	e.waiting = e.waiting[n:]
	if err != nil {
		e.err = err
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
	c, ok := p.Take(nc, e)
	if !ok {
		t.Fatal("not taken")
	}
	e.conn = c
	return client, e
}

func start(t *testing.T, loops int) *Poller {
	g := &group.Group{}
	p := New(g, loops)
	t.Cleanup(func() {
		p.Close()
		if err := g.Wait(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	return p
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

func TestEcho(t *testing.T) {
	p := start(t, 2)
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
func TestWritable(t *testing.T) {
	p := start(t, 1)
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

func TestPause(t *testing.T) {
	p := start(t, 1)
	client, e := pair(t, p)
	e.conn.Start()
	e.conn.Pause()
	say(t, client, "one")
	_ = client.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := client.Read(make([]byte, 10)); n > 0 || err == nil {
		t.Error("read though paused")
	}
	_ = client.SetReadDeadline(time.Now().Add(20 * time.Second))
	e.conn.Resume()
	hear(t, client, "one")
	client.Close()
	<-e.ended
}

func TestDetach(t *testing.T) {
	p := start(t, 1)
	client, e := pair(t, p)
	e.conn.Start()
	say(t, client, "one")
	hear(t, client, "one")
	done := make(chan net.Conn)
	e.conn.Detach(func(nc net.Conn, err error) {
		if err != nil {
			t.Error(err)
		}
		go func() { done <- nc }()
	})
	nc := <-done
	defer nc.Close()
	say(t, client, "two")
	hear(t, nc, "two")
	say(t, nc, "three")
	hear(t, client, "three")
	if _, err := e.conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Error("write: ", err)
	}
}

func TestClose(t *testing.T) {
	p := start(t, 2)
	for range 50 {
		client, e := pair(t, p)
		e.conn.Start()
		var group sync.WaitGroup
		group.Go(func() { _, _ = client.Write(make([]byte, 100_000)) })
		group.Go(func() { _, _ = io.Copy(io.Discard, client) })
		for range 3 {
			group.Go(e.conn.Close)
			group.Go(func() {
				for {
					if _, err := e.conn.Write([]byte("x")); err != nil {
						return
					}
				}
			})
		}
		group.Go(func() { e.conn.Pause(); e.conn.Resume() })
		group.Wait()
	}
}

func TestReset(t *testing.T) {
	p := start(t, 1)
	client, e := pair(t, p)
	e.conn.Start()
	_ = client.(*net.TCPConn).SetLinger(0)
	client.Close()
	<-e.ended
	if e.err == nil {
		t.Error("no error")
	}
}
