package brio_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/briohq/brio"
	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/adapter/adaptertest"
)

func TestServersHearOfEachOther(t *testing.T) {
	c := newNodes(t, 3, brio.Config{})
	heard := make(chan string, 100)
	for i, w := range c.sites {
		for _, name := range []string{"/", "/other"} {
			w.Of(name).OnServer("news", func(ctx context.Context, ns *brio.Namespace, args brio.Args) error {
				var text string
				var picture []byte
				if err := args.Scan(&text, &picture); err != nil || ctx.Err() != nil || args.WantsAck() {
					t.Errorf("%v, %v, %v", err, ctx.Err(), args.WantsAck())
				}
				heard <- fmt.Sprintf("n%d %s %s %s %t", i, ns.Name(), text, picture, ns == w.Of(name))
				return args.Ack("nobody listens")
			})
		}
	}
	if err := errors.Join(
		c.sites[0].Of("/").ServerEmit("unknown"),
		c.sites[0].Of("/").ServerEmit("news", "hello", []byte("p")),
		c.sites[1].Of("/other").ServerEmit("news", "bye", []byte("q")),
	); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for range 4 {
		got[take(t, heard)] = true
	}
	diff(t, "heard", got, map[string]bool{
		"n1 / hello p true": true, "n2 / hello p true": true, "n0 /other bye q true": true, "n2 /other bye q true": true,
	})
	ns := c.sites[0].Of("/")
	if ns.ServerEmit("bad", make(chan int)) == nil || ns.ServerEmit("disconnect") == nil {
		t.Error("sent what can't be")
	}
	if !panics(func() { ns.OnServer("news", nil) }) || !panics(func() { ns.OnServer("connect", nil) }) {
		t.Error("an event has two handlers, or a reserved one has any")
	}
}

