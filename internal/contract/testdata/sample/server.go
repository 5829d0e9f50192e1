package sample

import (
	"context"

	"github.com/briohq/brio"
	"github.com/briohq/brio/internal/contract/testdata/sample/ink"
)

type app struct {
	main  *brio.Namespace
	other brio.Target
}

// New registers the handlers.
func New(server *brio.Server) {
	a := app{main: server.Of("/")}
	org := server.Of("/org-{id}")
	a.other = org.To("room")

	Join.Handle(a.main, a.join)
	Say.Handle(a.main, say)
	Leave.Handle(a.main, func(context.Context, *brio.Socket, brio.None) error { return nil })
	Everyone.Handle(a.main, func(context.Context, *brio.Socket, brio.None) (e Everything, err error) { return e, nil })
	Upload.Handle(org, func(_ context.Context, s *brio.Socket, _ []byte) (brio.None, error) {
		return brio.None{}, Frames.Emit(s, nil)
	})
	for _, ns := range []*brio.Namespace{a.main, org} {
		Pages.Handle(ns, nil) // nobody looks into a slice, so it is in all
	}
	org.OnConnect(func(ctx context.Context, s *brio.Socket) error { return greet(ctx, s) })
	Sync.OnServer(org, nil)
	org.On("by-name", nil)
	org.On("untyped", nil)
}

func greet(ctx context.Context, s *brio.Socket) error {
	if _, err := Where.Do(ctx, s, struct{ Deep bool }{}); err != nil {
		return err
	}
	return tell(s)
}

func tell(to brio.Emitter) error {
	_ = to.Emit("hello", 1, 2)
	return Drop.Emit(to, nil)
}

func (a *app) join(ctx context.Context, s *brio.Socket, room string) ([]string, error) {
	for range Where.All(ctx, a.everyone(), struct{ Deep bool }{}) {
	}
	return nil, Said.Emit(s.To(room), Line{})
}

func (a *app) everyone() brio.Target {
	everyone := a.main.Broadcast()
	return everyone.Volatile()
}

func say(_ context.Context, s *brio.Socket, text string) error {
	_ = Said.Emit(s.Broadcast(), Line{Text: text})
	_ = Moods.Emit(s, nil)
	_ = Grow.Emit(s, nil)
	_ = Relay.Emit(s, brio.Args{})
	_ = Token.Emit(s, nil)
	return nil
}

func (a *app) draw(line *ink.Line) error { return Draw.Emit(a.other, line) }

func emit[T any](name brio.Event[T], to brio.Emitter, v T) error {
	return name.Emit(to, v)
}
