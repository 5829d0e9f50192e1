//go:build linux

package exhaustion

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
	"github.com/briohq/brio/client/engineio"
)

const echo brio.Call[int, int] = "echo"

// descriptors is how many the server may have when they are to run out.
const descriptors = 120

// A server without file descriptors lets nobody in, says so, and serves those it has;
// when some leave, others get in.
func TestFileDescriptorsRunOut(t *testing.T) {
	for _, transport := range []string{"websocket", "polling"} {
		t.Run(transport, func(t *testing.T) {
			binary := build(t, "./server", true)
			p := serve(t, binary, nil, "--files", fmt.Sprint(descriptors), "--ping-interval=5s", "--ping-timeout=5s")
			w := p.watch(t)
			before := w.counts(t)

			var in []*client.Socket
			var refused error
			for refused == nil && len(in) < descriptors {
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				var c *client.Socket
				if c, refused = client.Dial(ctx, "http://"+p.address, with(transport)); refused == nil {
					t.Cleanup(func() { c.Close() })
					in = append(in, c)
				}
				cancel()
			}
			if refused == nil || len(in) < descriptors/4 {
				t.Fatalf("%d of %d got in: %v", len(in), descriptors, refused)
			}
			// This is what net/http says each second; brio does not see who is not let in.
			eventually(t, "the log tells what there is too little of", func() bool { return p.has("too many open files") })
			echoes(t, in)

			for _, c := range in[:len(in)/2] {
				c.Close()
			}
			var back []*client.Socket
			for range len(in) / 4 {
				back = append(back, dial(t, p.address, with(transport)))
			}
			echoes(t, append(back, in[len(in)/2:]...))

			for _, c := range append(back, in...) {
				c.Close()
			}
			settles(t, p, w, before)
			t.Logf("%d connections with %d file descriptors; then %v", len(in), descriptors, refused)
		})
	}
}

// A server that lets in fewer than it has file descriptors for tells the others to come
// back, and has descriptors left.
func TestConnectionsRunOutFirst(t *testing.T) {
	const most = descriptors / 2
	p := serve(t, build(t, "./server", true), nil, "--files", fmt.Sprint(descriptors), "--most", fmt.Sprint(most))
	w := p.watch(t)
	before := w.counts(t)
	var in []*client.Socket
	for range most {
		in = append(in, dial(t, p.address, with("websocket")))
	}
	for range most {
		if c := deaf(t, p.address); c != nil {
			t.Fatal("one more got in than may")
		}
	}
	if stats := w.counts(t).Stats; stats.Connections != most || stats.Refused != most {
		t.Errorf("%d got in and were refused each, the server counts %+v", most, stats)
	}
	in[0].Close()
	back := dial(t, p.address, with("websocket"))
	echoes(t, append(in[1:], back))
	for _, c := range append(in, back) {
		c.Close()
	}
	settles(t, p, w, before)
	if p.has("too many open files") {
		t.Error("file descriptors ran out")
	}
}

// with is how a client connects by one transport.
func with(transport string) client.Config {
	return client.Config{
		Engine:         engineio.Config{Transports: []string{transport}, NoUpgrade: true},
		ReconnectDelay: 50 * time.Millisecond, ReconnectDelayMax: 500 * time.Millisecond,
	}
}

func dial(t *testing.T, address string, config client.Config) *client.Socket {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := client.Dial(ctx, "http://"+address, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// echoes has each client served.
func echoes(t *testing.T, clients []*client.Socket) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for i, c := range clients {
		if got, err := echo.Do(ctx, c, i); err != nil || got != i {
			t.Fatalf("client %d of %d is not served: %d, %v", i, len(clients), got, err)
		}
	}
}

// What the runtime and net/http may have more than before, without it being a leak:
// goroutines that wait for work, a connection that is being closed.
const slack = 4

// settles waits until a server without clients has what it had before them.
func settles(t *testing.T, p *process, w *watch, before counts) {
	t.Helper()
	var now counts
	defer func() {
		if t.Failed() {
			t.Logf("before %+v, now %+v, log:\n%s", before, now, p.log.String())
		}
	}()
	eventually(t, "the server has what it had before its clients came", func() bool {
		now = w.counts(t)
		return now.Stats.Connections == 0 && now.Stats.Sockets == 0 &&
			now.Goroutines <= before.Goroutines+slack && now.FDs <= before.FDs+slack
	})
}
