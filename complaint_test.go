package brio_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/briohq/brio"
)

// newCounter returns a site with events that fail, and one that says that all before
// it have been handled.
func newCounter(t *testing.T, config brio.Config) (*site, *brio.Namespace) {
	t.Helper()
	w := newSite(t, config)
	ns := w.Of("/")
	brio.Event[int8]("count").Handle(ns, func(context.Context, *brio.Socket, int8) error { return nil })
	ns.On("error", func(context.Context, *brio.Socket, brio.Args) error { return brio.Errorf("an error about an error") })
	ns.On("secret", func(context.Context, *brio.Socket, brio.Args) error { return errTest })
	ns.On("refuse", func(context.Context, *brio.Socket, brio.Args) error { return brio.Errorf("not now") })
	ns.On("panic", func(context.Context, *brio.Socket, brio.Args) error { panic("in a handler") })
	ns.On("ignore", func(context.Context, *brio.Socket, brio.Args) error { return brio.ErrIgnore })
	ns.On("large", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
		return &brio.Error{Message: strings.Repeat("m", 5000), Data: args.Raw(0)}
	})
	ns.On("odd", func(context.Context, *brio.Socket, brio.Args) error {
		return &brio.Error{Message: "odd", Data: func() {}}
	})
	ns.On("broken", func(context.Context, *brio.Socket, brio.Args) error {
		return &brio.Error{Message: "broken", Data: broken{}}
	})
	ns.On("answered", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
		return errors.Join(args.Ack("early"), brio.Errorf("late"))
	})
	ns.On("end", func(_ context.Context, _ *brio.Socket, args brio.Args) error { return args.Ack() })
	return w, ns
}

const complaint = `2["error",{"event":"count","error":{"message":"expected an integer from -128 to 127",` +
	`"data":{"code":"invalid","path":"","rule":"range","message":"expected an integer from -128 to 127","params":{"max":127,"min":-128}}}}]`

func TestClientsAreToldOfEventsThatFail(t *testing.T) {
	w, ns := newCounter(t, brio.Config{})
	var heard []string
	ns.OnAnyOutgoing(func(_ *brio.Socket, event string, args brio.Args) {
		heard = append(heard, event+" "+string(args.Raw(0)))
	})
	p := w.connect("/", "")
	p.emit(`"count",1`)
	p.emit(`"count",128`)
	p.expect(complaint)
	p.emit(`"refuse"`)
	p.expect(`2["error",{"event":"refuse","error":{"message":"not now"}}]`)
	p.emit(`"odd"`)
	p.expect(`2["error",{"event":"odd","error":{"message":"odd"}}]`)
	p.emit(`"broken"`)
	p.expect(`2["error",{"event":"broken","error":{"message":"broken"}}]`)
	diff(t, "answer", p.call(`"end"`), "[]")
	diff(t, "outgoing events heard", len(heard), 4)
}

// What is not the client's business, or has been answered, brings no event.
func TestOthersAreNotToldOf(t *testing.T) {
	w, _ := newCounter(t, brio.Config{})
	p := w.connect("/", "")
	for _, event := range []string{"secret", "panic", "ignore", "error", "nobody handles this"} {
		p.emit(`"` + event + `"`)
	}
	diff(t, "answer", p.call(`"answered"`), `["early"]`)
	diff(t, "answer", p.call(`"end"`), "[]")

	silent, _ := newCounter(t, brio.Config{NoErrorEvents: true})
	p = silent.connect("/", "")
	p.emit(`"count",128`)
	diff(t, "answer", p.call(`"end"`), "[]")
}

// However large what failed was, and what the error says: what comes is small.
func TestWhatIsToldIsBounded(t *testing.T) {
	w, ns := newCounter(t, brio.Config{})
	ns.OnAny(func(_ context.Context, _ *brio.Socket, event string, _ brio.Args) error {
		if strings.HasPrefix(event, "x") {
			return brio.Errorf("no such event")
		}
		return nil
	})
	p := w.connect("/", "")
	var f struct {
		Event string
		Error violation
	}
	next := func() {
		t.Helper()
		packet := p.read()
		text, ok := strings.CutPrefix(packet, `2["error",`)
		if !ok || len(packet) > 8<<10 {
			t.Fatalf("%d bytes: %.200s", len(packet), packet)
		}
		if err := json.Unmarshal([]byte(strings.TrimSuffix(text, "]")), &f); err != nil {
			t.Fatal(err)
		}
	}
	p.emit(`"large","` + strings.Repeat("d", 100_000) + `"`)
	next()
	if f.Error.Message != strings.Repeat("m", 1021)+"…" {
		t.Errorf("the message has %d bytes", len(f.Error.Message))
	}
	p.emit(`"` + strings.Repeat("x", 100_000) + `"`)
	next()
	if f.Event != strings.Repeat("x", 61)+"…" || f.Error.Message != "no such event" {
		t.Errorf("%+v", f)
	}
}

// A Socket that will be recovered has no use for what it did wrong before.
func TestRecoveryKeepsNoErrors(t *testing.T) {
	w, _ := newCounter(t, brio.Config{Recovery: &brio.Recovery{}})
	p := w.connect("/", "")
	p.emit(`"count",128`)
	p.expect(complaint) // without a position
}

func TestErrorsOfOwnShape(t *testing.T) {
	w, _ := newCounter(t, brio.Config{AckError: func(e *brio.Error) any { return "own: " + e.Message }})
	p := w.connect("/", "")
	p.emit(`"refuse"`)
	p.expect(`2["error",{"event":"refuse","error":{"message":"not now"}}]`)
	diff(t, "answer", p.call(`"refuse"`), `["own: not now"]`)
}
