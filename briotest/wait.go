package briotest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
)

// Do sends a call and returns its answer. The test fails at once if the handler
// returns an error, or doesn't answer within [Patience].
func Do[Req, Res any](t testing.TB, to brio.Caller, call brio.Call[Req, Res], req Req) Res {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), Patience, errSilent)
	defer cancel()
	res, err := call.Do(ctx, to, req)
	if err != nil {
		t.Fatalf("briotest: %s(%v): %v", call, req, err)
	}
	return res
}

var errSilent = fmt.Errorf("no acknowledgement within %v", Patience)

// Send sends an event and returns when its handler has returned, for it asks for an
// acknowledgement, which [brio.Event.Handle] gives. The test fails at once if the
// handler returns an error, or doesn't acknowledge within [Patience]. See
// [brio.Event.Emit] for not waiting.
func Send[T any](t testing.TB, to brio.Caller, event brio.Event[T], v T) {
	t.Helper()
	Do(t, to, brio.Call[T, brio.None](event), v)
}

// Next takes the next event of that name, and waits until it comes: of those that the
// test has not taken yet, the one that came first. Events of other names are kept for
// later. The test fails at once if the event doesn't come within [Patience], if the
// client will not come back, or if the argument is no T; it lists what did come.
func Next[T any](t testing.TB, c *Client, event brio.Event[T]) T {
	t.Helper()
	e := c.await(t, fmt.Sprintf("event %q", string(event)), named(string(event))).event
	var v T
	if err := e.Args.Scan(&v); err != nil {
		t.Fatalf("briotest: %s has an argument that is no %T: %v", e, v, err)
	}
	return v
}

// NextEvent takes the next event, whatever its name, and waits until it comes: of those
// that the test has not taken yet, the one that came first. It fails as [Next] does.
func (c *Client) NextEvent(t testing.TB) Event {
	t.Helper()
	return c.await(t, "event", isEvent).event
}

// None fails the test if there is an event of that name which the test has not taken.
// It waits for those that are under way: see the package's documentation.
func None[T any](t testing.TB, c *Client, event brio.Event[T]) {
	t.Helper()
	c.none(t, named(string(event)))
}

// Quiet fails the test if there are events that the test has not taken. It waits for
// those that are under way: see the package's documentation.
func (c *Client) Quiet(t testing.TB) {
	t.Helper()
	c.none(t, isEvent)
}

func named(event string) func(*record) bool {
	return func(r *record) bool { return r.event.Name == event && isEvent(r) }
}

func isEvent(r *record) bool { return r.left == "" && r.failed == nil }

// await takes the first record that fits, once there is one.
func (c *Client) await(t testing.TB, what string, fits func(*record) bool) *record {
	t.Helper()
	late := time.NewTimer(Patience)
	defer late.Stop()
	for {
		active := c.Active()
		r, last, changed := c.take(fits)
		switch {
		case r != nil:
			return r
		case !active && last != nil && !isEvent(last):
			t.Fatalf("briotest: no %s will come, for the client is disconnected and does not come back%s", what, c.story())
		}
		select {
		case <-changed:
		case <-late.C:
			t.Fatalf("briotest: no %s came within %v%s", what, Patience, c.story())
		}
	}
}

// take takes the first record that fits. If there is none it returns the last that
// there is, and what says that there is another.
func (c *Client) take(fits func(*record) bool) (r, last *record, changed <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.records {
		if !r.taken && fits(r) {
			r.taken = true
			return r, nil, nil
		}
		last = r
	}
	return nil, last, c.changed
}

func (c *Client) none(t testing.TB, fits func(*record) bool) {
	t.Helper()
	if !bubbleWaits() {
		c.drain(t)
	}
	c.mu.Lock()
	var found []string
	for _, r := range c.records {
		if !r.taken && fits(r) {
			found = append(found, r.String())
		}
	}
	c.mu.Unlock()
	if len(found) > 0 {
		t.Errorf("briotest: nothing was to come to the client in %s, but there is\n\t%s", c.Namespace(), strings.Join(found, "\n\t"))
	}
}

// bubbleWaits waits until all of the bubble can only wait. It returns false outside of
// one.
func bubbleWaits() (inside bool) {
	defer func() {
		if v := recover(); v != nil {
			if !strings.Contains(fmt.Sprint(v), "not in a bubble") {
				panic(v)
			}
			inside = false
		}
	}()
	synctest.Wait()
	return true
}

// drain waits for what the server has emitted to the client.
func (c *Client) drain(t testing.TB) {
	t.Helper()
	if c.site.server == nil {
		t.Fatal("briotest: nobody knows that nothing more comes: run the test in a testing/synctest bubble, or have Serve serve a *brio.Server, or a *http.ServeMux with one at /socket.io/")
	}
	lost, n := c.lost(), 0
	late := time.NewTimer(Patience)
	defer late.Stop()
	for {
		out := !c.Connected()
		if n == 0 {
			n = c.site.barrier(c)
		}
		_, last, changed := c.take(func(*record) bool { return false })
		c.mu.Lock()
		arrived := n > 0 && c.barrier >= n
		c.mu.Unlock()
		out = out && last != nil && !isEvent(last) // and what came before that is there
		if arrived || out || c.lost() > lost {
			return
		}
		select {
		case <-changed:
		case <-late.C:
			t.Fatalf("briotest: what the server has emitted to the client does not come within %v%s", Patience, c.story())
		}
	}
}

// lost returns how often the client has been disconnected.
func (c *Client) lost() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, r := range c.records {
		if r.left != "" {
			n++
		}
	}
	return n
}
