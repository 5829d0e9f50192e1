package brio_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
)

// A client that never reads, in a room that hears 10,000 messages in a second, costs at
// most what it is configured to, whatever the policy; the other members hear all. When
// it reads again, what it hears is what the policy says.
func TestRoomWithOneThatNeverReads(t *testing.T) {
	const (
		messages = 10_000
		members  = 3
		bound    = 256 << 10
	)
	room := func(w *site) brio.Target { return w.Of("/").To("room") }
	for name, c := range map[string]struct {
		policy brio.Overflow
		to     func(w *site) brio.Target
		gone   bool
		wait   int // the most bytes that wait
		late   func(t *testing.T, h numbers)
	}{
		"disconnected": {brio.OverflowDisconnect, room, true, bound, nil},
		"dropped": {brio.OverflowDrop, room, false, bound * 3 / 4, func(t *testing.T, h numbers) {
			if h.Last != h.Count-1 || h.Count < bound/1000 {
				t.Errorf("it hears %d, of which the last is %d", h.Count, h.Last)
			}
		}},
		"volatile": {brio.OverflowDisconnect, func(w *site) brio.Target { return room(w).Volatile() }, false, 1000, func(t *testing.T, h numbers) {
			diff(t, "what it hears", h, numbers{1, 0}) // which was being written
		}},
		"latest": {brio.OverflowDisconnect, func(w *site) brio.Target { return room(w).Latest("n") }, false, 1000, func(t *testing.T, h numbers) {
			diff(t, "what it hears", h, numbers{2, messages - 1})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := memorySite(t, brio.Config{MaxBacklog: bound, SlowClient: c.policy})
				reasons := make(chan brio.Reason, members+1)
				w.Of("/").OnDisconnect(func(_ context.Context, _ *brio.Socket, r brio.Reason) error {
					reasons <- r
					return nil
				})
				var of [members]numbers
				var peers []*peer
				for i := range of {
					p := w.connect("/", "")
					p.group.Go(func() { of[i].from(t, p) })
					peers = append(peers, p)
				}
				slow := w.connect("/", "")
				synctest.Wait()
				for s := range w.Of("/").Sockets() {
					s.Join("room")
				}
				before, most := alive(), int64(0)
				padding := strings.Repeat("x", 100)
				for n := range messages {
					if err := c.to(w).Emit("n", n, padding); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Second / 10_000)
					most = max(most, w.Stats().Backlog)
				}
				grown := alive() - before
				t.Logf("%d bytes waited at most; the heap has grown by %d", most, grown)
				if most > int64(c.wait) || most == 0 && c.wait > 1000 {
					t.Errorf("%d bytes waited for it, %d may", most, c.wait)
				}
				if grown > 2*bound {
					t.Errorf("the heap has grown by %d bytes", grown)
				}
				if c.gone {
					diff(t, "reason", take(t, reasons), brio.SlowClient)
					diff(t, "sockets", w.Stats().Sockets, members)
				} else {
					var h numbers
					slow.group.Go(func() { h.from(t, slow) })
					synctest.Wait()
					c.late(t, h)
					count := h.Count
					_ = c.to(w).Emit("n", messages, padding)
					synctest.Wait()
					diff(t, "what it hears then", h, numbers{count + 1, messages})
					diff(t, "sockets", w.Stats().Sockets, members+1)
				}
				for _, p := range append(peers, slow) {
					_ = p.conn.Close()
					p.group.Wait()
				}
				want := numbers{messages, messages - 1}
				if !c.gone {
					want = numbers{messages + 1, messages}
				}
				for _, got := range of {
					diff(t, "what a member hears", got, want)
				}
			})
		})
	}
}

// numbers are what somebody hears, in order.
type numbers struct{ Count, Last int }

// from hears a peer until its connection ends.
func (h *numbers) from(t *testing.T, p *peer) {
	for {
		packet, err := p.tryRead()
		if err != nil {
			return
		}
		n := -1
		_, _ = fmt.Sscanf(packet, `2["n",%d,`, &n)
		if n < h.Last || h.Count == 0 && n != 0 {
			t.Errorf("packet %.20s after %d", packet, h.Last)
		}
		h.Count, h.Last = h.Count+1, n
	}
}

// alive returns the bytes of objects that are.
func alive() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)

	return int64(m.HeapAlloc)
}
