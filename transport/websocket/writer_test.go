package websocket

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/briohq/brio/transport"
)

func TestWritesArriveInOrder(t *testing.T) {
	for name, sizes := range map[string][]int{
		"small":        {0, 1, 100, 125, 126},
		"large":        {70_000, 200_000},
		"mixed":        {10, 70_000, 10, 64 << 10, 64<<10 - 20, 5, 300_000},
		"edge":         {gather - 10, gather - 4, gather, 3},
		"many at once": {200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200},
	} {
		for kind, pair := range pairs {
			t.Run(name+" over "+kind, func(t *testing.T) {
				server, client := pair(t)
				c, r := start(t, server, limit)
				const rounds = 30
				heard := make(chan int, 1)
				go func() { heard <- hearNumbered(t, client, rounds*len(sizes), sizes) }()
				for i := range rounds {
					var batch []*transport.Frame
					for j, size := range sizes {
						batch = append(batch, numbered(i*len(sizes)+j, size))
					}
					if !c.Write(batch) {
						await(t, r.ready)
					}
				}
				if n := <-heard; n != rounds*len(sizes) {
					t.Errorf("heard %d frames of %d", n, rounds*len(sizes))
				}
				if len(r.ready) != 0 {
					t.Error("called Ready without being waited for")
				}
			})
		}
	}
}

// A peer that doesn't read is noticed by Write, which doesn't wait for it, and
// Ready tells when it has read.
func TestWriteDoesNotWait(t *testing.T) {
	for kind, pair := range pairs {
		t.Run(kind, func(t *testing.T) {
			server, client := pair(t)
			c, r := start(t, server, limit)
			n, size := 1, 10_000
			for c.Write([]*transport.Frame{numbered(n-1, size)}) {
				n++
				if n > 10_000 {
					t.Fatal("a peer that doesn't read takes everything")
				}
			}
			if len(r.ready) != 0 && kind != "TCP" { // whose buffers may grow meanwhile
				t.Error("ready though nothing has been read")
			}
			if got := hearNumbered(t, client, n, []int{size}); got != n {
				t.Fatalf("heard %d frames of %d", got, n)
			}
			await(t, r.ready)
			c.Write([]*transport.Frame{numbered(n, size)})
		})
	}
}

func TestCloseSendsWhatWaits(t *testing.T) {
	server, client := loopback(t)
	c, _ := start(t, server, limit)
	n, size := 1, 10_000
	for c.Write([]*transport.Frame{numbered(n-1, size)}) {
		n++
	}
	c.Close([]*transport.Frame{numbered(n, size)})
	n++
	if got := hearNumbered(t, client, n, []int{size}); got != n {
		t.Fatalf("heard %d frames of %d", got, n)
	}
	if got := hear(t, client); got != "8 " {
		t.Errorf("heard %q last", got)
	}
}

// A peer that says goodbye while it has something to read still gets that, and
// the answer after it.
func TestFarewellWhileWriting(t *testing.T) {
	server, client := loopback(t)
	c, r := start(t, server, limit)
	n, size := 1, 10_000
	for c.Write([]*transport.Frame{numbered(n-1, size)}) {
		n++
	}
	say(t, client, masked(ws.OpClose, true, "\x03\xe8"))
	if err := r.ended(t); err != nil {
		t.Error(err)
	}
	c.Abort() // as a session does when it hears of the end
	if got := hearNumbered(t, client, n, []int{size}); got != n {
		t.Fatalf("heard %d frames of %d", got, n)
	}
	if got := hear(t, client); got != "8 \x03\xe8" {
		t.Errorf("heard %q last", got)
	}
	if n, err := client.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("%d bytes more, error %v", n, err)
	}
}

func TestAbortDropsWhatWaits(t *testing.T) {
	for kind, pair := range pairs {
		t.Run(kind, func(t *testing.T) {
			server, client := pair(t)
			defer client.Close()
			c, r := start(t, server, limit)
			for c.Write([]*transport.Frame{numbered(0, 10_000)}) {
			}
			c.Abort()
			if err := c.wait(t.Context()); err != nil {
				t.Error(err)
			}
			if len(r.ready) != 0 {
				t.Error("ready though it has been aborted")
			}
		})
	}
}

// While a write is under way, only the latest ping gets its pong.
func TestOnePongWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := net.Pipe()
		c, r := start(t, server, limit)
		if c.Write(frames("4first")) {
			t.Error("a pipe has room")
		}
		for _, p := range []string{"1", "2", "3"} {
			say(t, client, masked(ws.OpPing, true, p))
		}
		synctest.Wait()
		for _, want := range []string{"1 4first", "a 3"} {
			if got := hear(t, client); got != want {
				t.Errorf("heard %q, want %q", got, want)
			}
		}
		await(t, r.ready)
		synctest.Wait()
		if c.Write(frames("4next")) {
			t.Error("a pipe has room")
		}
		if got := hear(t, client); got != "1 4next" {
			t.Errorf("heard %q", got)
		}
		client.Close()
		c.Abort()
	})
}

func TestBrokenWriteEndsTheConn(t *testing.T) {
	server, client := loopback(t)
	c, r := start(t, server, limit)
	for c.Write([]*transport.Frame{numbered(0, 10_000)}) {
	}
	_ = client.(*net.TCPConn).SetLinger(0)
	client.Close()
	_ = r.ended(t)
	if c.Write(frames("4late")) {
		t.Error("a broken conn says it is ready")
	}
}

var pairs = map[string]func(*testing.T) (server, client net.Conn){
	"TCP": loopback,
	"a pipe": func(t *testing.T) (server, client net.Conn) {
		server, client = net.Pipe()
		t.Cleanup(func() { client.Close() })
		return server, client
	},
}

// numbered returns a binary frame that begins with a number, of at least size
// bytes.
func numbered(i, size int) *transport.Frame {
	b := binary.BigEndian.AppendUint32(nil, uint32(i))
	return transport.NewBinary(append(b, strings.Repeat(string(rune('a'+i%26)), size)...))
}

// hearNumbered reads n numbered frames, of sizes in turn, and returns how many
// of them were as they should be before the first that was not.
func hearNumbered(t *testing.T, client net.Conn, n int, sizes []int) int {
	for i := range n {
		f, err := ws.ReadFrame(client)
		if err != nil {
			t.Error(err)
			return i
		}
		if want := numbered(i, sizes[i%len(sizes)]).WebSocket(); string(want[len(want)-len(f.Payload):]) != string(f.Payload) || len(f.Payload) != 4+sizes[i%len(sizes)] {
			t.Errorf("frame %d has %d bytes: %.20q", i, len(f.Payload), f.Payload)
			return i
		}
	}
	return n
}

func await(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		t.Fatal("it did not happen")
	}
}

func BenchmarkWrite(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	server, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, client) }()
	poller, wait := newPoller()
	r := newRecorder()
	c := newConn(server, r, limit, poller)
	batch := frames("42[\"chat\",\"a message of the usual length\"]")
	b.ReportAllocs()
	for b.Loop() {
		if !c.Write(batch) {
			<-r.ready
		}
	}
	c.Abort()
	if err := wait(b.Context()); err != nil {
		b.Error(err)
	}
}
