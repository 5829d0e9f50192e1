package brio_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/protocol"
)

// watcher is an observer of which each function writes down what it is told.
type watcher struct {
	brio.Observer
	mu    sync.Mutex // guards lines
	lines []string
}

// watching returns a watcher that leaves out what it is not to hear of.
func watching(not ...string) *watcher {
	w := &watcher{}
	o := reflect.ValueOf(&w.Observer).Elem()
	for i := range o.NumField() {
		name := o.Type().Field(i).Name
		if slices.Contains(not, name) || name == "Handle" {
			continue
		}
		o.Field(i).Set(reflect.MakeFunc(o.Field(i).Type(), func(args []reflect.Value) []reflect.Value {
			line := name
			for _, a := range args {
				line += " " + show(a.Interface())
			}
			w.note(line)
			return nil
		}))
	}
	w.Handle = func(ctx context.Context, in brio.Incoming) (context.Context, func(error)) {
		w.note(fmt.Sprintf("Handle %s %s handled=%t ack=%t %d %v", show(in.Socket), in.Event, in.Handled, in.Ack, in.Bytes, in.Waited))
		return context.WithValue(ctx, w, in.Event), func(err error) { w.note(fmt.Sprintf("end %s: %v", in.Event, err)) }
	}
	return w
}

func show(v any) string {
	switch v := v.(type) {
	case *http.Request:
		return v.URL.Query().Get("transport")
	case *brio.Socket:
		return "socket of " + v.Namespace().Name()
	case *brio.Namespace:
		if v == nil {
			return "none"
		}
		return v.Name()
	case brio.Outgoing:
		return fmt.Sprintf("%s %s ack=%t to %d, %d bytes", v.Namespace.Name(), v.Event, v.Ack, v.Sockets, v.Bytes)
	}
	return fmt.Sprint(v)
}

func (w *watcher) note(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, line)
}

// expect fails the test if something else has been told since the last call.
func (w *watcher) expect(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	diff(t, "what was observed", w.lines, want)
	w.lines = nil
}

func TestObserver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := watching("Received", "Sent")
		w := memorySite(t, brio.Config{Observer: &o.Observer})
		ns := w.Of("/org-{id}")
		sees := func(ctx context.Context, event string) {
			if got := ctx.Value(o); got != event {
				t.Errorf("the handler of %s has the context of %v", event, got)
			}
		}
		ns.Use(func(ctx context.Context, s *brio.Socket) error {
			sees(ctx, "connect")
			if s.Namespace().Name() == "/org-2" {
				return errTest
			}
			return nil
		})
		ns.OnConnect(func(ctx context.Context, _ *brio.Socket) error { sees(ctx, "connect"); return errTest })
		ns.OnDisconnect(func(ctx context.Context, _ *brio.Socket, _ brio.Reason) error { sees(ctx, "disconnect"); return nil })
		ns.OnAny(func(ctx context.Context, _ *brio.Socket, event string, _ brio.Args) error {
			sees(ctx, event)
			return nil
		})
		ns.On("slow", func(ctx context.Context, s *brio.Socket, _ brio.Args) error {
			sees(ctx, "slow")
			time.Sleep(time.Second)
			return s.Emit("done", 1)
		})
		ns.On("fail", func(context.Context, *brio.Socket, brio.Args) error { return brio.Errorf("no") })
		ns.On("panic", func(context.Context, *brio.Socket, brio.Args) error { panic("oh") })

		p := w.connect("/org-1", `{"a":1}`)
		o.expect(t, "Opened websocket websocket", "Handle socket of /org-1 connect handled=true ack=false 7 0s",
			"Connected socket of /org-1", "end connect: "+errTest.Error())
		p.emit(`"slow",1`)
		synctest.Wait()
		p.ask(`"any"`)
		synctest.Wait()
		o.expect(t, "Handle socket of /org-1 slow handled=true ack=false 10 0s")
		p.expect(`2/org-1,["done",1]`)
		o.expect(t, "Emitted /org-1 done ack=false to 1, 10 bytes", "end slow: <nil>",
			"Handle socket of /org-1 any handled=false ack=true 7 1s", "end any: <nil>")
		p.emit(`"fail"`)
		p.expect(`2/org-1,["error",{"event":"fail","error":{"message":"no"}}]`)
		p.emit(`"panic"`)
		o.expect(t, "Handle socket of /org-1 fail handled=true ack=false 8 0s", "end fail: no",
			"Emitted /org-1 error ack=false to 1, 51 bytes", "Handle socket of /org-1 panic handled=true ack=false 9 0s", "Panicked /org-1 event oh", "end panic: handler panicked")

		p.group.Go(func() { p.answer("0", "7"); _ = p.tryReadAll(2) })
		_ = ns.Emit("all", []byte("12"))
		p.group.Wait()
		o.expect(t, "Emitted /org-1 all ack=false to 1, 39 bytes")
		child, _ := ns.Child("/org-1")
		if child.Parent() != ns || ns.Parent() != nil {
			t.Error("a child has another parent")
		}
		p.group.Go(func() { time.Sleep(time.Second); p.answer("0", "7") })
		for s := range ns.Sockets() {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			p.group.Go(func() { p.asked() })
			if _, err := s.Do(ctx, "ask"); err != nil {
				t.Error(err)
			}
			p.group.Go(func() { p.asked() })
			if _, err := s.Do(ctx, "ask"); err == nil {
				t.Error("an answer of nobody")
			}
			p.group.Go(func() { p.asked() })
			for _, err := range s.Namespace().Broadcast().All(ctx, "ask") {
				if err == nil {
					t.Error("an answer of nobody")
				}
			}
			cancel()
		}
		o.expect(t, "Emitted /org-1 ask ack=true to 1, 7 bytes", "Acknowledged socket of /org-1 ask 1s <nil>",
			"Emitted /org-1 ask ack=true to 1, 7 bytes", "Acknowledged socket of /org-1 ask 1s context deadline exceeded",
			"Emitted /org-1 ask ack=true to 1, 7 bytes", "Acknowledged socket of /org-1 ask 0s context deadline exceeded")

		p.write("0/org-2,")
		p.read()
		o.expect(t, "Handle socket of /org-2 connect handled=true ack=false 0 0s", "ConnectError /org-2 "+errTest.Error(), "end connect: "+errTest.Error())
		p.write("0/nowhere,")
		p.read()
		o.expect(t, "ConnectError none Invalid namespace")
		p.leave()
		o.expect(t, "Disconnected socket of /org-1 client namespace disconnect", "Handle socket of /org-1 disconnect handled=true ack=false 0 0s", "end disconnect: <nil>")
		p.close()
		o.expect(t, "Closed websocket transport close 3s")
	})
}

