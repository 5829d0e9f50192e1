package webtransport

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio/internal/group"
	"github.com/briohq/brio/transport"
)

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
	noted := string('0'+rune(p.Type)) + string(p.Data)
	if p.Binary {
		noted = "b" + string(p.Data)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.packets = append(r.packets, noted)
}

func (r *recorder) Ready(transport.Conn) { r.ready <- struct{}{} }

func (r *recorder) Closed(_ transport.Conn, err error) { r.closed <- err }

func (r *recorder) received() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.packets)
}

const limit = 1000

// line is one connection, at both ends.
type line struct {
	*conn
	*recorder
	client *client
	group  *group.Group
}

// connect returns a connection of which the first packet has been read, an
// empty open packet. The test waits for it in the end.
func connect(t *testing.T, start bool) *line {
	t.Helper()
	g, conns := &group.Group{}, make(chan *conn, 1)
	h := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		c, err := w.(transport.Upgrader).Upgrade(ctx, limit, g)
		if err != nil {
			t.Error(err)
			return
		}
		conns <- c.(*conn)
	}))
	l := &line{recorder: newRecorder(), client: h.dial(t), group: g}
	l.client.say(text("0"))
	l.conn = take(t, conns)
	if p := l.First(); p.Type != transport.Open || len(p.Data) != 0 {
		t.Errorf("first packet %+v", p)
	}
	if start {
		l.Start(l.recorder)
	}
	t.Cleanup(func() {
		l.Abort()
		l.waits(t)
	})
	return l
}

// waits waits until no goroutine of the connection runs.
func (l *line) waits(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := l.group.Wait(ctx); err != nil {
		t.Error(err)
	}
}

// ended returns why the connection has ended, as its receiver has been told.
func (l *line) ended(t *testing.T) error {
	t.Helper()
	return take(t, l.recorder.closed)
}

func (l *line) receives(t *testing.T, want ...string) {
	t.Helper()
	until(t, "all received", func() bool { return len(l.received()) >= len(want) })
	if diff := cmp.Diff(want, l.received()); diff != "" {
		t.Error(diff)
	}
}

func TestWriteBeforeStart(t *testing.T) {
	l := connect(t, false)
	if !l.Write(frames(`0{"sid":"x"}`)) {
		t.Error("a fresh connection doesn't take a frame")
	}
	l.client.hears(`0{"sid":"x"}`)
	l.client.say(text("4early"))
	l.Start(l.recorder)
	l.receives(t, "4early")
}

// More than a Conn has room for, before somebody can be told that it has again.
func TestReadyComesWithTheStart(t *testing.T) {
	l := connect(t, false)
	large := transport.NewBinary(make([]byte, room+1))
	if l.Write([]*transport.Frame{large}) {
		t.Error("ready with more than there is room for")
	}
	if got := l.client.hear(); len(got) != room+3 {
		t.Errorf("heard %.20q", got)
	}
	until(t, "drained", func() bool {
		l.conn.mu.Lock()
		defer l.conn.mu.Unlock()
		return !l.writing
	})
	l.Start(l.recorder)
	take(t, l.recorder.ready)
}

// What follows the first packet in the same datagram belongs to the connection.
func TestEarlyFrames(t *testing.T) {
	g, r, started := &group.Group{}, newRecorder(), make(chan transport.Conn, 1)
	h := serve(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		c, err := w.(transport.Upgrader).Upgrade(q.Context(), limit, g)
		if err != nil {
			t.Error(err)
			return
		}
		c.Start(r)
		started <- c
	}))
	c := h.dial(t)
	c.say(text("0"), text("4a"), data("\x00\xff"), text("4b")[:1])
	answered := take(t, started)
	c.say("4")
	until(t, "all received", func() bool { return len(r.received()) == 2 })
	c.say("b")
	until(t, "all received", func() bool { return len(r.received()) == 3 })
	if diff := cmp.Diff([]string{"4a", "b\x00\xff", "4b"}, r.received()); diff != "" {
		t.Error(diff)
	}
	answered.Abort()
	if err := g.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}

