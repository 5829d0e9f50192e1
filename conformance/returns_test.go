package conformance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
)

// What clients do when they lose the server, and when they are there again.

// track returns what the client's socket goes through.
func track(c *client.Socket) <-chan string {
	events := make(chan string, 100)
	c.OnConnect(func(context.Context) error { events <- "connect"; return nil })
	c.OnDisconnect(func(_ context.Context, r brio.Reason) error { events <- string(r); return nil })
	return events
}

func expect(v *visit, events <-chan string, want ...string) {
	v.Helper()
	for _, one := range want {
		if got := take(v, events); got != one && (one != "lost" || got != string(brio.TransportClose) && got != string(brio.TransportError)) {
			v.Fatalf("got %s, want %s", got, one)
		}
	}
}

func reconnects(v *visit) {
	config := v.config()
	var mu sync.Mutex
	var phases []string
	config.OnState = func(s client.State) {
		mu.Lock()
		defer mu.Unlock()
		phases = append(phases, fmt.Sprint(s.Phase, " ", s.Attempt))
	}
	c := v.new("/", config)
	events := track(c)
	v.connect(c)
	expect(v, events, "connect")
	first := c.ID()
	v.cut()
	expect(v, events, "lost", "connect")
	if c.ID() == first || c.Recovered() {
		v.Error("the same socket:", first, c.ID(), c.Recovered())
	}
	if got, err := echo.Do(v.soon(), c, "back"); err != nil || got != "back" {
		v.Error(got, err)
	}
	mu.Lock()
	defer mu.Unlock()
	want := []string{"connecting 0", "connected 0", "waiting 1", "connecting 1"}
	if !slices.Equal(phases[:4], want) || !slices.Contains([]string{"connected 1", "connected 2"}, phases[len(phases)-1]) {
		v.Error(phases)
	}
}

func outlivesServer(v *visit) {
	c := v.new("/", v.config())
	events := track(c)
	failures := make(chan error, 1000)
	c.OnConnectError(func(_ context.Context, err error) error { failures <- err; return nil })
	v.connect(c)
	expect(v, events, "connect")
	answered := make(chan error, 1)
	ctx := v.soon()
	v.restart(func() {
		if got := take(v, events); got == "connect" {
			v.Error(got)
		}
		take(v, failures)
		for i := range 3 {
			if err := note.Emit(c, 1000+i); err != nil {
				v.Error(err)
			}
		}
		go func() {
			_, err := echo.Do(ctx, c, "x")
			answered <- err
		}()
	})
	if c.Active() { // a server that says goodbye to each namespace has them stay away
		expect(v, events, "connect")
	} else {
		v.connect(c)
	}
	if err := take(v, answered); err != nil {
		v.Error(err)
	}
	list, err := noted.Do(v.soon(), c, brio.None{})
	if err != nil || !slices.Equal(list, []int{1000, 1001, 1002}) {
		v.Error(list, err)
	}
}

func dropsVolatile(v *visit) {
	c := v.new("/", v.config())
	if err := note.Emit(c.Volatile(), -1); err != nil {
		v.Error(err)
	}
	v.connect(c)
	if err := note.Emit(c, -2); err != nil {
		v.Error(err)
	}
	list, err := noted.Do(v.soon(), c, brio.None{})
	if err != nil || slices.Contains(list, -1) || !slices.Contains(list, -2) {
		v.Error(list, err)
	}
	// Once nothing is under way it gets through.
	numbers := brio.Event[int]("echo").Receive(v.soon(), c)
	var over sync.WaitGroup
	defer over.Wait()
	ctx, cancel := context.WithCancel(v.Context())
	defer cancel()
	over.Go(func() {
		for ctx.Err() == nil {
			_ = brio.Event[int]("echo").Emit(c.Volatile(), 5)
			_, _ = echo.Do(ctx, c, "wait")
		}
	})
	for n, err := range numbers {
		if err != nil || n != 5 {
			v.Error(n, err)
		}
		break
	}
}

func keepsBacklog(v *visit) {
	config := v.config()
	config.MaxBacklog = 10_000
	c := v.new("/", config)
	sent := 0
	for {
		err := c.Emit("note", 2000+sent)
		if errors.Is(err, client.ErrBacklog) {
			break
		}
		if err != nil || sent > 1000 {
			v.Fatal(sent, err)
		}
		sent++
	}
	v.connect(c)
	list, err := noted.Do(v.soon(), c, brio.None{})
	list = slices.DeleteFunc(list, func(n int) bool { return n < 2000 || n >= 3000 })
	if err != nil || len(list) != sent || !slices.IsSorted(list) {
		v.Error(sent, "were emitted,", len(list), "arrived:", list, err)
	}
	if err := c.Emit("note", 1); err != nil {
		v.Error(err)
	}
}

func retries(v *visit) {
	config := v.config()
	config.Retries = 5
	config.AckTimeout = 30 * time.Millisecond
	var log strings.Builder
	config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	c := v.dial("/", config)
	base := 3000
	if v.msgpack {
		base = 3100
	}
	for i := range 3 { // acknowledged at the third time
		if err := late.Emit(c, base+i); err != nil {
			v.Fatal(err)
		}
	}
	list, err := noted.Do(v.soon(), c, brio.None{})
	list = slices.DeleteFunc(list, func(n int) bool { return n < base || n >= base+10 })
	if want := slices.Sorted(slices.Values(slices.Concat(list))); err != nil || !slices.Equal(list, want) || len(slices.Compact(want)) != 3 {
		v.Error(list, err)
	}
	if _, err := c.Do(v.soon(), "silent"); err == nil || !strings.Contains(err.Error(), "after 6 tries") {
		v.Error(err)
	}
	if err := c.Emit("silent", 7); err != nil {
		v.Error(err)
	}
	if got, err := echo.Do(v.soon(), c, "behind it"); err != nil || got != "behind it" {
		v.Error(got, err)
	}
	if !strings.Contains(log.String(), "event lost") {
		v.Error("nobody was told that an event was given up: ", log.String())
	}
}

