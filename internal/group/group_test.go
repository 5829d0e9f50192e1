package group_test

import (
	"context"
	"errors"
	"testing"

	"github.com/briohq/brio/internal/group"
)

func TestWaitReturnsWhenAllHaveEnded(t *testing.T) {
	var g group.Group
	if err := g.Wait(t.Context()); err != nil {
		t.Fatalf("an empty group: %v", err)
	}
	release := make(chan struct{})
	ended := false
	g.Go(func() { g.Go(func() { <-release; ended = true }) })

	stop := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	if err := g.Wait(ctx); !errors.Is(err, stop) {
		t.Fatalf("got %v, want the cause of the context", err)
	}
	close(release)
	if err := g.Wait(t.Context()); err != nil || !ended {
		t.Fatalf("err %v, ended %v", err, ended)
	}
}