// Each way in which a client ends, or is ended, and what its session is told.
func TestEnds(t *testing.T) {
	for name, c := range map[string]struct {
		does func(*client)
		want error // nil for an orderly end
	}{
		"close packet":       {func(c *client) { c.say(text("1")) }, nil},
		"session closed":     {(*client).close, nil},
		"with a code":        {func(c *client) { _ = c.session.CloseWithError(7, "so long") }, nil},
		"stream ended":       {func(c *client) { _ = c.stream.Close() }, nil},
		"empty frame":        {func(c *client) { c.say("\x00") }, transport.ErrParse},
		"empty binary frame": {func(c *client) { c.say("\x80") }, transport.ErrParse},
		"too long":           {func(c *client) { c.say(framed(0, strings.Repeat("4", limit+1))[:3]) }, transport.ErrParse},
		"far too long":       {func(c *client) { c.say("\xff\x00\x1f\xff\xff\xff\xff\xff\xff") }, transport.ErrParse},
		"longer than can be": {func(c *client) { c.say("\x7f\x00\x20\x00\x00\x00\x00\x00\x00") }, transport.ErrParse},
		"unknown type":       {func(c *client) { c.say(text("7")) }, transport.ErrParse},
		"text is not UTF-8":  {func(c *client) { c.say(text("4\xff")) }, transport.ErrParse},
		"base64 is not":      {func(c *client) { c.say(text("b*")) }, transport.ErrParse},
		"second stream":      {(*client).opens, errStream},
		"unidirectional":     {(*client).opensUni, errStream},
	} {
		t.Run(name, func(t *testing.T) {
			l := connect(t, true)
			l.client.say(text("4before"))
			l.receives(t, "4before")
			first := *l.client
			c.does(l.client)
			if err := l.ended(t); !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Errorf("ended with %v, want %v", err, c.want)
			}
			l.waits(t)
			if c.want != nil && first.hear() != "closed" {
				t.Errorf("the client hears %q", first.hear())
			}
			if got := l.received(); got[0] != "4before" || slices.Contains(got, "4other") {
				t.Errorf("received %q", got)
			}
			if l.Write(frames("4late")) {
				t.Error("ready though it has ended")
			}
		})
	}
}

// opens opens another stream.
func (c *client) opens() {
	c.t.Helper()
	stream, err := c.session.OpenStream()
	if err != nil {
		c.t.Fatal(err)
	}
	_, _ = stream.Write([]byte(text("4other")))
	c.goesOn()
}

func (c *client) opensUni() {
	c.t.Helper()
	stream, err := c.session.OpenUniStream()
	if err != nil {
		c.t.Fatal(err)
	}
	_, _ = stream.Write([]byte(text("4other")))
	c.goesOn()
}

// goesOn speaks until the session ends: another stream is noticed when something
// comes on the first, but which of them arrives first is not known.
func (c *client) goesOn() {
	c.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for late := time.Now().Add(patience); time.Now().Before(late); <-tick.C {
		if _, err := c.stream.Write([]byte(text("3"))); err != nil {
			return
		}
	}
	c.t.Error("nobody minds another stream")
}

// Datagrams go nowhere, and cost nothing that lasts.
func TestDatagramsAreDropped(t *testing.T) {
	l := connect(t, true)
	for range 1000 {
		if err := l.client.session.SendDatagram(make([]byte, 500)); err != nil {
			t.Fatal(err)
		}
	}
	l.client.say(text("4after"))
	l.receives(t, "4after")
}

func TestPauseIsFelt(t *testing.T) {
	l := connect(t, true)
	l.Pause()
	l.Pause()
	l.client.say(text("4a")) // the reader may be waiting for it already
	sent := make(chan int, 1)
	go func() {
		n, b := 0, []byte(strings.Repeat(text("4"+strings.Repeat("x", 900)), 10))
		_ = l.client.stream.SetWriteDeadline(time.Now().Add(time.Second))
		for {
			m, err := l.client.stream.Write(b)
			n += m
			if err != nil {
				sent <- n
				return
			}
		}
	}()
	if n := take(t, sent); uint64(n) > quicConfig.MaxStreamReceiveWindow+100_000 {
		t.Errorf("a client could send %d bytes to a connection that is paused", n)
	}
	if n := len(l.received()); n > 10 {
		t.Errorf("%d packets while paused", n)
	}
	l.Resume()
	until(t, "read on", func() bool { return len(l.received()) > 20 })
}

func TestAbortEndsAPause(t *testing.T) {
	l := connect(t, true)
	l.Pause()
	l.client.say(text("4a"))
	l.Abort()
	l.Pause()
	l.Resume()
	l.waits(t)
	l.client.hears("closed")
}

