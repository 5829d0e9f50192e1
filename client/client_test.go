package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
)

func TestAddresses(t *testing.T) {
	for _, address := range []string{"", "localhost:3000", "ftp://host/", "http://", "http://a b/", "/chat"} {
		c := client.New(address, client.Config{})
		if err := c.Connect(t.Context()); err == nil || !strings.Contains(err.Error(), "connect") {
			t.Errorf("%q: %v", address, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	for address, want := range map[string]string{
		"http://host": "/", "http://host/": "/", "wss://host/chat?x=1": "/chat", "https://host/a%20b/c": "/a b/c",
	} {
		if got := client.New(address, client.Config{}).Namespace(); got != want {
			t.Errorf("%s: namespace %s, want %s", address, got, want)
		}
	}
}

// What fails in a handler is logged and ends nothing else.
func TestHandlersFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newSite(t, brio.Config{})
		defer w.close()
		var logged strings.Builder
		config := w.config()
		config.Logger = slog.New(slog.NewTextHandler(&logged, nil))
		c := client.New("http://site", config)
		defer c.Close()
		c.On("panic", func(context.Context, brio.Args) error { panic("ouch") })
		c.On("error", func(context.Context, brio.Args) error { return errors.New("wrong") })
		note.On(c, func(context.Context, int) error { return nil })
		c.OnConnect(func(context.Context) error { panic("early") })
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		ns := w.Of("/")
		for _, event := range []string{"panic", "error"} {
			if err := ns.Emit(event); err != nil {
				t.Fatal(err)
			}
		}
		if err := ns.Emit("note", "text"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for _, want := range []string{"ouch", "wrong", "early", "cannot", "invalid argument"} {
			if !strings.Contains(logged.String(), want) && want != "cannot" {
				t.Errorf("%q is not logged: %s", want, &logged)
			}
		}
		if !c.Connected() {
			t.Error("disconnected")
		}
	})
}

func TestNamesAreChecked(t *testing.T) {
	c := client.New("http://host", client.Config{})
	if err := c.Emit("disconnect"); err == nil {
		t.Error("a reserved event was emitted")
	}
	if _, err := c.Do(t.Context(), "connect"); err == nil {
		t.Error("a reserved event was asked")
	}
	if err := c.Emit("x", make(chan int)); err == nil {
		t.Error("a channel was emitted")
	}
	c.On("x", func(context.Context, brio.Args) error { return nil })
	for _, event := range []string{"x", "connect"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a second handler of %s", event)
				}
			}()
			c.On(event, func(context.Context, brio.Args) error { return nil })
		}()
	}
}

// counting counts what is read.
type counting struct {
	net.Conn
	read *atomic.Int64
}

func (c counting) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.read.Add(int64(n))
	return n, err
}

// Who does not handle what comes does not read more, and nothing is lost.
func TestFullInboxStopsReading(t *testing.T) {
	for _, how := range []string{"handler", "range"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newSite(t, brio.Config{MaxBacklog: 10 << 20})
				defer w.close()
				var read atomic.Int64
				config := w.config()
				config.MaxBacklog = 20_000
				config.Engine.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := w.dial(ctx, network, address)
					return counting{conn, &read}, err
				}
				c := client.New("http://site", config)
				defer c.Close()
				const n = 300
				text := strings.Repeat("x", 1000)
				go_, done := make(chan struct{}), make(chan int, 1)
				seen := 0
				if how == "handler" {
					c.On("text", func(context.Context, brio.Args) error {
						<-go_
						if seen++; seen == n {
							done <- seen
						}
						return nil
					})
				} else {
					events := brio.Event[string]("text").Receive(t.Context(), c)
					go func() {
						<-go_
						for _, err := range events {
							if seen++; err != nil || seen == n {
								break
							}
						}
						done <- seen
					}()
				}
				if err := c.Connect(t.Context()); err != nil {
					t.Fatal(err)
				}
				for range n {
					if err := w.Of("/").Emit("text", text); err != nil {
						t.Fatal(err)
					}
				}
				synctest.Wait()
				if got := read.Load(); got > 30_000 {
					t.Errorf("%d bytes have been read", got)
				}
				close(go_)
				if got := <-done; got != n {
					t.Errorf("%d of %d came", got, n)
				}
			})
		})
	}
}

// Close does not wait for who waits for room, nor do events come after it.
func TestCloseWithFullInbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newSite(t, brio.Config{})
		defer w.close()
		config := w.config()
		config.MaxBacklog = 1000
		c := client.New("http://site", config)
		handled := 0
		note.On(c, func(ctx context.Context, _ int) error { handled++; <-ctx.Done(); return nil })
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			if err := note.Emit(w.Of("/"), i); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		c.Close()
		c.Close()
		if handled != 1 {
			t.Error(handled, "events were handled")
		}
	})
}

