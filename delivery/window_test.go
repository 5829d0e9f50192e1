package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
	"github.com/briohq/brio/protocol/msgpack"
)

// order is handled once; the answer tells orders apart.
const order brio.Call[string, int] = "order"

// shop is a server whose handler counts what it is asked.
type shop struct {
	*briotest.Site
	ns     *brio.Namespace
	window *Window

	mu     sync.Mutex // guards what follows
	orders []string
	during func(ctx context.Context, what string) error // if not nil
}

// user is who a socket says it is.
func user(s *brio.Socket) string {
	var auth struct{ User string }
	_ = s.Handshake().ScanAuth(&auth)

	return auth.User
}

func open(t *testing.T, config WindowConfig, server brio.Config) *shop {
	t.Helper()
	s := brio.NewServer(server)
	shop := &shop{ns: s.Of("/"), window: NewWindow(s.Of("/"), config)}
	order.Handle(shop.window, func(ctx context.Context, _ *brio.Socket, what string) (int, error) {
		shop.mu.Lock()
		shop.orders = append(shop.orders, what)
		n, during := len(shop.orders), shop.during
		shop.mu.Unlock()
		if during != nil {
			return n, during(ctx, what)
		}

		return n, nil
	})
	shop.Site = briotest.Serve(t, s)

	return shop
}

func (s *shop) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()

	return s.orders
}

func as(name string) client.Config {
	return client.Config{Auth: map[string]string{"user": name}}
}

// ask orders, and returns the answer.
func ask(t *testing.T, c *briotest.Client, what string, id any) int {
	t.Helper()
	args, err := c.Do(t.Context(), string(order), what, id)
	var n int
	if err == nil {
		err = args.Scan(&n)
	}
	if err != nil {
		t.Error(err)
	}

	return n
}

func TestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, WindowConfig{Session: user}, brio.Config{})
		ada, again, bob := s.Connect(t, "/", as("ada")), s.Connect(t, "/", as("ada")), s.Connect(t, "/", as("bob"))
		guest, other := s.Connect(t, "/", client.Config{}), s.Connect(t, "/", client.Config{})
		for _, step := range []struct {
			title string
			c     *briotest.Client
			id    any
			want  int
		}{
			{"the first", ada, "1", 1},
			{"the same again", ada, "1", 1},
			{"the same on another connection", again, "1", 1},
			{"another", ada, "2", 2},
			{"a number is another than its text", ada, 1, 3},
			{"and is an id", again, 1, 3},
			{"one of somebody else", bob, "1", 4},
			{"whose is not theirs", ada, "1", 1},
			{"of nobody, each socket has its own", guest, "1", 5},
			{"the same", guest, "1", 5},
			{"another one's", other, "1", 6},
			{"who is called as a socket has not what that has", s.Connect(t, "/", as(guest.ID())), "1", 7},
			{"without an id", ada, "", 8},
			{"again", ada, "", 9},
			{"an id that is none", ada, []string{"1"}, 10},
			{"again", ada, []string{"1"}, 11},
		} {
			if n := ask(t, step.c, "tea", step.id); n != step.want {
				t.Errorf("%s: answered %d, want %d", step.title, n, step.want)
			}
		}
		want := WindowStats{Sessions: 5, Messages: 7, Handled: 7, Repeated: 5}
		got := s.window.Stats()
		got.Bytes = 0
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if _, err := ada.Do(t.Context(), string(order), "tea", strings.Repeat("x", MaxID)); !hasCode(err, Invalid) {
			t.Error("a long id: ", err)
		}
	})
}

// Ids are the same in MessagePack, and so are answers.
func TestOnceInMessagePack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, WindowConfig{Session: user}, brio.Config{Codec: msgpack.Codec{}})
		config := as("ada")
		config.Codec = msgpack.Codec{}
		ada := s.Connect(t, "/", config)
		for i, id := range []any{"1", "1", 7, 7, -1.5, -1.5} {
			if n := ask(t, ada, "tea", id); n != i/2+1 {
				t.Errorf("%v: answered %d", id, n)
			}
		}
	})
}

func hasCode(err error, want string) bool {
	refused, ok := errors.AsType[*brio.Error](err)
	var data Refusal
	raw, _ := refused.Data.(json.RawMessage)

	return ok && json.Unmarshal(raw, &data) == nil && data.Code == want
}

// What is handled on one connection is waited for on another.
func TestHandledMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, WindowConfig{Session: user}, brio.Config{})
		s.during = func(context.Context, string) error { time.Sleep(time.Minute); return nil }
		first, second, third := s.Connect(t, "/", as("ada")), s.Connect(t, "/", as("ada")), s.Connect(t, "/", as("ada"))
		start := time.Now()
		if err := first.Emit(string(order), "tea", "1"); err != nil { // wants no answer
			t.Fatal(err)
		}
		synctest.Wait()
		var asking sync.WaitGroup
		for _, c := range []*briotest.Client{second, third} {
			asking.Go(func() {
				if n := ask(t, c, "tea", "1"); n != 1 || time.Since(start) != time.Minute {
					t.Errorf("answered %d after %v", n, time.Since(start))
				}
			})
		}
		time.Sleep(time.Second)
		first.Drop() // the handler goes on
		asking.Wait()
		if n := ask(t, first, "tea", "1"); n != 1 || len(s.got()) != 1 {
			t.Errorf("answered %d, handled %v", n, s.got())
		}
	})
}

