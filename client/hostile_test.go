package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
)

// A server that sends what is no packet is left, and connected to again.
func TestMalformedPacket(t *testing.T) {
	for _, bad := range []string{"49", "42", `42["connect"]`, `42{"a":1}`, "451-[", "4451-0[]", `40{"sid":`, `42["x"`, "x", ""} {
		t.Run(bad, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t, func(f *line) {
					f.hear("40")
					f.say(`40{"sid":"a"}`)
					if f.n == 0 {
						f.say(bad)
					}
					f.hear("never")
				})
				defer f.ended.Wait()
				c := client.New("http://fake", f.config())
				defer c.Close()
				reasons := make(chan brio.Reason, 9)
				c.OnDisconnect(func(_ context.Context, r brio.Reason) error { reasons <- r; return nil })
				if err := c.Connect(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := <-reasons; got != brio.ParseError {
					t.Error(got)
				}
				time.Sleep(time.Second)
				if !c.Connected() {
					t.Error("has not come back")
				}
			})
		})
	}
}

// What is out of place is ignored.
func TestPacketsOutOfPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, func(f *line) {
			f.hear("40")
			f.say("41", `43[1]`, `430["x"]`, `4399999["x"]`, `40/x,{"sid":"b"}`, `44/x,"no"`)
			f.say(`42["before","CONNECT"]`, `40{"sid":"a"}`, `40{"sid":"b"}`, `44"no"`, `42/other,["x"]`, `430["x"]`, `42["last"]`)
			f.hear("never")
		})
		defer f.ended.Wait()
		c := client.New("http://fake", f.config())
		defer c.Close()
		var events []string
		c.OnAny(func(_ context.Context, event string, _ brio.Args) error { events = append(events, event); return nil })
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got := strings.Join(events, " "); got != "before last" || c.ID() != "a" {
			t.Error(got, c.ID())
		}
	})
}

// A server of Socket.IO 2 greets without an id.
func TestOldServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, func(f *line) { f.hear("40"); f.say("40"); f.hear("never") })
		defer f.ended.Wait()
		c := client.New("http://fake", f.config())
		defer c.Close()
		if err := c.Connect(t.Context()); err == nil || !strings.Contains(err.Error(), "Socket.IO 2") {
			t.Error(err)
		}
	})
}

// Events that come before the socket is let in have a bound, and a client that can't
// recover within it begins anew.
func TestTooMuchToRecover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := make(chan string, 9)
		f := newFake(t, func(f *line) {
			asked <- f.hear("40")
			if f.n == 1 {
				for range 20 {
					f.say(`42["missed","` + strings.Repeat("x", 1000) + `","offset"]`)
				}
				f.hear("never")
				return
			}
			f.say(`40{"sid":"a","pid":"p"}`, `42["x","offset"]`)
			if f.n == 0 {
				f.hear("42")
				return // and cuts
			}
			f.hear("never")
		})
		defer f.ended.Wait()
		config := f.config()
		config.MaxBacklog = 10_000
		config.Auth = map[string]string{"me": "you", "offset": "mine"}
		c := client.New("http://fake", config)
		defer c.Close()
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := c.Emit("cut"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		for i, want := range []string{`{"me":"you","offset":"mine"}`, `{"me":"you","offset":"mine","pid":"p"}`, `{"me":"you","offset":"mine"}`} {
			if got := strings.TrimPrefix(<-asked, "40"); got != want {
				t.Errorf("%d: asked with %s, want %s", i, got, want)
			}
		}
		if !c.Connected() || c.Recovered() {
			t.Error("connected:", c.Connected(), "recovered:", c.Recovered())
		}
	})
}

// What Auth is has to be an object.
func TestAuthIsAnObject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, func(f *line) { f.hear("never") })
		defer f.ended.Wait()
		for _, auth := range []any{5, "x", []int{1}, make(chan int)} {
			config := f.config()
			config.Auth = auth
			c := client.New("http://fake", config)
			if err := c.Connect(t.Context()); err == nil || !strings.Contains(err.Error(), "JSON object") {
				t.Errorf("%v: %v", auth, err)
			}
			c.Close()
		}
	})
}

// Refusals come as objects and as strings.
func TestRefusals(t *testing.T) {
	for payload, want := range map[string]brio.Error{
		`{"message":"no"}`:                  {Message: "no"},
		`{"message":"no","data":{"a":[1]}}`: {Message: "no", Data: json.RawMessage(`{"a":[1]}`)},
		`"no"`:                              {Message: "no"},
		`{}`:                                {},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t, func(f *line) { f.hear("40"); f.say("44" + payload); f.hear("never") })
			defer f.ended.Wait()
			c := client.New("http://fake", f.config())
			defer c.Close()
			got, ok := errors.AsType[*brio.Error](c.Connect(t.Context()))
			if !ok || got.Message != want.Message {
				t.Fatalf("%s: %v", payload, got)
			}
			a, _ := got.Data.(json.RawMessage)
			b, _ := want.Data.(json.RawMessage)
			if string(a) != string(b) {
				t.Errorf("%s: %s", payload, a)
			}
		})
	}
}

// Whatever the server sends, the client survives, ends and leaves nothing.
func FuzzServer(f *testing.F) {
	for _, text := range []string{
		`40{"sid":"a","pid":"p"}`, "40{\"sid\":\"a\"}\n42[\"x\",1,\"o\"]\n420[\"y\"]\n41", "44{\"message\":\"no\"}", "451-[\"x\",{\"_placeholder\":true,\"num\":0}]\n\x00\x01",
		"430[1]\n40{\"sid\":\"a\"}\n430[{\"error\":{\"message\":\"m\"}}]", "2\n1", "40/a,{\"sid\":\"b\"}",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fake := newFake(t, func(f *line) {
			f.hear("40")
			f.say(strings.Split(text, "\n")...)
		})
		config := fake.config()
		config.NoReconnect = true
		c := client.New("http://fake", config)
		c.OnAny(func(_ context.Context, _ string, args brio.Args) error {
			var v any
			_ = args.Scan(&v)
			return args.Ack(v)
		})
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		all := c.Receive(ctx, "x")
		if err := c.Connect(ctx); err == nil {
			asking, enough := context.WithCancel(ctx)
			defer enough()
			fake.ended.Go(func() { _, _ = c.Do(asking, "ask") })
			for _, err := range all {
				if errors.Is(err, context.DeadlineExceeded) {
					t.Error("has not ended")
				}
			}
			enough()
		} else if errors.Is(err, context.DeadlineExceeded) {
			t.Error("has not ended: ", err)
		}
		c.Close()
		fake.ended.Wait()
	})
}
