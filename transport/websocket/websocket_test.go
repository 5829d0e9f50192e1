package websocket

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio/transport"
)

func TestHandshake(t *testing.T) {
	r := newRecorder()
	poller, wait := newPoller()
	conns := make(chan *Conn, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		c, err := Accept(w, q, r, limit, nil, poller)
		if err != nil {
			return
		}
		c.Start()
		conns <- c
	}))
	defer server.Close()

	response, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode < 400 {
		t.Errorf("a plain GET is answered %s", response.Status)
	}

	// The first frame comes in one piece with the handshake.
	nc, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	say(t, nc, "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"+text("4early"))
	buffered := bufio.NewReader(nc)
	response, err = http.ReadResponse(buffered, nil)
	if err != nil || response.StatusCode != 101 || response.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Fatalf("%+v, error %v", response, err)
	}
	c := <-conns
	if !c.Write(frames("4hello")) {
		t.Error("a fresh connection doesn't take a frame")
	}
	if f, err := ws.ReadFrame(buffered); err != nil || string(f.Payload) != "4hello" {
		t.Errorf("%q, error %v", f.Payload, err)
	}
	nc.Close()
	if err := r.ended(t); err != nil {
		t.Errorf("closed with %v", err)
	}
	if diff := cmp.Diff([]string{"4early"}, r.received()); diff != "" {
		t.Error(diff)
	}
	if err := wait(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRefuse(t *testing.T) {
	poller := testPoller(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		c, err := Accept(w, q, newRecorder(), limit, nil, poller)
		if err != nil {
			t.Error(err)
			return
		}
		c.Refuse()
	}))
	defer server.Close()
	nc, buffered, _, err := ws.Dial(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http"))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	r := io.Reader(nc)
	if buffered != nil {
		r = io.MultiReader(buffered, nc)
	}
	f, err := ws.ReadFrame(r)
	if err != nil || f.Header.OpCode != ws.OpClose || len(f.Payload) != 0 {
		t.Errorf("%+v, error %v", f, err)
	}
	if _, err := r.Read(make([]byte, 1)); err == nil {
		t.Error("the connection stays open")
	}
}

// Before anything has been started, there is already something to say: the
// handshake of a session. It must not matter whether the connection has a
// write that can't block, which one with TLS has not.
func TestWriteBeforeStart(t *testing.T) {
	r := newRecorder()
	poller, wait := newPoller()
	wrote := make(chan error, 1)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		c, err := Accept(w, q, r, limit, nil, poller)
		if err != nil {
			wrote <- err
			return
		}
		defer func() {
			if p := recover(); p != nil {
				wrote <- errors.New("Write panicked")
				c.line.Close()
			}
		}()
		c.Write(frames("0{}"))
		c.Start()
		wrote <- nil
	}))
	defer server.Close()
	dialer := ws.Dialer{TLSConfig: server.Client().Transport.(*http.Transport).TLSClientConfig}
	dialer.TLSConfig.NextProtos = nil
	nc, buffered, _, err := dialer.Dial(t.Context(), "wss"+strings.TrimPrefix(server.URL, "https"))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
	in := io.Reader(nc)
	if buffered != nil {
		in = io.MultiReader(buffered, nc)
	}
	if f, err := ws.ReadFrame(in); err != nil || string(f.Payload) != "0{}" {
		t.Errorf("%q, error %v", f.Payload, err)
	}
	nc.Close()
	if err := wait(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestPingIsAnswered(t *testing.T) {
	server, client := loopback(t)
	_, r := start(t, server, limit)
	say(t, client, masked(ws.OpText, false, "4a")+masked(ws.OpPing, true, "there?")+masked(ws.OpContinuation, true, "b"))
	if got := hear(t, client); got != "a there?" {
		t.Errorf("%q", got)
	}
	say(t, client, masked(ws.OpClose, true, "\x03\xe8"))
	hear(t, client)
	if err := r.ended(t); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"4ab"}, r.received()); diff != "" {
		t.Error(diff)
	}
}

func TestCloseFrameIsAnswered(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"no status":    {masked(ws.OpClose, true, ""), "8 "},
		"status":       {masked(ws.OpClose, true, "\x03\xe9bye"), "8 \x03\xe9"},
		"close packet": {text("1"), "8 "},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := loopback(t)
			_, r := start(t, server, limit)
			say(t, client, c.in)
			if got := hear(t, client); got != c.want {
				t.Errorf("answered with %q, want %q", got, c.want)
			}
			if err := r.ended(t); err != nil {
				t.Errorf("closed with %v", err)
			}
			if n, err := client.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
				t.Errorf("%d bytes more, error %v", n, err)
			}
		})
	}
}

