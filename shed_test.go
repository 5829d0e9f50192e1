package brio_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
)

// When too much waits for all together, those go who don't read; who is slow, but
// reads, stays, and so does who reads at once.
func TestShedWhoDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const total, hogs = 1 << 20, 6
		w := memorySite(t, brio.Config{MaxBacklog: total, MaxBacklogTotal: total})
		var mu sync.Mutex
		gone := map[string]brio.Reason{}
		w.Of("/").OnDisconnect(func(_ context.Context, s *brio.Socket, r brio.Reason) error {
			mu.Lock()
			defer mu.Unlock()
			gone[s.ID()] = r
			return nil
		})
		read := func(p *peer, pause time.Duration) *int {
			n := new(int)
			p.group.Go(func() {
				for {
					if _, err := p.tryRead(); err != nil {
						return
					}
					*n++
					time.Sleep(pause)
				}
			})
			return n
		}
		honest, slow := w.connect("/", ""), w.connect("/", "")
		heard, some := read(honest, 0), read(slow, 2*time.Second)
		greedy := map[string]bool{}
		for range hogs {
			greedy[w.connect("/", "").id] = true
		}
		little, much := strings.Repeat("x", 8<<10), strings.Repeat("x", 32<<10)
		const rounds = 18
		for range rounds {
			for s := range w.Of("/").Sockets() {
				text := little
				if greedy[s.ID()] {
					text = much
				}
				_ = s.Emit("e", text)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			if n := w.Stats().Backlog; n > total+total/16 {
				t.Errorf("%d bytes wait", n)
			}
		}
		st, ready := w.Stats(), w.Ready()
		mu.Lock()
		defer mu.Unlock()
		if st.Shed == 0 || int(st.Shed) != len(gone) || st.Shed > hogs || ready != nil {
			t.Errorf("%+v; gone: %v; ready: %v", st, gone, ready)
		}
		for id, reason := range gone {
			if !greedy[id] || reason != brio.SlowClient {
				t.Errorf("%s is gone for %s", id, reason)
			}
		}
		_ = honest.conn.Close()
		_ = slow.conn.Close()
		if *heard < rounds-1 || *some < rounds/3 {
			t.Errorf("%d and %d were read", *heard, *some)
		}
	})
}

// The same over TCP, with the buffers of a kernel and a broadcast.
func TestShedOverNetwork(t *testing.T) {
	const total, hogs = 4 << 20, 12
	w := newSite(t, brio.Config{MaxBacklog: total, MaxBacklogTotal: total})
	honest := w.connect("/", "")
	for range hogs {
		w.connect("/", "")
	}
	padding := strings.Repeat("x", 64<<10)
	for n := 0; w.Stats().Sockets > 1 && n < 4000; n++ {
		_ = w.Of("/").Emit("n", n, padding)
		if args := honest.next(); len(args) < len(padding) {
			t.Fatalf("packet %.40s", args)
		}
		if n := w.Stats().Backlog; n > 2*total {
			t.Fatalf("%d bytes wait", n)
		}
	}
	if err := w.Ready(); err != nil || w.Stats().Shed < hogs/2 || w.Stats().Sockets != 1 {
		t.Errorf("ready: %v; %+v", err, w.Stats())
	}
}

// New connections are let in again when the ones that did not read have gone.
func TestBacklogRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const total = 1 << 20
		var refused []int
		w := memorySite(t, brio.Config{MaxBacklogTotal: total, Observer: &brio.Observer{Refused: func(_ *http.Request, code int, _ string) {
			refused = append(refused, code)
		}}})
		for range 4 {
			w.connect("/", "")
		}
		for s := range w.Of("/").Sockets() {
			_ = s.Emit("e", strings.Repeat("x", 300<<10))
		}
		synctest.Wait()
		if n := w.Stats().Backlog; n > total*3/4 || w.Stats().Shed != 2 {
			t.Errorf("%+v", w.Stats())
		}
		w.connect("/", "") // it was full for a moment only
		if len(refused) != 0 {
			t.Errorf("refused: %v", refused)
		}
	})
}
