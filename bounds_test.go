package brio_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/gobwas/ws"

	"github.com/briohq/brio"
)

const backlog = 64 << 10

// slack is what may be over the bound: what one read brought.
const slack = 8 << 10

// flood sends n numbered events of 1 KiB, from a goroutine of its own.
func (p *peer) flood(n int, namespace string) {
	padding := strings.Repeat("x", 1000)
	p.group.Go(func() {
		for i := range n {
			p.write(fmt.Sprintf(`2%s["n",%d,"%s"]`, namespace, i, padding))
		}
	})
}

// worker registers a handler of n, which checks the order and waits for the
// gate to open, and returns how often it has run.
func worker(t *testing.T, ns *brio.Namespace, gate <-chan struct{}) *int {
	next := new(int)
	ns.On("n", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		<-gate
		if n := s.Backlog(); n > backlog+slack {
			t.Errorf("%d bytes wait for the handlers", n)
		}
		var n int
		if err := args.Scan(&n); err != nil || n != *next {
			t.Errorf("event %d: got %d, %v", *next, n, err)
		}
		*next++
		return nil
	})
	return next
}

// A client that sends more than its handlers can take is not read meanwhile; it
// loses nothing.
func TestFloodIsPaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, brio.Config{MaxBacklog: backlog})
		gate := make(chan struct{})
		handled := worker(t, w.Of("/"), gate)
		p := w.connect("/", "")
		p.flood(500, "")
		synctest.Wait() // until the client can't write
		s := w.Of("/").Socket(p.id)
		if n := s.Backlog(); n <= backlog-slack || n > backlog+slack {
			t.Errorf("%d bytes wait for the handlers", n)
		}
		close(gate)
		p.group.Wait()
		synctest.Wait()
		diff(t, "events handled", *handled, 500)
		diff(t, "bytes that wait", s.Backlog(), 0)
	})
}

// One connection carries two sockets: that one of them has caught up does not
// open the floodgate for the other.
func TestFloodOfTwoNamespacesIsPaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, brio.Config{MaxBacklog: backlog})
		one, two := w.Of("/"), w.Of("/two")
		openOne, openTwo := make(chan struct{}), make(chan struct{})
		ofOne, ofTwo := worker(t, one, openOne), worker(t, two, openTwo)
		p := w.connect("/", "")
		p.namespace = "/two,"
		p.auth("")
		quiet := func(context.Context, *brio.Socket, brio.Args) error { return nil }
		one.On("big", quiet)
		two.On("big", quiet)
		p.group.Go(func() {
			// Both come close to their bounds, and one read takes both over.
			var batch bytes.Buffer
			packet := func(format string, args ...any) {
				payload := fmt.Appendf([]byte("4"), format, args...)
				_ = ws.WriteFrame(&batch, ws.MaskFrame(ws.NewTextFrame(payload)))
			}
			packet(`2["n",0]`)
			packet(`2/two,["n",0]`)
			big := strings.Repeat("x", backlog-3000)
			packet(`2["big","%s"]`, big)
			packet(`2/two,["big","%s"]`, big)
			_, _ = batch.WriteTo(p.conn)
			for i := range 40 {
				packet(`2["n",%d]`, i+1)
				packet(`2/two,["n",%d]`, i+1)
			}
			_, _ = batch.WriteTo(p.conn)
			padding := strings.Repeat("x", 1000)
			for i := 41; i < 500; i++ {
				p.write(fmt.Sprintf(`2["n",%d,"%s"]`, i, padding))
			}
		})
		synctest.Wait()
		for _, ns := range []*brio.Namespace{one, two} {
			for s := range ns.Sockets() {
				if n := s.Backlog(); n <= backlog-slack || n > backlog+slack {
					t.Errorf("%d bytes wait for the handlers of %s", n, ns.Name())
				}
			}
		}
		close(openTwo)
		synctest.Wait()
		if n := one.Socket(p.id).Backlog(); n > backlog+slack {
			t.Errorf("%d bytes wait for the handlers of /, now that /two has caught up", n)
		}
		close(openOne)
		p.group.Wait()
		synctest.Wait()
		diff(t, "events handled", []int{*ofOne, *ofTwo}, []int{500, 41})
	})
}

// A client that does not read is disconnected; the others are not kept waiting.
func TestSlowClientIsDisconnected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := memorySite(t, brio.Config{MaxBacklog: backlog})
		ns := w.Of("/")
		gone := make(chan string, 1)
		ns.OnDisconnect(func(_ context.Context, s *brio.Socket, reason brio.Reason) error {
			gone <- s.ID() + " " + string(reason)
			return nil
		})
		slow, quick := w.connect("/", ""), w.connect("/", "")
		padding := strings.Repeat("x", 1000)
		const events = 2 * backlog / 1000
		for i := range events {
			if err := ns.Emit("n", i, padding); err != nil {
				t.Fatal(err)
			}
			quick.expect(fmt.Sprintf(`2["n",%d,"%s"]`, i, padding))
		}
		diff(t, "disconnected", take(t, gone), slow.id+" slow client")
		if len(slow.rest()) > events/2 {
			t.Error("the slow client got more than its share")
		}
	})
}
