package polling_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/briohq/brio/transport/polling"
)

// A paused Conn takes a POST and holds its answer back. What lets it go is in
// the table.
func TestPauseHoldsThePost(t *testing.T) {
	for name, release := range map[string]func(*polling.Conn, context.CancelFunc){
		"Resume":              func(c *polling.Conn, _ context.CancelFunc) { c.Resume() },
		"Pause twice, Resume": func(c *polling.Conn, _ context.CancelFunc) { c.Pause(); c.Resume() },
		"Abort":               func(c *polling.Conn, _ context.CancelFunc) { c.Abort() },
		"Close":               func(c *polling.Conn, _ context.CancelFunc) { c.Close(nil) },
		"the client goes":     func(_ *polling.Conn, cancel context.CancelFunc) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &peer{packets: make(chan string, 100), closed: make(chan error, 100)}
				p.conn = polling.New(p, limit, true)
				p.conn.Pause()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				post := p.serve(httptest.NewRequest("POST", "/", strings.NewReader("4a\x1e4b")).WithContext(ctx))
				synctest.Wait()
				p.received(t, "4a", "4b")
				select {
				case got := <-post:
					t.Fatalf("answered while paused: %+v", got)
				default:
				}
				release(p.conn, cancel)
				(<-post).is(t, 200, "ok")
			})
		})
	}
}

func TestResumeWithoutPause(t *testing.T) {
	p := newPeer(t)
	p.conn.Resume()
	p.post("4a").is(t, 200, "ok")
}
