package brio_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/briohq/brio"
)

func TestMiddlewareOfASocketRunsBeforeItsHandlers(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	steps := make(chan string, 20)
	ns.OnAny(func(_ context.Context, s *brio.Socket, event string, _ brio.Args) error {
		steps <- "any " + event
		return nil
	})
	ns.OnConnect(func(_ context.Context, s *brio.Socket) error {
		if s.Handshake().Auth == nil {
			return nil
		}
		for i := range 2 {
			s.Use(func(ctx context.Context, event string, args brio.Args) error {
				if ctx != s.Context() {
					t.Error("another context")
				}
				steps <- fmt.Sprint(i, " ", event, " ", string(args.Raw(0)))
				return nil
			})
		}
		return nil
	})
	ns.On("hello", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
		steps <- "hello"
		return args.Ack()
	})
	with, without := w.connect("/", "{}"), w.connect("/", "")
	with.emit(`"unknown"`) // has no handler
	with.call(`"hello",1`)
	without.call(`"hello",2`)
	close(steps)
	var got []string
	for step := range steps {
		got = append(got, step)
	}
	diff(t, "steps", got, []string{"any unknown", "0 unknown ", "1 unknown ", "any hello", "0 hello 1", "1 hello 1", "hello", "any hello", "hello"})
}

func TestMiddlewareOfASocketStopsEvents(t *testing.T) {
	var diary journal
	w := newSite(t, brio.Config{Logger: diary.logger()})
	ns := w.Of("/")
	ns.OnConnect(func(_ context.Context, s *brio.Socket) error {
		s.Use(func(_ context.Context, event string, args brio.Args) error {
			switch event {
			case "refused":
				return brio.Errorf("not now")
			case "failed":
				return errTest
			case "broken":
				panic(event)
			case "answered":
				return args.Ack("by middleware")
			}
			return nil
		})
		s.Use(func(_ context.Context, event string, _ brio.Args) error {
			if event == "refused" {
				t.Error("the second runs though the first has refused")
			}
			return nil
		})
		return nil
	})
	for _, event := range []string{"refused", "failed", "broken"} {
		ns.On(event, func(context.Context, *brio.Socket, brio.Args) error {
			t.Error("handled: ", event)
			return nil
		})
	}
	ns.On("answered", func(_ context.Context, _ *brio.Socket, args brio.Args) error { return args.Ack("again") })
	p := w.connect("/", "")
	for event, want := range map[string]string{
		"refused":  `[{"error":{"message":"not now"}}]`,
		"failed":   `[{"error":{"message":"internal error"}}]`,
		"broken":   `[{"error":{"message":"internal error"}}]`,
		"answered": `["by middleware"]`,
	} {
		diff(t, event, p.call(`"`+event+`"`), want)
	}
	if n := len(diary.find("event failed")); n != 1 {
		t.Errorf("%d errors logged", n)
	}
}

// Middleware may be added at any time, also by middleware.
func TestMiddlewareOfASocketIsAddedAnyTime(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	ns.On("n", func(_ context.Context, _ *brio.Socket, args brio.Args) error { return args.Ack("handled") })
	p := w.connect("/", "")
	s := ns.Socket(p.id)
	s.Use(func(context.Context, string, brio.Args) error {
		s.Use(func(context.Context, string, brio.Args) error { return brio.Errorf("full") })
		return nil
	})
	diff(t, "first answer", p.call(`"n"`), `["handled"]`)
	diff(t, "second answer", p.call(`"n"`), `[{"error":{"message":"full"}}]`)
}
