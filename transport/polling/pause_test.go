package polling_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/briohq/brio/transport"
	"github.com/briohq/brio/transport/polling"
)

// A Conn that is paused by a packet of a POST takes no more of it until it may go on,
// nor answers. What lets it go, and what then comes, is in the table.
func TestPauseHoldsThePost(t *testing.T) {
	for name, c := range map[string]struct {
		release func(*polling.Conn, context.CancelFunc)
		status  int
		then    []string
	}{
		"Resume":              {func(c *polling.Conn, _ context.CancelFunc) { c.Resume() }, 200, []string{"4b"}},
		"Pause twice, Resume": {func(c *polling.Conn, _ context.CancelFunc) { c.Pause(); c.Resume() }, 200, []string{"4b"}},
		"Abort":               {func(c *polling.Conn, _ context.CancelFunc) { c.Abort() }, 200, nil},
		"Close":               {func(c *polling.Conn, _ context.CancelFunc) { c.Close(nil) }, 200, nil},
		"the client goes":     {func(_ *polling.Conn, cancel context.CancelFunc) { cancel() }, 400, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &peer{packets: make(chan string, 100), closed: make(chan error, 100)}
				p.conn = polling.New(pausing{p, "4a"}, limit, true)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				post := p.serve(httptest.NewRequest("POST", "/", strings.NewReader("4a\x1e4b")).WithContext(ctx))
				synctest.Wait()
				p.received(t, "4a")
				select {
				case got := <-post:
					t.Fatalf("answered while paused: %+v", got)
				case more := <-p.packets:
					t.Fatalf("received %s while paused", more)
				default:
				}
				c.release(p.conn, cancel)
				if got := <-post; got.status != c.status {
					t.Errorf("answered with %d", got.status)
				}
				p.received(t, c.then...)
				if len(p.packets) > 0 {
					t.Errorf("received %s", <-p.packets)
				}
			})
		})
	}
}

// pausing is a peer that pauses with a packet.
type pausing struct {
	*peer
	with string
}

func (p pausing) Receive(c transport.Conn, packet transport.Packet) {
	if p.peer.Receive(c, packet); string(packet.Data) == p.with[1:] {
		c.Pause()
	}
}

func TestResumeWithoutPause(t *testing.T) {
	p := newPeer(t)
	p.conn.Resume()
	p.post("4a").is(t, 200, "ok")
}