// The peer is told what it did wrong even if it is still sending.
func TestViolationIsTold(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"unmasked":    {"\x81\x024a", "8 \x03\xea"},
		"too large":   {text("4" + strings.Repeat("x", limit)), "8 \x03\xf1"},
		"not UTF-8":   {text("4\xff"), "8 \x03\xef"},
		"no packet":   {text("9"), "8 "},
		"bad close":   {masked(ws.OpClose, true, "\x00\x01"), "8 \x03\xea"},
		"bad reason":  {masked(ws.OpClose, true, "\x03\xe8\xff"), "8 \x03\xef"},
		"with a tail": {"\x81\x024a" + strings.Repeat("tail", 5000), "8 \x03\xea"},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := loopback(t)
			_, r := start(t, server, limit)
			say(t, client, c.in)
			if got := hear(t, client); got != c.want {
				t.Errorf("told %q, want %q", got, c.want)
			}
			if n, err := client.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
				t.Errorf("%d bytes more, error %v", n, err)
			}
			client.Close()
			if err := r.ended(t); err == nil {
				t.Error("closed without an error")
			}
		})
	}
}

func TestParseErrorReachesTheReceiver(t *testing.T) {
	server, client := loopback(t)
	_, r := start(t, server, limit)
	say(t, client, text("9"))
	if err := r.ended(t); !errors.Is(err, transport.ErrParse) {
		t.Error(err)
	}
	client.Close()
}

func TestPeerGoesWithoutAWord(t *testing.T) {
	server, client := loopback(t)
	_, r := start(t, server, limit)
	say(t, client, text("4a")+"\x81")
	client.Close()
	if err := r.ended(t); err != nil {
		t.Errorf("closed with %v", err)
	}
	if diff := cmp.Diff([]string{"4a"}, r.received()); diff != "" {
		t.Error(diff)
	}
}

func TestPauseStopsTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client := net.Pipe()
		c, r := start(t, server, limit)
		c.Pause()
		c.Pause()
		said := make(chan struct{})
		go func() {
			defer close(said)
			_, _ = io.WriteString(client, text("4first"))
			_, _ = io.WriteString(client, text("4second"))
		}()
		synctest.Wait()
		if got := r.received(); len(got) > 1 {
			t.Errorf("received %q while paused", got)
		}
		select {
		case <-said:
			t.Error("the peer could send all while paused")
		default:
		}
		c.Resume()
		<-said
		synctest.Wait()
		if diff := cmp.Diff([]string{"4first", "4second"}, r.received()); diff != "" {
			t.Error(diff)
		}
		client.Close()
		c.Abort()
	})
}

func TestAbortEndsAPause(t *testing.T) {
	server, client := loopback(t)
	c, _ := start(t, server, limit)
	c.Pause()
	say(t, client, text("4a"))
	c.Abort()
	c.Pause()
	c.Resume()
	if err := c.wait(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCloseWaitsForThePeer(t *testing.T) {
	server, client := loopback(t)
	c, r := start(t, server, limit)
	c.Close(frames("4last"))
	c.Close(frames("4too late"))
	for _, want := range []string{"1 4last", "8 "} {
		if got := hear(t, client); got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
	}
	say(t, client, masked(ws.OpClose, true, ""))
	if n, err := client.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("%d bytes more, error %v", n, err)
	}
	if err := c.wait(t.Context()); err != nil {
		t.Error(err)
	}
	select {
	case err := <-r.closed:
		t.Errorf("the receiver was told what it did: %v", err)
	default:
	}
}

// A Conn that is released while it is written to says goodbye after that.
func TestRelease(t *testing.T) {
	server, client := loopback(t)
	c, r := start(t, server, limit)
	n, size := 1, 10_000
	for c.Write([]*transport.Frame{numbered(n-1, size)}) {
		n++
	}
	c.Release()
	if got := hearNumbered(t, client, n, []int{size}); got != n {
		t.Fatalf("heard %d frames of %d", got, n)
	}
	if got := hear(t, client); got != "8 " {
		t.Errorf("heard %q last", got)
	}
	say(t, client, text("4dropped by the session")+masked(ws.OpClose, true, ""))
	if err := c.wait(t.Context()); err != nil {
		t.Error(err)
	}
	if len(r.closed) > 0 {
		t.Error("the receiver was told what it did")
	}
}

// Whoever doesn't answer, or doesn't even read, is given five seconds.
func TestCloseGivesUp(t *testing.T) {
	for name, reads := range map[string]bool{"the peer is mute": true, "the peer is deaf": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, client := net.Pipe()
				defer client.Close()
				c, _ := start(t, server, limit)
				begun := time.Now()
				c.Close(frames("4last"))
				if reads {
					go func() { _, _ = io.Copy(io.Discard, client) }()
				}
				if err := c.wait(t.Context()); err != nil {
					t.Error(err)
				}
				if took := time.Since(begun); took != closeTimeout {
					t.Errorf("gave up after %v", took)
				}
			})
		})
	}
}

func TestAbortSaysGoodbyeIfItCan(t *testing.T) {
	server, client := loopback(t)
	c, r := start(t, server, limit)
	c.Abort()
	c.Abort()
	if got := hear(t, client); got != "8 " {
		t.Errorf("heard %q", got)
	}
	if n, err := client.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("%d bytes more, error %v", n, err)
	}
	if c.Write(frames("4late")) {
		t.Error("an aborted conn says it is ready")
	}
	c.Close(nil)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := c.wait(ctx); err != nil {
		t.Error(err)
	}
	if len(r.received()) != 0 {
		t.Errorf("received %q", r.received())
	}
}
