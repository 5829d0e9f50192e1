package delivery

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/briotest"
)

// Clients that send again what was not acknowledged are cut off at any moment. Each
// message is handled once, and its one answer arrives.
func TestOnceThoughCutOff(t *testing.T) {
	recovering := brio.Config{Recovery: &brio.Recovery{}}
	for title, config := range map[string]struct {
		window WindowConfig
		server brio.Config
	}{
		"users":                   {WindowConfig{Session: user}, brio.Config{}},
		"users who are recovered": {WindowConfig{Session: user}, recovering},
		"sockets":                 {WindowConfig{}, recovering},
	} {
		t.Run(title, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { cutOff(t, open(t, config.window, config.server)) })
		})
	}
}

func cutOff(t *testing.T, s *shop) {
	const clients, messages = 10, 200
	attempts := 0 // guarded by s.mu
	s.ns.OnAny(func(context.Context, *brio.Socket, string, brio.Args) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		attempts++

		return nil
	})
	s.during = func(context.Context, string) error { time.Sleep(rand.N(60 * time.Millisecond)); return nil }
	cuts := 0
	var over, sending sync.WaitGroup
	done := make(chan struct{})
	answers := make([][]int, clients)
	for i := range clients {
		config := as(fmt.Sprint("user ", i))
		config.Retries, config.AckTimeout, config.ReconnectDelayMax = 1000, time.Second, 20*time.Millisecond
		c := s.Connect(t, "/", config)
		sending.Go(func() {
			for n := range messages {
				answers[i] = append(answers[i], ask(t, c, fmt.Sprintf("%d of %d", n, i), n))
			}
		})
		over.Go(func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(rand.N(100 * time.Millisecond)):
				}
				drop(c)
				s.mu.Lock()
				cuts++
				s.mu.Unlock()
			}
		})
	}
	sending.Wait()
	close(done)
	over.Wait()

	got := s.got()
	runs := map[string]int{}
	for _, what := range got {
		runs[what]++
	}
	for i, list := range answers {
		for n, answer := range list {
			if what := fmt.Sprintf("%d of %d", n, i); runs[what] != 1 || got[answer-1] != what {
				t.Errorf("message %s was handled %d times; the answer is that of %s", what, runs[what], got[answer-1])
			}
		}
	}
	stats := s.window.Stats()
	t.Logf("%d cuts, %d messages in %d attempts, %d answered again", cuts, len(got), attempts, stats.Repeated)
	if stats.Repeated == 0 || attempts <= clients*messages || cuts < 1000 {
		t.Error("nothing came again")
	}
}

// drop breaks the connection, which the ends find out at once, or late.
func drop(c *briotest.Client) {
	if rand.IntN(4) == 0 {
		c.Silence()
	} else {
		c.Drop()
	}
}
