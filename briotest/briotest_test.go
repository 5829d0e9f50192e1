package briotest_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
	"github.com/briohq/brio/client/engineio"
)

const (
	count brio.Event[int]        = "count"
	done  brio.Event[brio.None]  = "done"
	start brio.Event[int]        = "start" // emits as many counts to its sender, and done
	ask   brio.Call[string, int] = "ask"
)

func newCounter(config brio.Config) *brio.Server {
	server := brio.NewServer(config)
	for _, ns := range []*brio.Namespace{server.Of("/"), server.Of("/org-{id}")} {
		start.Handle(ns, func(_ context.Context, s *brio.Socket, n int) error {
			for i := range n {
				if err := count.Emit(s, i); err != nil {
					return err
				}
			}
			return done.Emit(s, brio.None{})
		})
	}
	return server
}

// everywhere runs a test in a bubble and outside of one.
func everywhere(t *testing.T, test func(t *testing.T)) {
	t.Run("inside", func(t *testing.T) { synctest.Test(t, test) })
	t.Run("outside", func(t *testing.T) { t.Parallel(); test(t) })
}

// Events are taken by name, or as they came.
func TestOrder(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		c := briotest.Serve(t, newCounter(brio.Config{})).Connect(t, "/", client.Config{})
		briotest.Send(t, c, start, 3)
		briotest.Next(t, c, done)
		briotest.None(t, c, done)
		if e := c.NextEvent(t); e.String() != "count(0)" {
			t.Error(e)
		}
		for want := 1; want < 3; want++ {
			if got := briotest.Next(t, c, count); got != want {
				t.Error(got)
			}
		}
		c.Quiet(t)
		if got := fmt.Sprint(c.Events()); got != "[count(0) count(1) count(2) done()]" {
			t.Error(got)
		}
	})
}

// What was emitted before Quiet is there when it looks, through a mux and in a
// namespace that was made for the client.
func TestBarrier(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		server := newCounter(brio.Config{})
		mux := http.NewServeMux()
		mux.Handle("/socket.io/", server)
		site := briotest.Serve(t, mux)
		for _, namespace := range []string{"/", "/org-1"} {
			c := site.Connect(t, namespace, client.Config{})
			c.Drop()
			c.Returned(t) // which must not be taken for silence
			for i := range 50 {
				briotest.Send(t, c, start, 100)
				if failure(t, func(r *report) { c.Quiet(r) }) == "" {
					t.Fatal("not quiet, but nothing was reported")
				}
				if got := len(c.Events()); got != 101*(i+1) {
					t.Fatalf("%d events of %d were waited for", got, 101*(i+1))
				}
				for range 101 {
					c.NextEvent(t)
				}
				c.Quiet(t)
			}
		}
	})
}

// Who is thrown out is, and what came before can be read.
func TestDisconnected(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		server := newCounter(brio.Config{})
		c := briotest.Serve(t, server).Connect(t, "/", client.Config{})
		socket := server.Of("/").Socket(c.ID())
		_ = count.Emit(socket, 1)
		socket.Disconnect()
		if reason := c.Left(t); reason != client.ServerDisconnect {
			t.Error(reason)
		}
		if got := briotest.Next(t, c, count); got != 1 {
			t.Error(got)
		}
		c.Quiet(t)
	})
}

// A call of the server can be answered by the test.
func TestAnswer(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		server := newCounter(brio.Config{})
		c := briotest.Serve(t, server).Connect(t, "/", client.Config{})
		answers := make(chan int, 1)
		socket := server.Of("/").Socket(c.ID())
		socket.Go(func(ctx context.Context) error {
			n, err := ask.Do(ctx, socket, "how many?")
			answers <- n
			return err
		})
		e := c.NextEvent(t)
		if err := e.Args.Ack(7); err != nil || e.String() != `ask("how many?")` {
			t.Error(e, err)
		}
		if got := <-answers; got != 7 {
			t.Error(got)
		}
	})
}