// Events of other servers are handled in order, one at a time, and beside them
// those whose answer is awaited.
func TestServerEventsKeepTheirOrder(t *testing.T) {
	c := newNodes(t, 2, brio.Config{})
	here, there := c.sites[0].Of("/"), c.sites[1].Of("/")
	gate, done := make(chan struct{}), make(chan struct{})
	next := 0
	there.OnServer("n", func(_ context.Context, _ *brio.Namespace, args brio.Args) error {
		<-gate
		var n int
		if err := args.Scan(&n); err != nil || n != next {
			t.Errorf("got %d, want %d", n, next)
		}
		if next++; next == 100 {
			close(done)
		}
		return nil
	})
	there.OnServer("beside", func(_ context.Context, _ *brio.Namespace, args brio.Args) error { return args.Ack() })
	for i := range 100 {
		if err := here.ServerEmit("n", i); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range here.ServerAll(t.Context(), "beside") {
		if err != nil {
			t.Error(err)
		}
	}
	close(gate)
	take(t, done)
}

func TestServersAnswer(t *testing.T) {
	const Sum brio.Call[[]int, int] = "sum"
	var diary journal
	c := newNodes(t, 3, brio.Config{Logger: diary.logger()})
	for i, w := range c.sites {
		ns := w.Of("/")
		Sum.OnServer(ns, func(_ context.Context, _ *brio.Namespace, list []int) (int, error) {
			if len(list) == 0 {
				return 0, &brio.Error{Message: "nothing to add", Data: map[string]int{"node": i}}
			}
			sum := i
			for _, n := range list {
				sum += n
			}
			return sum, nil
		})
		brio.Event[string]("note").OnServer(ns, func(_ context.Context, _ *brio.Namespace, text string) error {
			switch text {
			case "fail":
				return errTest
			case "panic":
				panic(text)
			case "odd":
				return &brio.Error{Message: "odd", Data: make(chan int)}
			}
			return nil
		})
		ns.OnServer("later", func(ctx context.Context, _ *brio.Namespace, args brio.Args) error {
			if !args.WantsAck() {
				t.Error("no answer is awaited")
			}
			picture := []byte{1, 2}
			err := args.Ack("first", picture)
			picture[0] = 0
			return errors.Join(err, args.Ack("second"), errTest)
		})
	}
	ns := c.sites[0].Of("/")

	got := map[string]int{}
	for a, err := range Sum.ServerAll(t.Context(), ns, []int{10, 20}) {
		if err != nil || a.Socket != "" {
			t.Errorf("%v, %v", a, err)
		}
		got[a.Node] = a.Value
	}
	diff(t, "sums by node", got, map[string]int{"n1": 31, "n2": 32})

	failures := func(event string, args ...any) map[string]string {
		failed := map[string]string{}
		for a, err := range ns.ServerAll(t.Context(), event, args...) {
			failure, ok := errors.AsType[*brio.AckError](err)
			if !ok || failure.Node != a.Node || failure.Socket != "" {
				t.Errorf("%s: %v", event, err)
				continue
			}
			e, _ := errors.AsType[*brio.Error](err)
			failed[a.Node] = fmt.Sprintf("%s %s", e.Message, e.Data)
		}
		return failed
	}
	both := func(text string) map[string]string { return map[string]string{"n1": text, "n2": text} }
	diff(t, "errors with data", failures("sum", []int{}), map[string]string{"n1": `nothing to add {"node":1}`, "n2": `nothing to add {"node":2}`})
	diff(t, "arguments of the wrong type", failures("sum", "x"), both(`expected an array {"code":"invalid","path":"","rule":"type","message":"expected an array","params":{"expected":"array"}}`))
	diff(t, "no handler", failures("unknown"), both("no handler of unknown %!s(<nil>)"))
	diff(t, "errors of the server's own", failures("note", "fail"), both("internal error %!s(<nil>)"))
	diff(t, "panics", failures("note", "panic"), both("internal error %!s(<nil>)"))
	diff(t, "data that can't be encoded", failures("note", "odd"), both("odd %!s(<nil>)"))
	for _, err := range brio.Call[string, brio.None]("note").ServerAll(t.Context(), ns, "fine") {
		if err != nil {
			t.Error(err)
		}
	}
	for a, err := range ns.ServerAll(t.Context(), "later") {
		var text string
		var picture []byte
		if err := errors.Join(err, a.Value.Scan(&text, &picture)); err != nil {
			t.Error(err)
		}
		diff(t, "answer", text+string(picture), "first\x01\x02")
	}
	for _, err := range ns.ServerAll(t.Context(), "bad", make(chan int)) {
		if err == nil {
			t.Error("sent what can't be")
		}
	}
	if n := len(diary.find("server event panicked")); n != 2 {
		t.Errorf("%d panics logged", n)
	}
	if n := len(diary.find("server event failed")); n != 4 { // of note and of later
		t.Errorf("%d errors logged", n)
	}
	diff(t, "panics counted", c.sites[1].Stats().Panics, int64(1))
}

func TestAckErrorOfAServerSaysWhich(t *testing.T) {
	c := newNodes(t, 2, brio.Config{})
	c.each(func(w *site) { w.Of("/") })
	for _, err := range c.sites[0].Of("/").ServerAll(t.Context(), "x") {
		diff(t, "error", err.Error(), "no answer from node n1: no handler of x")
	}
}

func TestServersThatDoNotAnswerAreNamed(t *testing.T) {
	c := newNodes(t, 4, brio.Config{})
	gone := make(chan error, 1)
	for i, w := range c.sites {
		w.Of("/").OnServer("there?", func(ctx context.Context, _ *brio.Namespace, args brio.Args) error {
			if i == 2 {
				<-ctx.Done()
				gone <- context.Cause(ctx)
				return nil // without an answer
			}
			return args.Ack(i)
		})
	}
	c.bus.Kill("n3")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var missing *brio.MissingError
	answers := 0
	for _, err := range c.sites[0].Of("/").ServerAll(ctx, "there?") {
		if err == nil {
			answers++
			cancel(errTest)
		} else if !errors.As(err, &missing) {
			t.Error(err)
		}
	}
	if missing == nil || strings.Join(missing.Nodes, " ") != "n2 n3" || !errors.Is(missing, errTest) || answers != 1 {
		t.Errorf("%d answers, %v", answers, missing)
	}
	if err := take(t, gone); err == nil {
		t.Error("the handler's context has not ended")
	}
	for range c.sites[0].Of("/").ServerAll(t.Context(), "there?") {
		break // gives up the others
	}
	take(t, gone)
}

func TestServersOfChildren(t *testing.T) {
	c := newNodes(t, 2, brio.Config{})
	heard := make(chan string, 10)
	c.each(func(w *site) {
		w.Of("/org-{id}").OnServer("who", func(_ context.Context, ns *brio.Namespace, args brio.Args) error {
			heard <- ns.Name() + " " + ns.PathValue("id")
			return args.Ack(ns.Name())
		})
		w.connect("/org-1", "")
		w.connect("/org-2", "")
	})
	parent := c.sites[0].Of("/org-{id}")
	one, err := parent.Child("/org-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := one.ServerEmit("who"); err != nil {
		t.Fatal(err)
	}
	diff(t, "heard", take(t, heard), "/org-1 1")
	if err := parent.ServerEmit("who"); err != nil {
		t.Fatal(err)
	}
	both := map[string]bool{take(t, heard): true, take(t, heard): true}
	diff(t, "heard", both, map[string]bool{"/org-1 1": true, "/org-2 2": true})
	answers := map[string]bool{}
	for a, err := range brio.Call[brio.None, string]("who").ServerAll(t.Context(), parent, brio.None{}) {
		if err != nil {
			t.Error(err)
		}
		answers[a.Node+a.Value] = true
	}
	diff(t, "answers", answers, map[string]bool{"n1/org-1": true, "n1/org-2": true})
}

func TestAServerThatIsAloneReachesNobody(t *testing.T) {
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	ns.OnServer("x", func(context.Context, *brio.Namespace, brio.Args) error {
		t.Error("it has heard itself")
		return nil
	})
	if err := (brio.Event[int]("x")).ServerEmit(ns, 1); err != nil {
		t.Fatal(err)
	}
	for range ns.ServerAll(t.Context(), "x") {
		t.Error("somebody has answered")
	}
}

// Handlers that are overrun lose events, and the log says so; the server that
// sends them notices nothing.
func TestServerEventsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var diary journal
		var bus adaptertest.Bus
		here := memorySite(t, brio.Config{Adapter: bus.Node("here")})
		there := memorySite(t, brio.Config{Adapter: bus.Node("there"), MaxBacklog: 10_000, Logger: diary.logger(), LogBurst: -1})
		gate, handled := make(chan struct{}), 0
		there.Of("/").OnServer("n", func(context.Context, *brio.Namespace, brio.Args) error {
			<-gate
			handled++
			return nil
		})
		padding := strings.Repeat("x", 1000)
		for range 50 {
			if err := here.Of("/").ServerEmit("n", padding); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		close(gate)
		synctest.Wait()
		dropped := len(diary.find("event of a server dropped: too many wait"))
		if handled < 9 || handled > 11 || handled+dropped != 50 {
			t.Errorf("%d events handled, %d dropped", handled, dropped)
		}
		if err := here.Of("/").ServerEmit("n"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if handled+dropped != 51 {
			t.Error("an event is dropped for which there is room")
		}
	})
}

