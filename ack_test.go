package brio_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/briohq/brio"
)

func TestClientAsks(t *testing.T) {
	var diary journal
	w := newSite(t, brio.Config{Logger: diary.logger()})
	ns := w.Of("/")
	brio.Call[int, string]("double").Handle(ns, func(_ context.Context, _ *brio.Socket, n int) (string, error) {
		switch n {
		case 0:
			return "", errTest
		case 1:
			return "", &brio.Error{Message: "one is no good", Data: []int{1}}
		case 2:
			return "", fmt.Errorf("wrapped: %w", brio.Errorf("%d is no good", n))
		}
		return fmt.Sprint(2 * n), nil
	})
	brio.Call[brio.None, brio.None]("done").Handle(ns, func(context.Context, *brio.Socket, brio.None) (brio.None, error) {
		return brio.None{}, nil
	})
	brio.Event[int]("note").Handle(ns, func(_ context.Context, _ *brio.Socket, n int) error {
		if n == 0 {
			return brio.Errorf("nothing to note")
		}
		return nil
	})
	ns.On("several", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
		if !args.WantsAck() || args.Ack(1, "two", nil, []int{4}) != nil || args.WantsAck() {
			t.Error("the acknowledgement is not wanted exactly once")
		}
		_ = args.Ack("again")
		return errTest // too late for the client
	})
	p := w.connect("/", "")
	tests := []struct{ name, call, want string }{
		{"the result", `"double",21`, `["42"]`},
		{"no result", `"done"`, `[]`},
		{"an event", `"note",1`, `[]`},
		{"an event that fails", `"note",0`, `[{"error":{"message":"nothing to note"}}]`},
		{"an error with data", `"double",1`, `[{"error":{"message":"one is no good","data":[1]}}]`},
		{"a wrapped error", `"double",2`, `[{"error":{"message":"2 is no good"}}]`},
		{"an error of the server's own", `"double",0`, `[{"error":{"message":"internal error"}}]`},
		{"an argument of the wrong type", `"double","x"`, `[{"error":{"message":"expected an integer","data":{"code":"invalid","path":"","rule":"type","message":"expected an integer","params":{"expected":"integer"}}}}]`},
		{"several values, once", `"several"`, `[1,"two",null,[4]]`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p.t = t
			diff(t, "acknowledgement", p.call(test.call), test.want)
		})
	}
	p.t = t
	p.emit(`"double",0`) // nobody asked
	p.emit(`"note",1`)
	diff(t, "what comes next", p.call(`"done"`), `[]`)
	if logged := diary.find("event failed"); len(logged) != 3 {
		t.Errorf("log of errors that no client is told: %v", logged)
	}
}

func TestErrorEnvelopeIsConfigured(t *testing.T) {
	w := newSite(t, brio.Config{AckError: func(e *brio.Error) any { return "failed: " + e.Message }})
	w.Of("/").On("fail", func(context.Context, *brio.Socket, brio.Args) error { return errTest })
	p := w.connect("/", "")
	diff(t, "acknowledgement", p.call(`"fail"`), `["failed: internal error"]`)
}

func TestNobodyHandlesAnEvent(t *testing.T) {
	w := newSite(t, brio.Config{})
	w.Of("/").On("known", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
		if args.WantsAck() {
			t.Error("an acknowledgement is wanted that was not asked for")
		}
		if err := args.Ack("unasked"); err != nil {
			t.Error(err)
		}
		return nil
	})
	w.Of("/").On("end", func(_ context.Context, s *brio.Socket, _ brio.Args) error { return s.Emit("end") })
	p := w.connect("/", "")
	p.ask(`"unknown"`)
	p.emit(`"known"`)
	p.emit(`"end"`)
	p.expect(`2["end"]`)
}

func TestServerAsks(t *testing.T) {
	const Add brio.Call[[2]int, int] = "add"
	w := newSite(t, brio.Config{})
	ns := w.Of("/sums")
	p := w.connect("/sums", "")
	s := ns.Socket(p.id)
	p.group.Go(func() {
		id, args := p.asked()
		diff(t, "call", args, `["add",[1,2]]`)
		p.answer("999", "0") // of nothing
		p.answer(id, "3")
		p.answer(id, "4") // too late
	})
	sum, err := Add.Do(t.Context(), s, [2]int{1, 2})
	if err != nil || sum != 3 {
		t.Fatalf("Do: %v, %v", sum, err)
	}
	p.group.Wait()

	p.answerOne(`"three"`)
	if _, err := Add.Do(t.Context(), s, [2]int{1, 2}); err == nil {
		t.Error("an answer of the wrong type is taken")
	}
	p.answerOne("")
	if sum, err := Add.Do(t.Context(), s, [2]int{1, 2}); err != nil || sum != 0 {
		t.Errorf("an answer without arguments: %v, %v", sum, err)
	}
	diff(t, "acknowledgements still awaited", s.PendingAcks(), 0)
}