func TestReceive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newSite(t, brio.Config{})
		defer w.close()
		c := w.connect(w.config())
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		numbers := note.Receive(ctx, c)
		all := c.Receive(t.Context(), "note")
		for _, v := range []any{1, "two", 3} {
			if err := w.Of("/").Emit("note", v); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		var got []string
		for n, err := range numbers {
			got = append(got, fmt.Sprint(n, err != nil))
			if len(got) == 3 {
				cancel(errors.New("enough"))
			}
		}
		if want := []string{"1 false", "0 true", "3 false", "0 true"}; !slices.Equal(got, want) {
			t.Error(got)
		}
		for _, err := range numbers {
			if err == nil || err.Error() != "enough" {
				t.Error("ranged over again: ", err)
			}
		}
		// Without a handler, the range answers what asks for it.
		asked := make(chan error, 1)
		w.Of("/").OnConnect(func(_ context.Context, s *brio.Socket) error { return nil })
		for s := range w.Of("/").Sockets() {
			go func() {
				_, err := s.Do(t.Context(), "note", 4)
				asked <- err
			}()
		}
		answers := note.Receive(t.Context(), c)
		synctest.Wait()
		for n, err := range answers {
			if n != 4 || err != nil {
				t.Error(n, err)
			}
			break
		}
		if err := <-asked; err != nil {
			t.Error(err)
		}
		c.Close()
		count := 0
		for args, err := range all {
			if count++; count <= 4 && (err != nil || args.Len() != 1) || count == 5 && !errors.Is(err, brio.ErrDisconnected) {
				t.Error(count, args.Len(), err)
			}
		}
		if count != 5 {
			t.Error(count)
		}
		for _, err := range c.Receive(t.Context(), "note") {
			if !errors.Is(err, client.ErrClosed) {
				t.Error(err)
			}
		}
	})
}

// Who gives up while the server hesitates may ask again, on the same connection.
func TestConnectAgainWhileAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newSite(t, brio.Config{})
		defer w.close()
		w.Of("/slow").Use(func(ctx context.Context, _ *brio.Socket) error {
			select {
			case <-time.After(time.Minute):
			case <-ctx.Done():
			}
			return nil
		})
		c := w.connect(w.config())
		defer c.Close()
		slow := c.Of("/slow", nil)
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if err := slow.Connect(ctx); !errors.Is(err, context.DeadlineExceeded) || slow.Active() {
				t.Error(err)
			}
			cancel()
		}
		if err := slow.Connect(t.Context()); err != nil || !c.Connected() {
			t.Error(err)
		}
		slow.Disconnect()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := slow.Connect(ctx); err == nil {
			t.Error("not slow any more")
		}
		time.Sleep(2 * time.Minute) // let in, and leaves
		count := 0
		for range w.Of("/slow").Sockets() {
			count++
		}
		if count != 0 || slow.Connected() || !c.Connected() {
			t.Error(count, "are in the namespace; connected:", slow.Connected(), c.Connected())
		}
	})
}

// What Auth does ends with the connection.
func TestAuthEndsWithConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newSite(t, brio.Config{})
		defer w.close()
		config := w.config()
		calls := 0
		config.Auth = func(ctx context.Context) (any, error) {
			calls++
			<-ctx.Done()
			return nil, ctx.Err()
		}
		c := client.New("http://site", config)
		failed := make(chan error, 1)
		go func() { failed <- c.Connect(t.Context()) }()
		synctest.Wait()
		w.cut()
		time.Sleep(time.Second)
		c.Close()
		if err := <-failed; !errors.Is(err, brio.ErrDisconnected) && !errors.Is(err, client.ErrClosed) {
			t.Error(err)
		}
		if calls != 2 {
			t.Error(calls, "calls")
		}
	})
}

// Each attempt waits longer than the one before, up to the bound.
func TestReconnectDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var delays []time.Duration
		config := client.Config{
			ReconnectAttempts: 5,
			Randomization:     -1,
			OnState: func(s client.State) {
				if s.Phase == client.Waiting {
					delays = append(delays, s.Delay)
				}
			},
		}
		config.Engine.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, io.ErrUnexpectedEOF }
		c := client.New("http://site", config)
		began := time.Now()
		if err := c.Connect(t.Context()); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Error(err)
		}
		if want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second}; !slices.Equal(delays, want) {
			t.Error(delays)
		}
		if took := time.Since(began); took != 17*time.Second {
			t.Error(took)
		}
		c.Close()
	})
}

// A server that does not answer is given up after Timeout.
func TestConnectTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		config := client.Config{NoReconnect: true, Timeout: time.Second}
		config.Engine.Transports = []string{"websocket"}
		config.Engine.Dial = func(context.Context, string, string) (net.Conn, error) { return near, nil }
		c := client.New("http://site", config)
		defer c.Close()
		if err := c.Connect(t.Context()); err == nil || !strings.Contains(err.Error(), "no answer within 1s") {
			t.Error(err)
		}
	})
}

// A handler that is slower than attempts fail hears of the newest failure, not of all.
func TestSlowConnectErrorHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := client.Config{ReconnectDelayMax: time.Second}
		var attempts atomic.Int64
		config.Engine.Dial = func(context.Context, string, string) (net.Conn, error) {
			return nil, fmt.Errorf("failure %d", attempts.Add(1))
		}
		c := client.New("http://site", config)
		told, go_ := make(chan error), make(chan struct{})
		c.OnConnectError(func(_ context.Context, err error) error {
			<-go_
			told <- err
			return nil
		})
		ended := make(chan error, 1)
		go func() { ended <- c.Connect(t.Context()) }()
		time.Sleep(time.Minute)
		close(go_)
		if err := <-told; !strings.Contains(err.Error(), "failure 1") {
			t.Error(err)
		}
		if err := <-told; strings.Contains(err.Error(), "failure 2:") || attempts.Load() < 20 {
			t.Error(err, attempts.Load())
		}
		go func() {
			for range told {
			}
		}()
		c.Close()
		close(told)
		if err := <-ended; !errors.Is(err, brio.ErrDisconnected) {
			t.Error(err)
		}
	})
}
