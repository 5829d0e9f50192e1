package brio_test

import (
	"context"
	"errors"
	"testing"

	"github.com/briohq/brio"
)

func TestShutdown(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	begun, gone := make(chan struct{}), make(chan brio.Reason, 2)
	ended := false
	ns.On("work", func(ctx context.Context, _ *brio.Socket, _ brio.Args) error {
		close(begun)
		<-ctx.Done()
		ended = true // before Shutdown returns, or the race detector says so
		return nil
	})
	ns.OnDisconnect(func(_ context.Context, _ *brio.Socket, reason brio.Reason) error { gone <- reason; return nil })
	p, q := w.connect("/", ""), w.connect("/", "")
	s := ns.Socket(p.id)
	p.emit(`"work"`)
	take(t, begun)
	for _, one := range []*peer{p, q} {
		one.group.Go(func() { one.rest() })
	}
	if err := w.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !ended {
		t.Error("a handler still runs")
	}
	for range 2 {
		diff(t, "reason", take(t, gone), brio.ServerShutdown)
	}
	diff(t, "stats", w.Stats(), brio.Stats{Namespaces: 1})
	if err := s.Emit("x"); !errors.Is(err, brio.ErrDisconnected) {
		t.Errorf("Emit: %v", err)
	}
	if err := ns.Emit("to nobody"); err != nil {
		t.Errorf("Emit of the namespace: %v", err)
	}

	late := &quitter{}
	w.t = late
	func() {
		defer func() { _ = recover() }()
		w.connect("/", "")
	}()
	if !late.quit {
		t.Error("a newcomer is let in")
	}
	w.t = t
	if err := w.Shutdown(t.Context()); err != nil {
		t.Errorf("a second Shutdown: %v", err)
	}
}

// quitter notes that a peer has failed, where it should.
type quitter struct{ quit bool }

func (*quitter) Helper() {}
func (q *quitter) Fatal(...any) {
	q.quit = true
	panic("quit")
}

// A handler that does not care for its context keeps Shutdown waiting, as long
// as its own context lasts.
func TestShutdownGivesUpWithItsContext(t *testing.T) {
	w := newSite(t, brio.Config{})
	begun, release, gone := make(chan struct{}), make(chan struct{}), make(chan struct{})
	w.Of("/").On("stubborn", func(context.Context, *brio.Socket, brio.Args) error {
		close(begun)
		<-release
		return nil
	})
	w.Of("/").OnDisconnect(func(context.Context, *brio.Socket, brio.Reason) error { close(gone); return nil })
	p := w.connect("/", "")
	p.emit(`"stubborn"`)
	take(t, begun)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errTest)
	if err := w.Shutdown(ctx); !errors.Is(err, errTest) {
		t.Errorf("Shutdown: %v", err)
	}
	p.rest() // the connection has been cut off nevertheless
	close(release)
	take(t, gone)
}

func TestShutdownOfAnIdleServer(t *testing.T) {
	server := brio.NewServer(brio.Config{})
	if err := server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
}