// Connections are lost and come back.
func TestNetwork(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		site := briotest.Serve(t, newCounter(brio.Config{}))
		a, b := site.Connect(t, "/", client.Config{}), site.Connect(t, "/", client.Config{})
		id, other := a.ID(), b.ID()
		a.Drop()
		a.Returned(t)
		if a.ID() == id || b.ID() != other {
			t.Error("the wrong one has been disconnected")
		}
		site.Part()
		a.Left(t)
		b.Left(t)
		if _, err := site.Dial(t.Context(), "tcp", "anywhere"); err == nil {
			t.Error("the network is not parted")
		}
		site.Heal()
		if err := a.Connect(t.Context()); err != nil {
			t.Error(err)
		}
		briotest.Send(t, a, start, 0)
		briotest.Next(t, a, done)
	})
}

// Nobody is told of a silent network, but heartbeats tell.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newCounter(brio.Config{})
		reasons := make(chan brio.Reason, 1)
		server.Of("/").OnDisconnect(func(_ context.Context, _ *brio.Socket, reason brio.Reason) error {
			reasons <- reason
			return nil
		})
		site := briotest.Serve(t, server)
		c := site.Connect(t, "/", client.Config{})
		c.Silence()
		_ = start.Emit(c, 1)
		time.Sleep(40 * time.Second)
		c.Quiet(t)
		if !c.Connected() {
			t.Error("it is known already")
		}
		if reason := c.Returned(t); reason != brio.PingTimeout {
			t.Error(reason)
		}
		if reason := <-reasons; reason != brio.PingTimeout {
			t.Error("the server says", reason)
		}
		briotest.Send(t, c, start, 0)
	})
}

// A session is recovered in time, and not later.
func TestRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newCounter(brio.Config{Recovery: &brio.Recovery{MaxDisconnection: time.Minute}})
		site := briotest.Serve(t, server)
		c := site.Connect(t, "/", client.Config{})
		_ = count.Emit(server.Of("/"), 0)
		briotest.Next(t, c, count)
		for _, away := range []time.Duration{50 * time.Second, 2 * time.Minute} {
			site.Part()
			c.Left(t)
			_ = count.Emit(server.Of("/"), 1)
			time.Sleep(away)
			site.Heal()
			if err := c.Connect(t.Context()); err != nil {
				t.Fatal(err)
			}
			if away < time.Minute {
				if got := briotest.Next(t, c, count); got != 1 || !c.Recovered() {
					t.Error("got", got, "recovered", c.Recovered())
				}
			}
			c.Quiet(t)
		}
		if c.Recovered() {
			t.Error("recovered too late")
		}
	})
}

// Other clients reach the server too.
func TestDial(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		site := briotest.Serve(t, newCounter(brio.Config{}))
		transport := &http.Transport{DialContext: site.Dial}
		defer transport.CloseIdleConnections()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://any/socket.io/brio.js", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := (&http.Client{Transport: transport}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Error(answer.Status)
		}
	})
}

// The connection may begin with polling, and stay with it.
func TestPolling(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		for _, stay := range []bool{false, true} {
			site := briotest.Serve(t, newCounter(brio.Config{}))
			c := site.Connect(t, "/", client.Config{Engine: engineio.Config{Transports: []string{"polling", "websocket"}, NoUpgrade: stay}})
			if stay && c.Transport() != "polling" {
				t.Error("it is on ", c.Transport())
			}
			for range 2 {
				briotest.Send(t, c, start, 3)
				for want := range 3 {
					if got := briotest.Next(t, c, count); got != want {
						t.Error(got)
					}
				}
				briotest.Next(t, c, done)
				c.Quiet(t)
				c.Drop()
				c.Returned(t)
			}
		}
	})
}

// A client whose connection is silent when the test ends holds nothing up.
func TestSilentEnd(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		briotest.Serve(t, newCounter(brio.Config{})).Connect(t, "/", client.Config{}).Silence()
	})
}

// A test may shut the server down itself.
func TestShutdown(t *testing.T) {
	everywhere(t, func(t *testing.T) {
		server := newCounter(brio.Config{})
		c := briotest.Serve(t, server).Connect(t, "/", client.Config{NoReconnect: true})
		if err := server.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		c.Left(t)
		c.Quiet(t)
	})
}
