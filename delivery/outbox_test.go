package delivery

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio"
	"github.com/briohq/brio/adapter/adaptertest"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

const news brio.Event[int] = "news"

// post is a server with an outbox, and what that gives up.
type post struct {
	*briotest.Site
	server *brio.Server
	outbox *Outbox

	mu      sync.Mutex // guards what follows
	givenUp []Undelivered
}

func mail(t *testing.T, config OutboxConfig, server brio.Config) *post {
	t.Helper()
	p := &post{server: brio.NewServer(server)}
	config.OnGivenUp = func(u Undelivered) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.givenUp = append(p.givenUp, u)
	}
	p.outbox = NewOutbox(p.server.Of("/"), config)
	p.Site = briotest.Serve(t, p.server)
	t.Cleanup(p.outbox.Close)

	return p
}

// lost returns what has been given up, and why.
func (p *post) lost() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []string
	for _, u := range p.givenUp {
		list = append(list, fmt.Sprintf("%s: %s after %d tries: %v", u.Recipient, briotest.Event{Name: u.Event, Args: u.Args}, u.Tries, u.Err))
	}

	return list
}

// reader is a client that keeps what it gets, and acknowledges it.
type reader struct {
	*briotest.Client
	pause time.Duration // before it acknowledges, at most

	mu     sync.Mutex // guards what follows
	got    []int
	last   string
	twice  int
	silent bool
}

// reader connects as a user, "" for nobody.
func (p *post) reader(t *testing.T, name string, config client.Config) *reader {
	t.Helper()

	return p.slowReader(t, name, 0, config)
}

func (p *post) slowReader(t *testing.T, name string, pause time.Duration, config client.Config) *reader {
	t.Helper()
	var ready atomic.Bool
	config.Auth = func(context.Context) (any, error) {
		if ready.Load() {
			return map[string]string{"user": name}, nil
		}
		return nil, nil
	}
	r := &reader{Client: p.Connect(t, "/", config), pause: pause}
	r.On(string(news), func(_ context.Context, args brio.Args) error {
		time.Sleep(rand.N(r.pause + 1))
		r.mu.Lock()
		defer r.mu.Unlock()
		var n int
		var id string
		if err := args.Scan(&n, &id); err != nil {
			t.Error(err)
		}
		if id == r.last {
			r.twice++
		} else {
			r.got = append(r.got, n)
		}
		r.last = id
		if r.silent {
			return nil
		}

		return args.Ack("seen", n)
	})
	ready.Store(true) // now that there is a handler
	r.Drop()
	r.Returned(t)

	return r
}

func (r *reader) seen() []int {
	r.mu.Lock()
	defer r.mu.Unlock()

	return slices.Clone(r.got)
}

func (p *post) send(t *testing.T, to string, list ...int) {
	t.Helper()
	for _, n := range list {
		if err := news.Emit(p.outbox.To(to), n); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := mail(t, OutboxConfig{Recipient: user}, brio.Config{})
		ada, nobody := p.reader(t, "ada", client.Config{}), p.reader(t, "", client.Config{})
		p.send(t, "ada", 1, 2, 3)
		p.send(t, "bob", 10, 11) // is not there
		args, err := p.outbox.To("ada").Do(t.Context(), string(news), 4)
		if got := (briotest.Event{Args: args}).String(); err != nil || got != `("seen", 4)` {
			t.Errorf("answered %s, %v", got, err)
		}
		time.Sleep(time.Minute)
		bob := p.reader(t, "bob", client.Config{})
		synctest.Wait()
		for title, diff := range map[string]string{
			"Ada":    cmp.Diff([]int{1, 2, 3, 4}, ada.seen()),
			"Bob":    cmp.Diff([]int{10, 11}, bob.seen()),
			"nobody": cmp.Diff([]int(nil), nobody.seen()),
			"counts": cmp.Diff(OutboxStats{Delivered: 6}, p.outbox.Stats()),
		} {
			if diff != "" {
				t.Errorf("%s: %s", title, diff)
			}
		}
	})
}

// Who has several connections gets it on all, and has it with the first acknowledgement.
func TestSeveralSockets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := mail(t, OutboxConfig{Recipient: user}, brio.Config{})
		one, other := p.reader(t, "ada", client.Config{}), p.reader(t, "ada", client.Config{})
		one.silent = true
		p.send(t, "ada", 1, 2)
		synctest.Wait()
		if diff := cmp.Diff([][]int{{1, 2}, {1, 2}}, [][]int{one.seen(), other.seen()}); diff != "" {
			t.Error(diff)
		}
		if stats := p.outbox.Stats(); stats != (OutboxStats{Delivered: 2}) {
			t.Errorf("%+v", stats)
		}
	})
}

// A client that does not acknowledge gets an event again, less and less often, and then
// the next one.
func TestUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := mail(t, OutboxConfig{MaxTries: 4, MaxDelay: 3 * time.Second}, brio.Config{})
		ada := p.Connect(t, "/", client.Config{})
		start := time.Now()
		var times []string
		ada.On(string(news), func(_ context.Context, args brio.Args) error {
			times = append(times, fmt.Sprintf("%s at %v", args.Raw(0), time.Since(start)))
			return nil
		})
		p.send(t, ada.ID(), 1, 2)
		if _, err := p.outbox.To(ada.ID()).Do(t.Context(), string(news), 3); !errors.Is(err, ErrUnanswered) {
			t.Error(err)
		}
		synctest.Wait()
		want := []string{"1 at 0s", "1 at 11s", "1 at 23s", "1 at 36s", "2 at 46s", "2 at 57s", "2 at 1m9s", "2 at 1m22s", "3 at 1m32s", "3 at 1m43s", "3 at 1m55s", "3 at 2m8s"}
		if diff := cmp.Diff(want, times); diff != "" {
			t.Error(diff)
		}
		gone := []string{ada.ID() + ": news(1) after 4 tries: not acknowledged", ada.ID() + ": news(2) after 4 tries: not acknowledged"}
		if diff := cmp.Diff(gone, p.lost()); diff != "" {
			t.Error(diff)
		}
		if stats := p.outbox.Stats(); stats != (OutboxStats{GivenUp: 3}) {
			t.Errorf("%+v", stats)
		}
	})
}

