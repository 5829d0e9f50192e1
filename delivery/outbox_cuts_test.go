package delivery

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
)

// Clients are cut off at any moment. Each event arrives, in order, and those that come
// again are told by their ids.
func TestDeliveredThoughCutOff(t *testing.T) {
	for title, config := range map[string]brio.Config{"alone": {}, "with recovery": {Recovery: &brio.Recovery{}}} {
		t.Run(title, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { deliver(t, config) })
		})
	}
}

func deliver(t *testing.T, server brio.Config) {
	const clients, messages = 10, 200
	p := mail(t, OutboxConfig{Recipient: user, AckTimeout: time.Second, Delay: 10 * time.Millisecond, MaxAge: time.Hour, MaxTries: 1000}, server)
	var over sync.WaitGroup
	done := make(chan struct{})
	readers := make([]*reader, clients)
	cuts := make([]int, clients)
	for i := range clients {
		r := p.slowReader(t, fmt.Sprint("user ", i), 20*time.Millisecond, client.Config{ReconnectDelayMax: 20 * time.Millisecond})
		readers[i] = r
		over.Go(func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(rand.N(50 * time.Millisecond)):
				}
				drop(r.Client)
				cuts[i]++
			}
		})
	}
	for n := range messages {
		for i := range clients {
			p.send(t, fmt.Sprint("user ", i), n)
		}
		time.Sleep(rand.N(40 * time.Millisecond))
	}
	for p.outbox.Stats().Messages > 0 {
		time.Sleep(time.Second)
	}
	close(done)
	over.Wait()

	twice, all := 0, 0
	for i, r := range readers {
		for n, got := range r.seen() {
			if got != n {
				t.Fatalf("user %d: %d has come where %d was to", i, got, n)
			}
		}
		if n := len(r.seen()); n != messages {
			t.Errorf("user %d has got %d of %d", i, n, messages)
		}
		twice += r.twice
		all += cuts[i]
	}
	t.Logf("%d cuts, %d events, %d of them came again", all, clients*messages, twice)
	if stats := p.outbox.Stats(); stats != (OutboxStats{Delivered: clients * messages}) || all < 1000 || twice == 0 {
		t.Errorf("%+v, %d cuts, %d twice", stats, all, twice)
	}
}
