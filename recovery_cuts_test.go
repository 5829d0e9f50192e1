package brio_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/briohq/brio"
)

// viewer is a client that is cut off again and again, and checks that it sees each
// stream of numbers without a gap, a repetition or a change of order.
type viewer struct {
	site    *site
	random  *rand.Rand
	session *session
	peer    *peer
	next    map[string]int // the number that must follow, of each stream
	done    map[string]bool
	stale   []*peer // connections that it has left without a word

	recovered, refused int
	lost               int // times that it lost its offset
}

// streams are what the server sends numbers on, to each viewer one way or another.
var streams = []string{"everyone", "room", "own", "some"}

const cuts = 125 // of each viewer

func TestRecoveryCutAtAnyMoment(t *testing.T) {
	const viewers = 8
	config := recovering(func(r *brio.Recovery) { r.MaxBytes = 1 << 30 })
	config.MaxBacklog = 1 << 30 // what was missed is never too much
	w := newSite(t, config)
	ns := w.Of("/")
	ns.OnConnect(func(_ context.Context, s *brio.Socket) error {
		if s.Recovered() {
			return nil // it is in its rooms
		}
		s.Join("room", "viewer")
		return s.Emit("hello") // so that it has an offset
	})
	var over atomic.Bool
	var sending, watching sync.WaitGroup
	for _, stream := range streams {
		sending.Go(func() { transmit(ns, stream, &over) })
	}
	seen := make([]*viewer, viewers)
	for i := range seen {
		v := &viewer{site: w, random: rand.New(rand.NewPCG(uint64(i), 1))}
		seen[i] = v
		v.connect() // in the test's goroutine, which may fail
	}
	for _, v := range seen {
		watching.Go(func() {
			for range cuts {
				v.watch(v.random.IntN(20))
				v.cut()
			}
		})
	}
	watching.Wait()
	over.Store(true)
	sending.Wait()
	recovered, refused, lost := 0, 0, 0
	for _, v := range seen {
		v.finish()
		recovered, refused, lost = recovered+v.recovered, refused+v.refused, lost+v.lost
	}
	t.Log(recovered, "recovered,", refused, "told that they were not")
	if refused != lost || recovered != viewers*cuts-lost {
		t.Error("lost their offset: ", lost, ", recovered: ", recovered, ", refused: ", refused)
	}
}

// transmit sends the numbers of a stream until all is over, and then that it is.
func transmit(ns *brio.Namespace, stream string, over *atomic.Bool) {
	next := map[string]int{} // of the stream "own", by socket
	tick := time.NewTicker(250 * time.Microsecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		<-tick.C
		last := over.Load()
		switch stream {
		case "everyone":
			_ = ns.Emit(stream, n, last)
		case "room":
			_ = ns.To("room").Emit(stream, n, last)
		case "some":
			_ = ns.To("nobody", "viewer", "room").Except("none").Emit(stream, n, last)
		default:
			for s := range ns.Sockets() {
				if s.Emit(stream, next[s.ID()], last) == nil {
					next[s.ID()]++
				}
			}
		}
		if last {
			return
		}
		_ = ns.Broadcast().Volatile().Emit("noise", "not an offset")
	}
}

// connect comes for the first time, or comes back.
func (v *viewer) connect() {
	before := v.session
	var after *session
	if before == nil {
		v.peer, after = v.site.begin("/")
	} else {
		v.peer, after = v.site.comeBack("/", before)
	}
	switch {
	case before == nil:
	case after.Secret == before.Secret:
		v.recovered++
		after.offset = before.offset
		v.session = after
		return
	default:
		v.refused++
	}
	v.session, v.next, v.done = after, map[string]int{}, map[string]bool{}
}

// watch reads some events.
func (v *viewer) watch(events int) {
	for range events {
		v.see(v.session.take(v.peer.next()))
	}
}

func (v *viewer) see(event string) {
	var args []any
	if err := json.Unmarshal([]byte(event), &args); err != nil {
		v.site.t.Fatal("event: ", event)
	}
	stream := args[0].(string)
	if stream == "noise" || stream == "hello" {
		return
	}
	n := int(args[1].(float64))
	want, began := v.next[stream]
	if began && n != want {
		v.site.t.Fatal(fmt.Sprintf("stream %s: got %d, want %d, as socket %s", stream, n, want, v.session.ID))
	}
	v.next[stream] = n + 1
	v.done[stream] = args[2].(bool)
}

// cut ends the connection in one of the ways in which connections end, and comes
// back.
func (v *viewer) cut() {
	switch v.random.IntN(6) {
	case 0: // it goes silent; the server does not know that it has gone
		v.stale = append(v.stale, v.peer)
	case 1: // it does not hear that it is let in again
		v.peer.close()
		p := v.site.visit("/")
		p.write(`0{"pid":"` + v.session.Secret + `","offset":"` + v.session.offset + `"}`)
		if v.random.IntN(2) == 0 {
			v.stale = append(v.stale, p)
		} else {
			p.close()
		}
	case 2: // it hears that, and not all that follows
		v.peer.close()
		v.connect()
		v.recovered-- // counted once for each cut
		v.watch(v.random.IntN(5))
		v.peer.close()
	case 3: // it has lost its offset
		if v.random.IntN(4) == 0 {
			v.session.offset = strings.Repeat("x", 9)
			v.lost++
		}
		v.peer.close()
	default:
		v.peer.close()
	}
	v.connect()
}

// finish sees everything to its end.
func (v *viewer) finish() {
	for !v.over() {
		v.watch(1)
	}
	for _, p := range v.stale {
		p.close()
	}
}

func (v *viewer) over() bool {
	for _, stream := range streams {
		if !v.done[stream] {
			return false
		}
	}
	return true
}