func retriesAfterCut(v *visit) {
	config := v.config()
	config.Retries = 1000
	config.AckTimeout = time.Minute
	c := v.dial("/", config)
	const n = 60
	for i := range n {
		if err := note.Emit(c, 4000+i); err != nil {
			v.Fatal(err)
		}
		if i%10 == 0 {
			v.cut()
		}
	}
	list, err := noted.Do(v.soon(), c, brio.None{}) // behind them
	list = slices.DeleteFunc(list, func(n int) bool { return n < 4000 || n >= 5000 })
	if err != nil || !slices.IsSorted(list) || len(slices.Compact(list)) != n {
		v.Error(list, err)
	}
}

func isDisconnected(v *visit) {
	c := v.new("/", v.config())
	other := c.Of("/admin", nil)
	events := track(c)
	ctx := v.soon()
	v.connect(c)
	v.connect(other)
	ended := shout.Receive(ctx, c)
	if err := c.Emit("leave"); err != nil {
		v.Error(err)
	}
	expect(v, events, "connect", string(client.ServerDisconnect))
	for _, err := range ended {
		if d, ok := errors.AsType[*brio.Disconnect](err); !ok || d.Reason != client.ServerDisconnect {
			v.Error(err)
		}
	}
	if c.Active() || !other.Connected() {
		v.Error("active:", c.Active(), "the other is connected:", other.Connected())
	}
	if got, err := echo.Do(v.soon(), other, "x"); err != nil || got != "x" {
		v.Error(got, err)
	}
	v.connect(c)
	if got, err := echo.Do(v.soon(), c, "x"); err != nil || got != "x" {
		v.Error(got, err)
	}
}

func isClosed(v *visit) {
	c := v.new("/", v.config())
	events := track(c)
	v.connect(c)
	if err := c.Emit("close"); err != nil {
		v.Error(err)
	}
	expect(v, events, "connect", "lost", "connect")
}

func givesUp(v *visit) {
	config := v.config()
	config.ReconnectAttempts = 2
	config.Engine.Dial = nil
	states := make(chan client.State, 100)
	config.OnState = func(s client.State) { states <- s }
	c := client.New("http://127.0.0.1:1", config)
	defer c.Close()
	err := c.Connect(v.soon())
	if _, ok := errors.AsType[*client.ConnectError](err); !ok || c.Active() {
		v.Errorf("got %v", err)
	}
	var phases []client.Phase
	for s := range states {
		if phases = append(phases, s.Phase); s.Phase == client.Failed {
			break
		}
	}
	want := []client.Phase{client.Connecting, client.Waiting, client.Connecting, client.Waiting, client.Connecting, client.Failed}
	if !slices.Equal(phases, want) {
		v.Error(phases)
	}
	ctx, cancel := context.WithTimeout(v.Context(), 50*time.Millisecond)
	defer cancel()
	config = v.config()
	config.Engine.Dial = nil
	patient := client.New("http://127.0.0.1:1", config)
	defer patient.Close()
	if err := patient.Connect(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "refused") || patient.Active() {
		v.Error(err)
	}
}

func recovers(v *visit) {
	config := v.config()
	config.ReconnectDelay = 100 * time.Millisecond
	c := v.new("/", config)
	events := track(c)
	heard := make(chan string, 100)
	shout.On(c, func(_ context.Context, text string) error { heard <- text; return nil })
	v.connect(c)
	expect(v, events, "connect")
	other := v.dial("/", client.Config{Engine: v.engine})
	first := c.ID()
	say := func(text string) {
		if _, err := other.Do(v.soon(), "shout", text); err != nil {
			v.Fatal(err)
		}
	}
	for round := range 3 {
		known, missed := fmt.Sprint("known ", round), fmt.Sprint("missed ", round)
		say(known)
		if got := take(v, heard); got != known {
			v.Error(got)
		}
		v.cutWhile(func() {
			// A server that is between two requests of polling notices by its heartbeat, and what it says meanwhile it
			// takes for said.
			for here(v, other) > 1 {
			}
			say(missed)
		})
		if got := take(v, heard); got != missed {
			v.Error(got)
		}
		expect(v, events, "lost", "connect")
		if !c.Recovered() || c.ID() != first {
			v.Error("recovered:", c.Recovered(), c.ID(), first)
		}
	}
}

// here is how many sockets the server has in the namespace of one.
func here(v *visit, c *client.Socket) int {
	v.Helper()
	n, err := present.Do(v.soon(), c, brio.None{})
	if err != nil {
		v.Fatal(err)
	}
	return n
}

func beginsAnew(v *visit) {
	c := v.new("/", v.config())
	events := track(c)
	greeted := make(chan string, 10)
	hello.On(c, func(_ context.Context, who string) error { greeted <- who; return nil })
	v.connect(c)
	expect(v, events, "connect")
	take(v, greeted)
	first := c.ID()
	v.restart(func() { expect(v, events, "lost") })
	expect(v, events, "connect")
	take(v, greeted)
	if c.Recovered() || c.ID() == first {
		v.Error("recovered:", c.Recovered(), c.ID(), first)
	}
}