// Who comes back while a connection that is dead is waited for gets the event at once.
func TestComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := mail(t, OutboxConfig{Recipient: user}, brio.Config{})
		dead := p.reader(t, "ada", client.Config{})
		dead.Silence()
		p.send(t, "ada", 1, 2)
		time.Sleep(time.Second)
		start := time.Now()
		ada := p.reader(t, "ada", client.Config{})
		synctest.Wait()
		if diff := cmp.Diff([]int{1, 2}, ada.seen()); diff != "" || time.Since(start) > time.Second {
			t.Error(diff, time.Since(start))
		}
	})
}

func TestExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := mail(t, OutboxConfig{Recipient: user, MaxAge: time.Minute}, brio.Config{})
		start := time.Now()
		p.send(t, "ada", 1)
		time.Sleep(30 * time.Second)
		p.send(t, "ada", 2)
		if _, err := p.outbox.To("ada").Do(t.Context(), string(news), 3); !errors.Is(err, ErrExpired) || time.Since(start) != 90*time.Second {
			t.Error(err, time.Since(start))
		}
		want := []string{"ada: news(1) after 0 tries: not delivered in time", "ada: news(2) after 0 tries: not delivered in time"}
		if diff := cmp.Diff(want, p.lost()); diff != "" {
			t.Error(diff)
		}
		if stats := p.outbox.Stats(); stats != (OutboxStats{GivenUp: 3}) {
			t.Errorf("%+v", stats)
		}
	})
}

func TestOutboxBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := mail(t, OutboxConfig{Recipient: user, MaxMessages: 3, MaxBytes: 10_000, MaxTotal: 20_000}, brio.Config{})
		big := strings.Repeat("x", 7000)
		for _, step := range []struct {
			to  string
			arg any
			ok  bool
		}{
			{"ada", 1, true},
			{"ada", 2, true},
			{"ada", 3, true},
			{"ada", 4, false}, // too many
			{"bob", big, true},
			{"bob", big, false}, // too much for one
			{"eve", []byte(big), true},
			{"fay", big, false}, // too much for all
			{"fay", 1, true},
		} {
			err := p.outbox.To(step.to).Emit(string(news), step.arg)
			if (err == nil) != step.ok || err != nil && !errors.Is(err, brio.ErrBacklog) {
				t.Errorf("to %s: %v", step.to, err)
			}
		}
		for _, err := range []error{p.outbox.To("ada").Emit("disconnect"), p.outbox.To("ada").Emit("news", make(chan int))} {
			if err == nil || errors.Is(err, brio.ErrBacklog) {
				t.Error("what can't be sent: ", err)
			}
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("enough"))
		defer cancel()
		if _, err := p.outbox.To("gus").Do(ctx, string(news), 1); err == nil || err.Error() != "enough" {
			t.Error(err)
		}
		synctest.Wait()
		if stats := p.outbox.Stats(); stats.Recipients != 4 || stats.Messages != 6 {
			t.Errorf("%+v", stats)
		}
		p.outbox.Close()
		if stats := p.outbox.Stats(); stats != (OutboxStats{GivenUp: 6}) || len(p.lost()) != 6 {
			t.Errorf("after the end %+v", stats)
		}
		if err := p.outbox.To("ada").Emit(string(news), 1); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, u := range p.givenUp { // may go into the next outbox
			if err := NewOutbox(p.server.Of("/next"+u.ID), OutboxConfig{}).To("x").Emit(u.Event, u.Args); err != nil {
				t.Error(err)
			}
		}
	})
}

// A panic of who hears that an event was given up ends nothing.
func TestOnGivenUpPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := NewOutbox(brio.NewServer(brio.Config{}).Of("/"), OutboxConfig{MaxAge: time.Second, OnGivenUp: func(Undelivered) { panic("oh") }})
		for range 2 {
			if err := news.Emit(o.To("ada"), 1); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
		}
		if stats := o.Stats(); stats != (OutboxStats{GivenUp: 2}) {
			t.Errorf("%+v", stats)
		}
		o.Close()
	})
}

// A recipient may come to any node of a cluster.
func TestOnAnotherNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var bus adaptertest.Bus
		here := mail(t, OutboxConfig{Recipient: user}, brio.Config{Adapter: bus.Node("here")})
		there := mail(t, OutboxConfig{Recipient: user}, brio.Config{Adapter: bus.Node("there")})
		here.send(t, "ada", 1, 2)
		time.Sleep(time.Minute)
		start := time.Now()
		ada := there.reader(t, "ada", client.Config{})
		synctest.Wait()
		here.send(t, "ada", 3)
		there.send(t, "ada", 4)
		synctest.Wait()
		got := ada.seen()
		slices.Sort(got) // of the last two, either may be first
		if diff := cmp.Diff([]int{1, 2, 3, 4}, got); diff != "" || time.Since(start) > time.Second {
			t.Error(diff, time.Since(start))
		}
		if stats := here.outbox.Stats(); stats != (OutboxStats{Delivered: 3}) {
			t.Errorf("%+v", stats)
		}
	})
}
