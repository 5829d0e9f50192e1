package brio_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/briohq/brio"
)

// What package context makes of a socket's context ends with it, at once and for
// the same reason.
func TestContext(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	p := w.connect("/", "")
	ctx := ns.Socket(p.id).Context()
	if _, limited := ctx.Deadline(); limited || ctx.Err() != nil || ctx.Value(t) != nil {
		t.Error("a socket that lives: ", ctx.Err())
	}

	child, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	called := make(chan error, 1)
	context.AfterFunc(ctx, func() { called <- ctx.Err() })
	stop := context.AfterFunc(ctx, func() { t.Error("called, though stopped") })
	if !stop() || stop() {
		t.Error("stop is of use once")
	}
	given, giveUp := context.WithCancel(ctx)
	giveUp()

	p.close()
	<-child.Done()
	<-ctx.Done()
	for what, err := range map[string]error{
		"error": ctx.Err(), "cause": context.Cause(ctx), "error of a child": child.Err(), "cause of a child": context.Cause(child),
		"function": take(t, called),
	} {
		d, ok := errors.AsType[*brio.Disconnect](err)
		if !ok || d.Reason != brio.TransportClose && d.Reason != brio.TransportError {
			t.Errorf("%s: %v", what, err)
		}
		if !errors.Is(err, brio.ErrDisconnected) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v is not the end of a context", what, err)
		}
	}
	if err := given.Err(); !errors.Is(err, context.Canceled) || errors.Is(err, brio.ErrDisconnected) {
		t.Error("a child that had been cancelled: ", err)
	}

	late := make(chan struct{})
	context.AfterFunc(ctx, func() { close(late) })
	<-late
	after, cancel := context.WithCancel(ctx)
	defer cancel()
	<-after.Done()
}

// Nobody misses the end, however close to it they begin to wait.
func TestContextEndsForAll(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	for range 50 {
		p := w.connect("/", "")
		s := ns.Socket(p.id)
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() { <-s.Context().Done() })
			group.Go(func() {
				ctx, cancel := context.WithCancel(s.Context())
				defer cancel()
				<-ctx.Done()
			})
		}
		s.Close()
		group.Wait()
		p.close()
	}
}
