package brio_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/briohq/brio"
)

// shout is decoded and encoded by no library but the one of this test.
type shout struct{ Text string }

// loud is the library: it writes a shout as {"loud":text}, and the rest as
// encoding/json does.
var loud = brio.JSON{
	Marshal: func(v any) ([]byte, error) {
		if s, ok := v.(shout); ok {
			v = map[string]string{"loud": s.Text}
		}
		return json.Marshal(v)
	},
	Unmarshal: func(data []byte, v any) error {
		s, ok := v.(*shout)
		if !ok {
			return json.Unmarshal(data, v)
		}
		var text struct{ Loud *string }
		if err := json.Unmarshal(data, &text); err != nil || text.Loud == nil {
			return errors.Join(err, errors.New("not loud"))
		}
		s.Text = *text.Loud
		return nil
	},
}

func TestAnotherLibraryEncodesAndDecodes(t *testing.T) {
	const (
		Shout brio.Event[shout]       = "shout"
		Echo  brio.Call[shout, shout] = "echo"
	)
	w := newSite(t, brio.Config{JSON: loud})
	ns := w.Of("/")
	outgoing := make(chan string, 10)
	ns.OnAnyOutgoing(func(_ *brio.Socket, event string, args brio.Args) {
		var s shout
		if err := args.Scan(&s); err != nil {
			t.Errorf("outgoing %s: %v", event, err)
		}
		outgoing <- event + " " + s.Text
	})
	Shout.Handle(ns, func(_ context.Context, s *brio.Socket, v shout) error {
		return errors.Join(Shout.Emit(s, v), Shout.Emit(ns, v))
	})
	Echo.Handle(ns, func(_ context.Context, _ *brio.Socket, v shout) (shout, error) { return v, nil })
	ns.On("ask", func(ctx context.Context, s *brio.Socket, args brio.Args) error {
		one, err := Echo.Do(ctx, s, shout{"one"})
		if err != nil {
			return err
		}
		for all, err := range Echo.All(ctx, ns.Broadcast(), shout{"all"}) {
			if err != nil {
				return err
			}
			one.Text += " " + all.Value.Text
		}
		return args.Ack(one)
	})

	p := w.connect("/", "")
	p.emit(`"shout",{"loud":"hey"}`)
	p.expect(`2["shout",{"loud":"hey"}]`)
	p.expect(`2["shout",{"loud":"hey"}]`)
	diff(t, "acknowledgement", p.call(`"echo",{"loud":"ho"}`), `[{"loud":"ho"}]`)
	diff(t, "refusal", p.call(`"echo",{"Text":"ho"}`), `[{"error":{"message":"invalid value","data":{"code":"invalid","path":"","rule":"format","message":"invalid value"}}}]`)

	p.write(`277["ask"]`)
	p.expect(`20["echo",{"loud":"one"}]`)
	p.write(`30[{"loud":"1"}]`)
	p.expect(`21["echo",{"loud":"all"}]`)
	p.write(`31[{"loud":"2"}]`)
	p.expect(`377[{"loud":"1 2"}]`)
	for _, want := range []string{"shout hey", "shout hey", "echo one", "echo all"} {
		diff(t, "outgoing", take(t, outgoing), want)
	}
}

func TestAnotherLibraryServesTheCluster(t *testing.T) {
	const Echo brio.Call[shout, shout] = "echo"
	c := newNodes(t, 3, brio.Config{JSON: loud})
	for _, w := range c.sites {
		Echo.OnServer(w.Of("/"), func(_ context.Context, _ *brio.Namespace, v shout) (shout, error) { return shout{v.Text + "!"}, nil })
	}
	var got []string
	for a, err := range Echo.ServerAll(t.Context(), c.sites[0].Of("/"), shout{"hey"}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, a.Value.Text)
	}
	slices.Sort(got)
	diff(t, "answers", got, []string{"hey!", "hey!"})
}

func TestWhatAnotherLibraryWritesIsChecked(t *testing.T) {
	w := newSite(t, brio.Config{JSON: brio.JSON{
		Marshal: func(any) ([]byte, error) { return []byte(`{"a":1},{"b":2}`), nil },
	}})
	if err := w.Of("/").Emit("e", struct{}{}); err == nil {
		t.Error("two values were emitted as one")
	}
	if err := w.Of("/").Emit("e", "text", 1, true, []byte("b")); err != nil {
		t.Error(err)
	}
}
