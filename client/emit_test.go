package client_test

import (
	"context"
	"errors"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
	"github.com/briohq/brio/client/engineio"
)

// A question that was given up before there was a connection is not asked any more,
// with and without Retries.
func TestQuestionGivenUpIsNotAsked(t *testing.T) {
	for _, retries := range []int{0, 3} {
		synctest.Test(t, func(t *testing.T) {
			w := newSite(t, brio.Config{})
			defer w.close()
			var notes log
			ns := w.Of("/")
			keep.Handle(ns, func(_ context.Context, _ *brio.Socket, n int) (int, error) { notes.add(n); return n, nil })
			config := w.config()
			config.Retries = retries
			c := client.New("http://site", config)
			defer c.Close()
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("enough"))
			defer cancel()
			if err := note.Emit(c, 0); err != nil { // before it, and without a handler
				t.Fatal(err)
			}
			if _, err := keep.Do(ctx, c, 1); err == nil || !strings.Contains(err.Error(), "enough") {
				t.Error(err)
			}
			note.Handle(ns, func(_ context.Context, _ *brio.Socket, n int) error { notes.add(n); return nil })
			if err := c.Connect(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := keep.Do(t.Context(), c, 2); err != nil {
				t.Fatal(err)
			}
			if got := notes.all(); !slices.Equal(got, []int{0, 2}) {
				t.Errorf("%d retries: got %v", retries, got)
			}
		})
	}
}

// A question that is under way and given up makes room for the next.
func TestRetryGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newSite(t, brio.Config{})
		defer w.close()
		ns := w.Of("/")
		ns.On("silent", func(context.Context, *brio.Socket, brio.Args) error { return nil })
		keep.Handle(ns, func(_ context.Context, _ *brio.Socket, n int) (int, error) { return n, nil })
		config := w.config()
		config.Retries = 1 << 30
		config.AckTimeout = time.Hour
		c := w.connect(config)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Do(ctx, "silent"); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		began := time.Now()
		if _, err := keep.Do(t.Context(), c, 2); err != nil || time.Since(began) > time.Minute {
			t.Error(err, time.Since(began))
		}
		// Close ends what waits.
		ended := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := c.Do(t.Context(), "silent")
				ended <- err
			}()
		}
		synctest.Wait()
		c.Close()
		for range 2 {
			if err := <-ended; !errors.Is(err, client.ErrClosed) && !errors.Is(err, brio.ErrDisconnected) {
				t.Error(err)
			}
		}
	})
}

// With recovery the first argument of an event that has none is the client's
// position; that is no argument of the handler's.
func TestEventWithoutArguments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newSite(t, brio.Config{Recovery: &brio.Recovery{}})
		defer w.close()
		const ping brio.Event[brio.None] = "nothing"
		c := w.connect(w.config())
		defer c.Close()
		handled := make(chan struct{}, 1)
		ping.On(c, func(context.Context, brio.None) error { handled <- struct{}{}; return nil })
		all := ping.Receive(t.Context(), c)
		if err := ping.Emit(w.Of("/"), brio.None{}); err != nil {
			t.Fatal(err)
		}
		<-handled
		for _, err := range all {
			if err != nil {
				t.Error(err)
			}
			break
		}
	})
}

// Whatever several goroutines do with the sockets of a client at once, Close ends all.
func TestManyGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newSite(t, brio.Config{Recovery: &brio.Recovery{}})
		defer w.close()
		for _, name := range []string{"/", "/a", "/b"} {
			keep.Handle(w.Of(name), func(_ context.Context, _ *brio.Socket, n int) (int, error) { return n, nil })
		}
		c := client.New("http://site", w.config())
		sockets := []*client.Socket{c, c.Of("/a", nil), c.Of("/b", nil)}
		var busy sync.WaitGroup
		for i, s := range sockets {
			s.OnDisconnect(func(ctx context.Context, _ brio.Reason) error { _ = s.Connect(ctx); return nil })
			busy.Go(func() {
				for n := range 50 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(5+i)*time.Millisecond)
					_ = s.Connect(ctx)
					_, _ = keep.Do(ctx, s, n)
					_ = note.Emit(s, n)
					_ = note.Emit(s.Volatile(), n)
					s.Disconnect()
					cancel()
				}
			})
			busy.Go(func() {
				for range 20 {
					time.Sleep(7 * time.Millisecond)
					ctx, cancel := context.WithTimeout(t.Context(), 3*time.Millisecond)
					for range note.Receive(ctx, s) {
					}
					cancel()
				}
			})
		}
		busy.Go(func() {
			for range 30 {
				time.Sleep(11 * time.Millisecond)
				w.cut()
			}
		})
		busy.Wait()
		synctest.Wait() // so that a last cut has been noticed
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for _, s := range sockets {
			if err := s.Connect(ctx); err != nil {
				t.Error(err)
			}
			if n, err := keep.Do(ctx, s, 5); err != nil || n != 5 {
				t.Error(n, err)
			}
		}
		c.Close()
	})
}

// Compression is agreed on with the server, and left out where that is asked for.
func TestCompression(t *testing.T) {
	server := brio.NewServer(brio.Config{Deflate: &brio.Deflate{}})
	heard := make(chan int, 2)
	server.Of("/").On("text", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
		var text string
		err := args.Scan(&text)
		heard <- len(text)
		return err
	})
	h := httptest.NewServer(server)
	defer h.Close()
	defer func() {
		if err := server.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	var sent atomic.Int64
	c, err := client.Dial(t.Context(), h.URL, client.Config{Engine: engineio.Config{
		Transports: []string{"websocket"},
		Deflate:    &engineio.Deflate{},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			nc, err := new(net.Dialer).DialContext(ctx, network, address)
			return counter{nc, &sent}, err
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	text := strings.Repeat("text ", 20_000)
	for _, emitter := range []brio.Emitter{c, c.Uncompressed()} {
		before := sent.Load()
		if err := emitter.Emit("text", text); err != nil {
			t.Fatal(err)
		}
		if n := <-heard; n != len(text) {
			t.Errorf("%d bytes arrived", n)
		}
		if n, plain := sent.Load()-before, emitter != brio.Emitter(c); plain != (n > int64(len(text))) {
			t.Errorf("%d bytes were sent; to be left alone: %t", n, plain)
		}
	}
}

// counter counts what is written.
type counter struct {
	net.Conn
	sent *atomic.Int64
}

func (c counter) Write(b []byte) (int, error) {
	c.sent.Add(int64(len(b)))
	return c.Conn.Write(b)
}