func TestServerAsksInVain(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	p := w.connect("/", "")
	s := ns.Socket(p.id)

	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Millisecond, errTest)
	defer cancel()
	if _, err := s.Do(ctx, "question"); !errors.Is(err, errTest) {
		t.Errorf("Do with a deadline: %v", err)
	}
	diff(t, "acknowledgements still awaited", s.PendingAcks(), 0)
	p.answer("0", `"late"`)

	failed := make(chan error)
	go func() {
		_, err := s.Do(context.Background(), "question")
		failed <- err
	}()
	p.asked()
	p.asked()
	p.leave()
	err := take(t, failed)
	var why *brio.Disconnect
	if !errors.Is(err, brio.ErrDisconnected) || !errors.As(err, &why) || why.Reason != brio.ClientNamespaceDisconnect {
		t.Errorf("Do whose socket disconnects: %v", err)
	}
	if _, err := s.Do(t.Context(), "question"); !errors.Is(err, brio.ErrDisconnected) {
		t.Errorf("Do of a socket that has disconnected: %v", err)
	}
	if err := s.Emit("x"); !errors.Is(err, brio.ErrDisconnected) {
		t.Errorf("Emit of a socket that has disconnected: %v", err)
	}
}

func TestHandlerAsksItsOwnSocket(t *testing.T) {
	const Sure brio.Call[string, bool] = "sure?"
	w := newSite(t, brio.Config{})
	brio.Call[string, bool]("delete").Handle(w.Of("/"), func(ctx context.Context, s *brio.Socket, what string) (bool, error) {
		return Sure.Do(ctx, s, what)
	})
	p := w.connect("/", "")
	id := p.ask(`"delete","all"`)
	p.emit(`"another"`) // waits behind
	back, args := p.asked()
	diff(t, "question", args, `["sure?","all"]`)
	p.answer(back, "true")
	p.expect("3" + id + "[true]")
}

func TestAcknowledgementsCarryBinary(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	ns.On("mirror", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
		return args.Ack(args, []byte("more"))
	})
	p := w.connect("/", "")
	p.write(`51-7["mirror",{"_placeholder":true,"num":0}]`)
	p.writeBinary("\x00\x01")
	p.expect(`62-7[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`, "\x00\x01", "more")

	p.group.Go(func() {
		id, _ := p.asked()
		p.write("61-" + id + `[{"_placeholder":true,"num":0}]`)
		p.writeBinary("\x02\x03")
	})
	args, err := ns.Socket(p.id).Do(t.Context(), "photo?")
	if err != nil {
		t.Fatal(err)
	}
	var photo []byte
	if err := args.Scan(&photo); err != nil {
		t.Fatal(err)
	}
	diff(t, "photo", photo, []byte{2, 3})
}

func TestAllCollectsAnswers(t *testing.T) {
	const Vote brio.Call[string, int] = "vote"
	w := newSite(t, brio.Config{})
	ns := w.Of("/jury")
	want := map[string]int{}
	for i := range 5 {
		p := w.connect("/jury", "")
		p.answerOne(fmt.Sprint(i))
		want[p.id] = i
	}
	got := map[string]int{}
	for a, err := range Vote.All(t.Context(), ns.Broadcast(), "soup") {
		if err != nil {
			t.Fatal(err)
		}
		got[a.Socket] = a.Value
	}
	diff(t, "votes", got, want)
	for range Vote.All(t.Context(), ns.To(), "soup") {
		t.Error("nobody has answered")
	}
}

func TestAllNamesWhoDidNotAnswer(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	quick, gone, silent := w.connect("/", ""), w.connect("/", ""), w.connect("/", "")
	quick.answerOne(`"here"`)
	gone.group.Go(func() {
		gone.asked()
		gone.leave()
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	seen := 0
	for a, err := range ns.Broadcast().All(ctx, "there?") {
		var failure *brio.AckError
		named := errors.As(err, &failure) && failure.Socket == a.Socket
		switch a.Socket {
		case quick.id:
			if err != nil || string(a.Value.Raw(0)) != `"here"` {
				t.Errorf("who answers: %v", err)
			}
		case gone.id:
			if !named || !errors.Is(err, brio.ErrDisconnected) {
				t.Errorf("who disconnects: %v", err)
			}
		case silent.id:
			if !named || !errors.Is(err, errTest) {
				t.Errorf("who is silent: %v", err)
			}
		}
		if seen++; seen == 2 {
			cancel(errTest) // nobody but the silent one is left
		}
	}
	diff(t, "answers and failures", seen, 3)
}

func TestAllLeftEarlyAwaitsNothing(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	w.connect("/", "").answerOne("1")
	silent := w.connect("/", "")
	for _, err := range ns.Broadcast().All(t.Context(), "there?") {
		if err != nil {
			t.Error(err)
		}
		break
	}
	diff(t, "acknowledgements still awaited", ns.Socket(silent.id).PendingAcks(), 0)
	_ = ns.Broadcast().All(t.Context(), "nothing is sent before the range")
	if err := ns.Emit("end"); err != nil {
		t.Fatal(err)
	}
	silent.asked()
	silent.expect(`2["end"]`)
}
