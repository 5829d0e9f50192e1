package briotest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/briohq/brio"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

// report is a test that fails without failing the one that runs it.
type report struct {
	testing.TB
	text     strings.Builder
	cleanups []func()
}

func (r *report) Helper()                      {}
func (r *report) Cleanup(f func())             { r.cleanups = append(r.cleanups, f) }
func (r *report) Error(args ...any)            { fmt.Fprintln(&r.text, args...) }
func (r *report) Fatal(args ...any)            { r.Error(args...); runtime.Goexit() }
func (r *report) Errorf(f string, args ...any) { fmt.Fprintf(&r.text, f+"\n", args...) }
func (r *report) Fatalf(f string, args ...any) { r.Errorf(f, args...); runtime.Goexit() }

// failure returns what a test reports.
func failure(t *testing.T, test func(t *report)) string {
	t.Helper()
	r := &report{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for len(r.cleanups) > 0 {
				last := len(r.cleanups) - 1
				f := r.cleanups[last]
				r.cleanups = r.cleanups[:last]
				f()
			}
		}()
		test(r)
	}()
	<-done
	return r.text.String()
}

// Each way to fail says what is wrong, and what has happened.
func TestFailures(t *testing.T) {
	lobby := func(t testing.TB, site *briotest.Site) (ada, bob *briotest.Client) {
		ada, bob = site.Connect(t, "/chat", named("Ada")), site.Connect(t, "/chat", named("Bob"))
		briotest.Do(t, ada, Join, "lobby")
		briotest.Do(t, bob, Join, "lobby")
		return ada, bob
	}
	for _, test := range []struct {
		name string
		test func(t *report, site *briotest.Site)
		want []string
	}{
		{"nothing", func(t *report, site *briotest.Site) { lobby(t, site) }, nil},
		{"Connect", func(t *report, site *briotest.Site) { site.Connect(t, "/chat", client.Config{}) },
			[]string{"namespace /chat refused: a name is required"}},
		{"Refused", func(t *report, site *briotest.Site) { site.Refused(t, "/chat", named("Ada")) },
			[]string{"namespace /chat refuses nobody: the client was let in"}},
		{"Refused, parted", func(t *report, site *briotest.Site) { site.Part(); site.Refused(t, "/chat", named("Ada")) },
			[]string{"not refused by the namespace: ", "the network is parted"}},
		{"Next", func(t *report, site *briotest.Site) {
			ada, bob := lobby(t, site)
			briotest.Send(t, ada, Say, "hello")
			briotest.Next(t, bob, Said)
			briotest.Send(t, ada, Say, "again")
			briotest.Next(t, bob, brio.Event[string]("other"))
		}, []string{`no event "other" came within 10s`, "\n\tsaid({\"from\":\"Ada\",\"text\":\"hello\"}) (taken)\n", "\n\tsaid({\"from\":\"Ada\",\"text\":\"again\"})\n"}},
		{"Next, nothing", func(t *report, site *briotest.Site) { ada, _ := lobby(t, site); ada.NextEvent(t) },
			[]string{"no event came within 10s", "nothing has happened to the client in /chat"}},
		{"Next, type", func(t *report, site *briotest.Site) {
			ada, bob := lobby(t, site)
			briotest.Send(t, ada, Say, "hello")
			briotest.Next(t, bob, brio.Event[int](Said))
		}, []string{"said({\"from\":\"Ada\",\"text\":\"hello\"}) has an argument that is no int"}},
		{"Next, gone", func(t *report, site *briotest.Site) {
			ada, _ := lobby(t, site)
			ada.Disconnect()
			briotest.Next(t, ada, Said)
		}, []string{`no event "said" will come, for the client is disconnected`, "disconnected: io client disconnect"}},
		{"None", func(t *report, site *briotest.Site) {
			ada, bob := lobby(t, site)
			_ = Say.Emit(ada, "hello")
			briotest.None(t, bob, Said)
		}, []string{"nothing was to come to the client in /chat, but there is\n\tsaid("}},
		{"Do", func(t *report, site *briotest.Site) {
			ada, _ := lobby(t, site)
			briotest.Do(t, ada, brio.Call[int, int](Join), 7)
		}, []string{"join(7): "}},
		{"Send", func(t *report, site *briotest.Site) {
			ada, _ := lobby(t, site)
			briotest.Send(t, ada, brio.Event[int]("unknown"), 7)
		}, []string{"unknown(7): ", "no acknowledgement within 10s"}},
		{"Returned", func(t *report, site *briotest.Site) {
			ada, _ := lobby(t, site)
			site.Part()
			ada.Returned(t)
		}, []string{"does not come back: ", "the network is parted", "disconnected: transport "}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := failure(t, func(r *report) { test.test(r, briotest.Serve(r, newChat())) })
				if len(test.want) == 0 && got != "" {
					t.Error(got)
				}
				for _, want := range test.want {
					if !strings.Contains(got, want) {
						t.Errorf("reported %q, want %q", got, want)
					}
				}
			})
		})
	}
}

// A goroutine that a handler leaves behind fails the test of its site, and of no other.
func TestLeak(t *testing.T) {
	leak := func(t *testing.T) {
		end, ended := make(chan struct{}), make(chan struct{})
		server := newChat()
		brio.Event[brio.None]("leak").Handle(server.Of("/chat"), func(context.Context, *brio.Socket, brio.None) error {
			go func() { defer close(ended); <-end }()
			return nil
		})
		briotest.Serve(t, newChat())
		got := failure(t, func(r *report) {
			ada := briotest.Serve(r, server).Connect(r, "/chat", named("Ada"))
			briotest.Send(r, ada, brio.Event[brio.None]("leak"), brio.None{})
		})
		close(end)
		<-ended
		if !strings.Contains(got, "goroutines of the server, or of its handlers, are left") || !strings.Contains(got, "report_test.go") {
			t.Errorf("reported %q", got)
		}
	}
	t.Run("outside", leak)
	t.Run("inside", func(t *testing.T) { synctest.Test(t, leak) })
}

// A server that can't be found has no barrier outside of a bubble.
func TestUnknownServer(t *testing.T) {
	server := newChat()
	defer func() { _ = server.Shutdown(context.Background()) }()
	got := failure(t, func(r *report) {
		hidden := http.HandlerFunc(server.ServeHTTP)
		briotest.Serve(r, hidden).Connect(r, "/chat", named("Ada")).Quiet(r)
	})
	if !strings.Contains(got, "run the test in a testing/synctest bubble") {
		t.Errorf("reported %q", got)
	}
}

// The data of a refusal is there.
func TestRefusalData(t *testing.T) {
	server := brio.NewServer(brio.Config{})
	server.Of("/").Use(func(context.Context, *brio.Socket) error {
		return &brio.Error{Message: "no", Data: map[string]int{"code": 7}}
	})
	err := briotest.Serve(t, server).Refused(t, "", client.Config{})
	if data, ok := err.Data.(json.RawMessage); err.Message != "no" || !ok || string(data) != `{"code":7}` {
		t.Errorf("%#v", err)
	}
}