// What was sent is read by a client that takes its time, before it learns that
// it was the last. What it says meanwhile is dropped.
func TestCloseWaitsForTheReader(t *testing.T) {
	l := connect(t, true)
	n := 0
	for l.Write([]*transport.Frame{transport.NewBinary(make([]byte, 10_000))}) {
		n++
	}
	n++
	l.Close(frames("4last", "41"))
	l.Close(frames("4too late"))
	l.client.say(text("4dropped"))
	for range n {
		if got := l.client.hear(); len(got) != 10_002 {
			t.Fatalf("heard %.20q", got)
		}
	}
	l.client.hears("4last", "41", "2")
	l.client.say(text("3"))
	l.client.hears("closed")
	l.waits(t)
	l.receives(t)
	if len(l.recorder.closed) > 0 {
		t.Error("the receiver was told what it did")
	}
}

func TestCloseByTheClientMeanwhile(t *testing.T) {
	l := connect(t, true)
	l.Release()
	l.client.hears("2")
	l.client.close()
	l.waits(t)
}

func TestCloseGivesUp(t *testing.T) {
	t.Parallel()
	for name, packets := range map[string]int{"the peer is mute": 1, "the peer is deaf": 1000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := connect(t, true)
			begun := time.Now()
			for range packets {
				l.Write([]*transport.Frame{transport.NewBinary(make([]byte, 10_000))})
			}
			l.Close(frames("4last"))
			l.waits(t)
			if took := time.Since(begun); took < closeTimeout {
				t.Errorf("gave up after %v", took)
			}
		})
	}
}

func TestAbort(t *testing.T) {
	l := connect(t, true)
	l.Write(frames("4a"))
	l.client.hears("4a")
	l.Abort()
	l.Abort()
	l.client.hears("closed")
	if l.Write(frames("4late")) {
		t.Error("an aborted conn says it is ready")
	}
	l.Close(nil)
	l.waits(t)
	if len(l.recorder.closed) > 0 || len(l.received()) > 0 {
		t.Error("the receiver was told what it did")
	}
}

func TestAbortBeforeStart(t *testing.T) {
	l := connect(t, false)
	l.Abort()
	l.Start(l.recorder)
	l.client.hears("closed")
	l.waits(t)
}

func TestRefuse(t *testing.T) {
	l := connect(t, false)
	l.Refuse()
	l.client.hears("closed")
}

// A peer that doesn't read is noticed by Write, which doesn't wait for it, and
// Ready tells when it has read.
func TestWriteDoesNotWait(t *testing.T) {
	l := connect(t, true)
	n, size := 1, 10_000
	for l.Write([]*transport.Frame{transport.NewBinary(make([]byte, size))}) {
		n++
		if n > 1000 {
			t.Fatal("a peer that doesn't read takes everything")
		}
		runtime.Gosched()
	}
	if len(l.recorder.ready) != 0 {
		t.Error("ready though nothing has been read")
	}
	for range n {
		if got := l.client.hear(); len(got) != size+2 {
			t.Fatalf("heard %.20q", got)
		}
	}
	take(t, l.recorder.ready)
	if !l.Write(frames("4next")) {
		t.Error("not ready")
	}
	l.client.hears("4next")
}

func TestWritesArriveInOrder(t *testing.T) {
	l := connect(t, true)
	var want []string
	for i := range 300 {
		size := []int{0, 1, 100, 130, gather - 3, gather - 1, gather, gather + 1, 70_000}[i%9]
		want = append(want, "4"+strings.Repeat(string(rune('a'+i%26)), size))
	}
	heard := make(chan []string, 1)
	go func() {
		var got []string
		for range want {
			got = append(got, l.client.hear())
		}
		heard <- got
	}()
	for i := 0; i < len(want); i += 3 {
		if !l.Write(frames(want[i : i+3]...)) {
			take(t, l.recorder.ready)
		}
	}
	if !slices.Equal(take(t, heard), want) {
		t.Error("the order, or something, was lost")
	}
}

// A client that refuses to be written to has gone.
func TestBrokenWriteEndsTheConn(t *testing.T) {
	l := connect(t, true)
	l.client.stream.CancelRead(1)
	for {
		select {
		case err := <-l.recorder.closed:
			if err == nil {
				t.Error("that is no orderly end")
			}
			return
		default:
			l.Write(frames("4a"))
			runtime.Gosched()
		}
	}
}