// Shutdown ends what handlers of other servers' events wait for, and waits for
// them, also for one that comes meanwhile.
func TestShutdownEndsServerEvents(t *testing.T) {
	for _, ask := range []bool{false, true} {
		var bus adaptertest.Bus
		here, there := brio.NewServer(brio.Config{Adapter: bus.Node("here")}), brio.NewServer(brio.Config{Adapter: bus.Node("there")})
		begun, ended := make(chan struct{}), false
		there.Of("/").OnServer("wait", func(ctx context.Context, _ *brio.Namespace, _ brio.Args) error {
			close(begun)
			<-ctx.Done()
			if !ask && !errors.Is(context.Cause(ctx), brio.ErrShutdown) {
				t.Errorf("cause: %v", context.Cause(ctx))
			}
			ended = true
			return nil
		})
		failed := make(chan error, 1)
		if ask {
			go func() {
				var failure error
				for _, err := range here.Of("/").ServerAll(t.Context(), "wait") {
					failure = err
				}
				failed <- failure
			}()
		} else if err := here.Of("/").ServerEmit("wait"); err != nil {
			t.Fatal(err)
		}
		take(t, begun)
		if err := there.Shutdown(t.Context()); err != nil || !ended {
			t.Errorf("Shutdown: %v, and the handler has ended: %v", err, ended)
		}
		if ask {
			missing, ok := errors.AsType[*adapter.MissingError](take(t, failed))
			if !ok || !errors.Is(missing, adaptertest.ErrClosed) {
				t.Errorf("who asked is told: %v", missing)
			}
		}
		if err := here.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