// A handler that fails has not handled the message: what waits is.
func TestFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, WindowConfig{Session: user}, brio.Config{})
		ada, again := s.Connect(t, "/", as("ada")), s.Connect(t, "/", as("ada"))
		for i, failure := range map[string]func(ctx context.Context, what string) error{
			"an error": func(context.Context, string) error { return brio.Errorf("sold out") },
			"a panic":  func(context.Context, string) error { panic("oh") },
			"its end":  func(ctx context.Context, _ string) error { <-ctx.Done(); return context.Cause(ctx) },
		} {
			before := len(s.got())
			s.mu.Lock()
			s.during = func(ctx context.Context, what string) error {
				if len(s.got()) > before+1 {
					return nil
				}
				time.Sleep(time.Minute)

				return failure(ctx, what)
			}
			s.mu.Unlock()
			failed := make(chan error, 1)
			go func() {
				_, err := ada.Do(context.Background(), string(order), "tea", i)
				failed <- err
			}()
			synctest.Wait()
			waits := make(chan int, 1)
			go func() { waits <- ask(t, again, "tea", i) }()
			synctest.Wait()
			if i == "its end" {
				ada.Drop()
			}
			if n, err := <-waits, <-failed; err == nil || n != before+2 {
				t.Errorf("%s: answered %d, %v", i, n, err)
			}
			if n := ask(t, again, "tea", i); n != before+2 {
				t.Errorf("%s: then answered %d", i, n)
			}
		}
		if stats := s.window.Stats(); stats.Messages != 3 || stats.Sessions != 1 {
			t.Error(stats)
		}
	})
}

// Who waits and leaves is forgotten.
func TestWaitIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, WindowConfig{Session: user}, brio.Config{})
		s.during = func(context.Context, string) error { time.Sleep(time.Hour); return brio.Errorf("sold out") }
		first, second := s.Connect(t, "/", as("ada")), s.Connect(t, "/", as("ada"))
		for _, c := range []*briotest.Client{first, second} {
			if err := c.Emit(string(order), "tea", "1"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		second.Close()
		time.Sleep(2 * time.Hour)
		if stats := s.window.Stats(); len(s.got()) != 1 || stats != (WindowStats{}) {
			t.Errorf("handled %v, %+v", s.got(), stats)
		}
	})
}

// Answers are given again as they were, whatever they are.
func TestAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := brio.NewServer(brio.Config{})
		window := NewWindow(server.Of("/"), WindowConfig{ID: Field("id"), Session: user, MaxAnswer: 100})
		runs := 0
		window.On("any", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
			runs++
			if !args.WantsAck() {
				t.Error("no answer is wanted")
			}
			var what struct {
				Answer string `json:"answer"`
			}
			if err := args.Scan(&what); err != nil {
				return err
			}
			switch what.Answer {
			case "none":
				return nil
			case "binary":
				picture := []byte{1, 2, 3}
				err := args.Ack(map[string]any{"a": brio.Binary(picture)}, runs)
				picture[0] = 9 // it is the handler's again

				return err
			case "both": // the answer counts
				_ = args.Ack("one")
				return brio.Errorf("two")
			case "long":
				return args.Ack(strings.Repeat("long", 100))
			default:
				return args.Ack(what.Answer)
			}
		})
		site := briotest.Serve(t, server)
		c := site.Connect(t, "/", as("ada"))
		do := func(answer string) (brio.Args, error) {
			return c.Do(t.Context(), "any", map[string]any{"id": answer, "answer": answer})
		}
		for _, answer := range []string{"none", "binary", "both", "text"} {
			var texts []string
			for range 3 {
				args, err := do(answer)
				if err != nil {
					t.Fatal(answer, err)
				}
				texts = append(texts, briotest.Event{Args: args}.String())
				var got struct{ A brio.Binary }
				if err := args.Scan(&got); answer == "binary" && (err != nil || string(got.A) != "\x01\x02\x03") {
					t.Error(got.A, err)
				}
			}
			if texts[0] != texts[1] || texts[0] != texts[2] {
				t.Errorf("%s: answered %q", answer, texts)
			}
		}
		if runs != 4 {
			t.Errorf("handled %d times", runs)
		}
		if args, err := do("long"); err != nil || args.Len() != 1 {
			t.Error("a long answer: ", err)
		}
		if _, err := do("long"); !hasCode(err, Handled) || runs != 5 {
			t.Error("again: ", err, runs)
		}
	})
}

func TestForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, WindowConfig{Session: user, MaxMessages: 3}, brio.Config{})
		ada, bob := s.Connect(t, "/", as("ada")), s.Connect(t, "/", as("bob"))
		ask(t, bob, "tea", "1")
		for id := range 5 {
			ask(t, ada, "tea", id)
		}
		if n := ask(t, ada, "tea", 2); n != 4 {
			t.Error("the third last is forgotten")
		}
		if n := ask(t, ada, "tea", 1); n != 7 {
			t.Error("more are remembered than were to be")
		}
		time.Sleep(9 * time.Minute)
		if n := ask(t, bob, "tea", "1"); n != 1 {
			t.Error("who sends little is forgotten")
		}
		ask(t, bob, "tea", "2")
		time.Sleep(time.Minute + time.Second)
		if n := ask(t, bob, "tea", "1"); n != 9 {
			t.Error("it is remembered for too long")
		}
		if n := ask(t, bob, "tea", "2"); n != 8 {
			t.Error("it is not remembered as long as the others")
		}
		if got := s.window.Stats(); got.Messages != 2 || got.Forgotten != 3 {
			t.Errorf("%+v", got)
		}
		time.Sleep(10*time.Minute + time.Second)
		if got := s.window.Stats(); got.Sessions != 0 || got.Bytes != 0 {
			t.Errorf("after all this time, %+v", got)
		}
	})
}
