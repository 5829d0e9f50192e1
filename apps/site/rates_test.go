package site

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

// What comes too often is refused in words, for the one who is hasty alone.
func TestAdmitLimits(t *testing.T) {
	const say brio.Call[string, string] = "say"
	for _, unlimited := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := open(t, Config{Unlimited: unlimited})
			ns := s.Server.Of("/app")
			s.Admit(ns, Rates{string(say): 2})
			say.Handle(ns, func(_ context.Context, _ *brio.Socket, text string) (string, error) { return text, nil })
			net := briotest.Serve(t, s.Server)
			hasty, calm := net.Connect(t, "/app", client.Config{}), net.Connect(t, "/app", client.Config{})
			for range 6 {
				briotest.Do(t, hasty, say, "x")
			}
			_, err := say.Do(t.Context(), hasty, "x")
			if refused := err != nil && strings.HasPrefix(err.Error(), "This is too often. Try again in "); refused == unlimited {
				t.Errorf("unlimited %v: the seventh at once is answered with %v", unlimited, err)
			}
			briotest.Do(t, calm, say, "x")
			time.Sleep(time.Second)
			briotest.Do(t, hasty, say, "x")
		})
	}
}