// tryReadAll reads n packets.
func (p *peer) tryReadAll(n int) (err error) {
	for range n {
		_, one := p.tryRead()
		err = errors.Join(err, one)
	}
	return err
}

func TestObserverOfRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := watching("Received", "Sent", "Opened", "Closed", "Disconnected")
		o.Handle = nil
		config := recovering()
		config.Observer = &o.Observer
		w := memorySite(t, config)
		p, session := w.begin("/")
		o.expect(t, "Connected socket of /")
		p.close()
		synctest.Wait()
		p, session = w.comeBack("/", session)
		o.expect(t, "Recovery socket of / true", "Connected socket of /")
		for s := range w.Of("/").Sockets() {
			_ = s.Emit("x")
		}
		p.read()
		o.expect(t, "Emitted / x ack=false to 1, 5 bytes")
		if w.Stats().Kept == 0 {
			t.Error("nothing is kept")
		}
		session.Secret = "another"
		w.comeBack("/", session)
		o.expect(t, "Recovery socket of / false", "Connected socket of /")
	})
}

// What is received and sent is counted in bytes of packets.
func TestObserverOfTraffic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := watching("Opened", "Closed", "Connected", "Disconnected", "Emitted")
		o.Handle = nil
		w := memorySite(t, brio.Config{Observer: &o.Observer, PingInterval: time.Minute})
		p := w.connect("/", "")
		o.expect(t, "Sent 1 107", "Received 2", fmt.Sprint("Sent 1 ", len(`40{"sid":""}`)+20))
		_ = w.Of("/").Emit("pic", []byte("1234"), "ü")
		p.read()
		p.read()
		o.expect(t, fmt.Sprint("Sent 2 ", len(`451-["pic",{"_placeholder":true,"num":0},"ü"]`)+4))
		p.write(`51-["x",{"_placeholder":true,"num":0}]`)
		p.writeBinary("123")
		o.expect(t, fmt.Sprint("Received ", len(`451-["x",{"_placeholder":true,"num":0}]`)), "Received 3")
		p.group.Go(func() { _, _ = p.tryRead() })
		time.Sleep(time.Minute)
		o.expect(t, "Sent 1 1", "Received 1")
		_ = w.Of("/").Emit("end")
		p.group.Wait()
	})
}

// faulty is an adapter that fails.
type faulty struct{ adapter.Adapter }

