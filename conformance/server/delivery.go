package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/delivery"
)

// post is the namespace /delivery, whose clients are cut off: it counts how often
// each message is handled, and sends events until they are acknowledged.
type post struct {
	mu       sync.Mutex // guards what follows
	attempts int
	runs     map[string]int
}

// handleDelivery adds the namespace. Its outbox is for the caller to close.
func handleDelivery(server *brio.Server) *delivery.Outbox {
	p := &post{runs: map[string]int{}}
	ns := server.Of("/delivery")
	once := delivery.NewWindow(ns, delivery.WindowConfig{Session: user})
	outbox := delivery.NewOutbox(ns, delivery.OutboxConfig{Recipient: user, AckTimeout: time.Second, Delay: 10 * time.Millisecond})
	ns.OnAny(p.note)
	brio.Call[string, int]("count").Handle(once, p.count)
	brio.Call[brio.None, map[string]int]("counts").Handle(ns, func(context.Context, *brio.Socket, brio.None) (map[string]int, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		return map[string]int{"attempts": p.attempts, "messages": len(p.runs)}, nil
	})
	brio.Event[int]("send").Handle(once, func(_ context.Context, s *brio.Socket, n int) error {
		for i := range n {
			if err := outbox.To(user(s)).Emit("news", i); err != nil {
				return err
			}
		}
		return nil
	})
	return outbox
}

// user is who a socket says it is.
func user(s *brio.Socket) string {
	var auth struct {
		User string `json:"user"`
	}
	_ = s.Handshake().ScanAuth(&auth) // then it is nobody
	return auth.User
}

func (p *post) note(_ context.Context, _ *brio.Socket, event string, _ brio.Args) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if event == "count" {
		p.attempts++
	}
	return nil
}

// count answers how often it has been asked to count this.
func (p *post) count(_ context.Context, _ *brio.Socket, what string) (int, error) {
	<-time.After(rand.N(10 * time.Millisecond))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.runs[what]++
	return p.runs[what], nil
}
