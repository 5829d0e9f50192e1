// Package chaos has clients and a server's process go through what networks and
// machines do: resets, stalls, corrupted bytes, slow drips, half-closed connections,
// and a server that is killed or restarted. No event that was acknowledged may be
// lost or come out of order, none may come twice, clients with a good network are served
// all the time, and when it is over the server is what it was before.
//
//	go test ./conformance/chaos -v -args -seed 7 -minutes 10
package chaos

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"hash/crc32"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
	"github.com/briohq/brio/client/engineio"
)

var (
	seed    = flag.Uint64("seed", 1, "of the weather")
	minutes = flag.Float64("minutes", 0.5, "how long it lasts")
)

// order is what clients ask the server to keep, and its answer. The sum tells what
// was corrupted on its way, against which TCP's own does not protect here.
type order struct {
	Client string
	N      int
	Sum    uint32
}

const keep brio.Call[order, order] = "keep"

func newOrder(client string, n int) order {
	return order{client, n, crc32.ChecksumIEEE(fmt.Append(nil, client, n))}
}

func (o order) good() bool { return o == newOrder(o.Client, o.N) }

// patience is how long what must come may take.
const patience = 20 * time.Second

func TestChaos(t *testing.T) {
	began := time.Now()
	until := began.Add(time.Duration(*minutes * float64(time.Minute)))
	t.Logf("repeat with: go test ./conformance/chaos -args -seed %d -minutes %g", *seed, *minutes)
	file := filepath.Join(t.TempDir(), "kept")
	s := startServer(t, file, "127.0.0.1:0")
	var total tally
	restarts := 0
	for round := uint64(0); round < 2 || time.Now().Before(until); round++ {
		restarts += s.round(t, *seed+round, &total)
		if t.Failed() {
			t.Fatalf("with seed %d", *seed+round)
		}
	}
	s.stop(t, syscall.SIGTERM)
	acknowledged := total.check(t, file)
	t.Logf("%v: %d connections went bad, %d restarts, %d events acknowledged, %d given up", time.Since(began).Round(time.Second),
		total.bad.Load(), restarts, acknowledged, total.lost.Load())
	if acknowledged == 0 || total.bad.Load() == 0 {
		t.Error("nothing happened")
	}
}

// round is some seconds of bad weather, in which the process is ended twice, and of
// good weather before and after.
func (s *server) round(t *testing.T, seed uint64, total *tally) (restarts int) {
	bad := newProxy(t, s.address, seed, &total.bad)
	defer bad.close()
	calm := func() {
		before := s.vitals(t)
		ctx, cancel := context.WithCancel(t.Context())
		var clients sync.WaitGroup
		for i := range 6 {
			clients.Go(func() { total.orders(ctx, bad.address(), fmt.Sprintf("bad %d.%d.%d", seed, i, restarts), i, nil) })
		}
		for i := range 2 {
			name := fmt.Sprintf("honest %d.%d.%d", seed, i, restarts)
			clients.Go(func() { total.orders(ctx, s.address, name, i, t) })
		}
		wait(6 * time.Second)
		cancel()
		clients.Wait()
		bad.cut()
		s.recovers(t, before)
	}
	calm()
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		ctx, cancel := context.WithCancel(t.Context())
		var clients sync.WaitGroup
		for i := range 4 {
			clients.Go(func() { total.orders(ctx, s.address, fmt.Sprintf("restart %d.%d.%d", seed, i, restarts), i, nil) })
		}
		wait(time.Second)
		s.stop(t, signal)
		s.start(t, s.address)
		restarts++
		wait(time.Second)
		cancel()
		clients.Wait()
	}
	return restarts
}

// wait lets time pass: it is the weather's, no condition is waited for.
func wait(d time.Duration) { <-time.After(d) }

// tally is what clients know of their orders.
type tally struct {
	bad, lost atomic.Int64

	mu           sync.Mutex // guards acknowledged
	acknowledged []order
}

// orders has a client send one order after the other until ctx ends. If t is not nil,
// each has to be kept.
func (l *tally) orders(ctx context.Context, address, name string, kind int, t *testing.T) {
	config := client.Config{ReconnectDelay: 10 * time.Millisecond, ReconnectDelayMax: 200 * time.Millisecond, Timeout: 2 * time.Second}
	config.Engine.Transports = [][]string{{"websocket"}, {"polling", "websocket"}, {"polling"}}[kind%3]
	config.Engine = engineio.Config{Transports: config.Engine.Transports, NoUpgrade: kind%3 == 2, UpgradeTimeout: time.Second, CloseTimeout: time.Second}
	c := client.New("http://"+address, config)
	defer c.Close()
	allowed := time.Second
	if t != nil {
		allowed = patience
	}
	if err := c.Connect(ctx); err != nil && ctx.Err() == nil && t != nil {
		t.Errorf("%s can't connect: %v", name, err)
	}
	for n := 1; ctx.Err() == nil; n++ {
		asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), allowed)
		got, err := keep.Do(asking, c, newOrder(name, n))
		cancel()
		switch {
		case err == nil && got == newOrder(name, n):
			l.mu.Lock()
			l.acknowledged = append(l.acknowledged, got)
			l.mu.Unlock()
		case t != nil:
			t.Errorf("%s, with a good network: order %d: %+v, %v", name, n, got, err)
			return
		default:
			l.lost.Add(1)
		}
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// check compares what was acknowledged with what the server has kept. An order that
// its client has given up may be kept long after: what was under way on a connection
// that the client has replaced arrives when the network lets it.
func (l *tally) check(t *testing.T, file string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	acknowledged := map[order]bool{}
	for _, o := range l.acknowledged {
		acknowledged[o] = true
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	kept, last := map[order]bool{}, map[string]int{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var o order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		switch {
		case kept[o]:
			t.Errorf("%+v is kept twice", o)
		case acknowledged[o] && o.N < last[o.Client]:
			t.Errorf("%s: %d after %d", o.Client, o.N, last[o.Client])
		case acknowledged[o]:
			last[o.Client] = o.N
		}
		kept[o] = true
	}
	for _, o := range l.acknowledged {
		if !kept[o] {
			t.Errorf("%+v was acknowledged and is lost", o)
		}
	}
	return len(l.acknowledged)
}

// vitals is what the server's process uses.
type vitals struct{ Goroutines, Files, Sessions, Heap int }

func (s *server) vitals(t *testing.T) (v vitals) {
	t.Helper()
	r, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}).Get("http://" + s.address + "/vitals")
	if err != nil {
		t.Fatalf("the server does not answer: %v", err)
	}
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// recovers waits until the server uses no more than before. A heap may keep what
// pools and maps have grown to.
func (s *server) recovers(t *testing.T, before vitals) {
	t.Helper()
	const slack, heap = 4, 8 << 20 // loops that start with the first connection, their buffers
	var now vitals
	for late := time.Now().Add(patience); time.Now().Before(late); wait(100 * time.Millisecond) {
		now = s.vitals(t)
		if now.Sessions == 0 && now.Goroutines <= before.Goroutines+slack && now.Files <= before.Files+slack+2 && now.Heap <= before.Heap+heap {
			return
		}
	}
	t.Errorf("the server does not recover: before %+v, now %+v\n%s", before, now, strings.TrimSpace(s.log.String()))
}