func (faulty) Broadcast(*protocol.Packet, adapter.Options) error { return errTest }
func (faulty) Tell(adapter.Request) error                        { return errTest }
func (faulty) Close() error                                      { return errTest }
func (faulty) Ask(context.Context, adapter.Request) iter.Seq2[adapter.Reply, error] {
	return func(yield func(adapter.Reply, error) bool) { yield(adapter.Reply{}, errTest) }
}

func TestObserverOfTheAdapter(t *testing.T) {
	o := watching()
	server := brio.NewServer(brio.Config{Observer: &o.Observer, Adapter: func(name string, _ adapter.Sockets) (adapter.Adapter, error) {
		if name == "/bad" {
			return nil, errTest
		}
		return faulty{}, nil
	}})
	ns := server.Of("/")
	_ = ns.Emit("x")
	_ = ns.Broadcast().Disconnect()
	_, _ = ns.Broadcast().Count(t.Context())
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = ns.Broadcast().Count(ended)
	if !panics(func() { server.Of("/bad") }) {
		t.Error("a namespace without an adapter")
	}
	_ = server.Shutdown(t.Context())
	want := []string{"broadcast", "disconnect", "count", "open", "close"}
	if len(o.lines) != len(want) {
		t.Fatalf("failures are %q", o.lines)
	}
	for i, what := range want {
		if !strings.HasPrefix(strings.ToLower(o.lines[i]), "adapterfailed /") || !strings.Contains(o.lines[i], what) {
			t.Errorf("failure %q, want of %s", o.lines[i], what)
		}
	}
}

// Each function of each observer is called; what ends first began last.
func TestObserversAreJoined(t *testing.T) {
	a, b := watching(), watching()
	joined := brio.JoinObservers(nil, &brio.Observer{}, &a.Observer, nil, &b.Observer, &brio.Observer{})
	o := reflect.ValueOf(joined).Elem()
	s := &brio.Socket{}
	for i := range o.NumField() {
		if o.Type().Field(i).Name == "Handle" {
			continue
		}
		var args []reflect.Value
		for k := range o.Field(i).Type().NumIn() {
			args = append(args, reflect.Zero(o.Field(i).Type().In(k)))
		}
		var told []string
		for n, w := range []*watcher{a, b} {
			field := reflect.ValueOf(&w.Observer).Elem().Field(i)
			field.Set(reflect.MakeFunc(field.Type(), func([]reflect.Value) []reflect.Value {
				told = append(told, fmt.Sprint(n))
				return nil
			}))
		}
		reflect.ValueOf(brio.JoinObservers(&a.Observer, &b.Observer)).Elem().Field(i).Call(args)
		if got := strings.Join(told, ""); got != "01" {
			t.Errorf("%s is told in the order %q", o.Type().Field(i).Name, got)
		}
	}

	var order []string
	handles := func(name string, nothing bool) *brio.Observer {
		return &brio.Observer{Handle: func(ctx context.Context, _ brio.Incoming) (context.Context, func(error)) {
			order = append(order, fmt.Sprint(name, ctx.Value("by")))
			if nothing {
				return nil, nil
			}
			return context.WithValue(ctx, "by", name), func(err error) { order = append(order, fmt.Sprint(name, err)) } //nolint:staticcheck // the test's own
		}}
	}
	ctx, end := brio.JoinObservers(handles("a", false), handles("b", true), handles("c", false)).Handle(t.Context(), brio.Incoming{Socket: s})
	end(errTest)
	diff(t, "the order", order, []string{"a<nil>", "ba", "ca", "c" + errTest.Error(), "a" + errTest.Error()})
	if ctx.Value("by") != "c" {
		t.Error("the context is not the innermost one")
	}
}

// A flood of one message is none in the log, which says so.
func TestLogIsNotFlooded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for burst, want := range map[int]int{0: 20, 3: 3, -1: 100} {
			var diary journal
			w := memorySite(t, brio.Config{Logger: slog.New(&diary), LogBurst: burst})
			w.Of("/").On("fail", func(context.Context, *brio.Socket, brio.Args) error { return errTest })
			p := w.connect("/", "")
			for range 100 {
				p.emit(`"fail"`)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			held := diary.find("repeated too often: some were held back")
			if n := len(diary.find("event failed")); n != want || burst < 0 != (len(held) == 0) {
				t.Errorf("burst %d: %d records, %v", burst, n, held)
			}
			if len(held) > 0 && held[0].Attr["held_back"] != int64(100-want) {
				t.Errorf("burst %d: held back are %v", burst, held)
			}
		}
	})
}
