package brio_test

import (
	"context"
	"strings"
	"testing"

	"github.com/briohq/brio"
)

func TestPanicsAreIsolated(t *testing.T) {
	var diary journal
	w := newSite(t, brio.Config{Logger: diary.logger()})
	ns := w.Of("/")
	gone := make(chan struct{})
	ns.Use(func(_ context.Context, s *brio.Socket) error {
		if s.Handshake().Auth != nil {
			panic("use")
		}
		return nil
	})
	ns.OnConnect(func(context.Context, *brio.Socket) error { panic("connect") })
	ns.On("boom", func(context.Context, *brio.Socket, brio.Args) error { panic("event") })
	ns.On("fine", func(_ context.Context, _ *brio.Socket, args brio.Args) error { return args.Ack("fine") })
	ns.OnDisconnect(func(context.Context, *brio.Socket, brio.Reason) error { panic("disconnect") })
	ns.OnDisconnect(func(context.Context, *brio.Socket, brio.Reason) error { close(gone); return nil })

	p := w.visit("/")
	diff(t, "answer to a panic in Use", p.auth("{}"), `{"message":"internal error"}`)
	p.auth("")
	diff(t, "answer to a panic", p.call(`"boom"`), `[{"error":{"message":"internal error"}}]`)
	p.emit(`"boom"`)
	diff(t, "answer afterwards", p.call(`"fine"`), `["fine"]`)
	other := w.connect("/", "")
	diff(t, "answer to another", other.call(`"fine"`), `["fine"]`)
	p.leave()
	take(t, gone)

	diff(t, "panics counted", w.Stats().Panics, int64(6))
	for message, values := range map[string][]string{
		"middleware panicked": {"use"},
		"connect panicked":    {"connect", "connect"},
		"event panicked":      {"event", "event"},
		"disconnect panicked": {"disconnect"},
	} {
		var got []string
		for _, e := range diary.find(message) {
			got = append(got, e.Attr["panic"].(string))
			stack, _ := e.Attr["stack"].(string)
			if !strings.Contains(stack, "panic_test.go") || e.Attr["namespace"] != "/" || e.Attr["socket"] == "" {
				t.Errorf("%s: %v", message, e.Attr)
			}
		}
		diff(t, message, got, values)
	}
}

// What an error brings along is encoded by code of the application too.
func TestErrorsThatPanic(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	ns.Use(func(_ context.Context, s *brio.Socket) error {
		if s.Handshake().Auth != nil {
			return &brio.Error{Message: "no", Data: broken{}}
		}
		return nil
	})
	ns.On("fail", func(context.Context, *brio.Socket, brio.Args) error {
		return &brio.Error{Message: "no", Data: broken{}}
	})
	p := w.visit("/")
	diff(t, "refusal", p.auth("{}"), `{"message":"internal error"}`)
	p.auth("")
	diff(t, "answer", p.call(`"fail"`), `[{"error":{"message":"internal error"}}]`)
	diff(t, "panics counted", w.Stats().Panics, int64(2))
}

func TestErrorsOfHandlersAreLogged(t *testing.T) {
	var diary journal
	w := newSite(t, brio.Config{Logger: diary.logger()})
	ns := w.Of("/logged")
	ns.OnConnect(func(context.Context, *brio.Socket) error { return errTest })
	ns.On("fail", func(context.Context, *brio.Socket, brio.Args) error { return errTest })
	ns.On("refuse", func(context.Context, *brio.Socket, brio.Args) error { return brio.Errorf("for the client") })
	ns.OnDisconnect(func(context.Context, *brio.Socket, brio.Reason) error { return errTest })
	p := w.connect("/logged", "")
	p.emit(`"fail"`)
	p.call(`"refuse"`)
	p.leave()
	for message, event := range map[string]any{
		"connect failed": nil, "event failed": "fail", "disconnect failed": nil,
	} {
		eventually(t, message, func() bool { return len(diary.find(message)) == 1 })
		e := diary.find(message)[0]
		if !e.fails(errTest) || e.Attr["socket"] != p.id || e.Attr["namespace"] != "/logged" || e.Attr["event"] != event {
			t.Errorf("%s: %v", message, e.Attr)
		}
	}
	diff(t, "panics counted", w.Stats().Panics, int64(0))
}
