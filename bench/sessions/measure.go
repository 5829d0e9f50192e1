package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"strings"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/bench/contract"
	"github.com/briohq/brio/bench/internal/machine"
	"github.com/briohq/brio/internal/group"
)

// Figures are what was measured of so many sessions in a process of their own.
type figures struct {
	Sessions int
	Cores    int

	Heap, Private, Stacks float64 // bytes of a session
	Left                  float64 // bytes of heap of a session that has left
	Goroutines            int     // of all sessions together
	Connecting            usage   // a session
	FullGC                float64 // milliseconds of a collection that nobody waited for
	FullGCCPU             float64 // the same, of CPU

	Loads []usage
}

// usage is what was done in some time, and what that took.
type usage struct {
	Name      string
	PerSecond float64 // sessions reached
	Each      float64 // milliseconds of one broadcast to all
	CPU       float64 // microseconds for each session
	Cycles    float64 // collections
	GC        float64 // their share of the CPU
	Pause     float64 // milliseconds of the longest pause for them
}

// members is how many sessions share a room.
const members = 10

// text is what is broadcast: 64 bytes.
var text = strings.Repeat("0123456789abcdef", 4)

// world is a server with its sessions.
type world struct {
	server *brio.Server
	main   *brio.Namespace
	tally  *tally
	conns  []*conn
	rooms  []string
}

func measure(ctx context.Context, sessions int, duration time.Duration) (f figures, err error) {
	w := newWorld(sessions)
	f.Sessions, f.Cores = sessions, runtime.GOMAXPROCS(0)
	before, err := hold()
	if err != nil {
		return f, err
	}
	f.Connecting, err = watch("", func() (int, error) { return sessions, w.connect(ctx) })
	if err != nil {
		return f, err
	}
	after, err := hold()
	if err != nil {
		return f, err
	}
	n := float64(sessions)
	f.Heap, f.Private, f.Stacks = float64(after.Heap-before.Heap)/n, float64(after.Private-before.Private)/n, float64(after.Stacks-before.Stacks)/n
	f.Goroutines = after.Goroutines - before.Goroutines
	f.FullGC, f.FullGCCPU = fullGC()

	for _, l := range w.loads() {
		w.tally.toil = l.toil
		l.once() // what it needs once, such as pools
		<-w.tally.done
		rounds, start := 0, time.Now()
		one, err := watch(l.name, func() (int, error) {
			for ; rounds < 3 || time.Since(start) < duration; rounds++ {
				l.once()
				select {
				case <-w.tally.done:
				case <-time.After(time.Minute):
					return 0, fmt.Errorf("%s: not all sessions were reached within a minute", l.name)
				}
			}
			return rounds * l.frames * sessions, ctx.Err()
		})
		if err != nil {
			return f, err
		}
		one.Each = 1000 * n / one.PerSecond
		f.Loads = append(f.Loads, one)
	}
	for _, c := range w.conns {
		c.leave()
	}
	if count := w.server.Stats().Connections; count != 0 {
		return f, fmt.Errorf("%d sessions are left when all have gone", count)
	}
	end, err := hold()
	f.Left = float64(end.Heap-before.Heap) / n

	return f, errors.Join(err, w.server.Shutdown(ctx))
}

func newWorld(sessions int) *world {
	w := &world{
		server: brio.NewServer(brio.Config{Transports: []string{"webtransport"}, PingInterval: time.Hour}),
		tally:  newTally(),
		conns:  make([]*conn, 0, sessions),
	}
	w.main = w.server.Of("/")
	for i := range (sessions + members - 1) / members {
		w.rooms = append(w.rooms, fmt.Sprint("room-", i))
	}

	return w
}

// connect begins the sessions, one after the other.
func (w *world) connect(ctx context.Context) error {
	joined := make(chan struct{})
	w.main.OnConnect(func(_ context.Context, s *brio.Socket) error {
		s.Join(w.rooms[len(w.conns)/members])
		joined <- struct{}{}
		return nil
	})
	var stripes []*stripe
	for i := range cap(w.conns) {
		stripes = append(stripes, w.tally.next(i))
	}
	w.tally.expect(2) // the handshake, and the answer to CONNECT
	for i := range cap(w.conns) {
		c, err := connect(w.server, stripes[i], i)
		if err != nil {
			return err
		}
		<-joined
		w.conns = append(w.conns, c)
	}
	<-w.tally.done

	return ctx.Err()
}

// A load reaches every session as often as it has frames.
type load struct {
	name   string
	frames int
	toil   int // bytes that each write hashes
	once   func()
}

func (w *world) loads() []load {
	emit := func(n int, f func(i int)) {
		var emitters group.Group
		for i := range n {
			emitters.Go(func() { f(i) })
		}
		_ = emitters.Wait(context.Background()) // emitting never blocks
	}
	all := func(int) { _ = w.main.Emit("msg", text) } // which can be encoded
	const crowd = 4
	const work = 1024 // bytes, a few microseconds: like a system call that writes

	return []load{
		{"one broadcast at a time", 1, 0, func() { w.tally.expect(1); emit(1, all) }},
		{"one broadcast at a time, writes that work", 1, work, func() { w.tally.expect(1); emit(1, all) }},
		{fmt.Sprint(crowd, " broadcasts at a time"), crowd, 0, func() { w.tally.expect(crowd); emit(crowd, all) }},
		{fmt.Sprint("every room of ", members, " once, ", crowd, " at a time"), 1, 0, func() {
			w.tally.expect(1)
			emit(crowd, func(i int) {
				for ; i < len(w.rooms); i += crowd {
					_ = w.main.To(w.rooms[i]).Emit("msg", text) // the same
				}
			})
		}},
	}
}

// hold returns what the process holds when all garbage has been collected.
func hold() (contract.State, error) {
	contract.Settle()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	private, err := machine.Private(os.Getpid())

	return contract.State{Heap: int(m.HeapAlloc), Stacks: int(m.StackInuse), Private: private, Goroutines: runtime.NumGoroutine()}, err
}

// fullGC returns the milliseconds of a collection, by the clock and of CPU: of
// three the quickest.
func fullGC() (wall, cpu float64) {
	for i := range 3 {
		start, used := time.Now(), machine.CPU()
		runtime.GC()
		if w := milliseconds(time.Since(start)); i == 0 || w < wall {
			wall, cpu = w, milliseconds(machine.CPU()-used)
		}
	}

	return wall, cpu
}

// watch measures f, which returns how many sessions it has reached. The runtime
// counts what collecting takes at the end of each collection, so that one is
// forced before f and one after; what that one took is that of a third, and not in
// the figures.
func watch(name string, f func() (int, error)) (u usage, err error) {
	runtime.GC()
	first, start, used := readGC(), time.Now(), machine.CPU()
	n, err := f()
	took, cpu := time.Since(start), machine.CPU()-used
	last := readGC()
	runtime.GC()
	forced := readGC()
	runtime.GC()
	own := readGC().since(forced)
	all := forced.since(first)
	u = usage{
		Name: name, PerSecond: float64(n) / took.Seconds(), CPU: float64(cpu.Microseconds()) / float64(n),
		Cycles: float64(last.cycles - first.cycles), Pause: milliseconds(last.pauses.longestSince(first.pauses)),
	}
	if u.Cycles > 0 {
		u.GC = max(all.gc-own.gc, 0) / (all.busy - own.busy)
	}

	return u, err
}

// gcStats is what the runtime tells of its collections. Its seconds of CPU may be
// compared with each other only.
type gcStats struct {
	gc, busy float64 // seconds of CPU: for collections, in all
	cycles   uint64
	pauses   histogram
}

func (g gcStats) since(before gcStats) gcStats {
	return gcStats{gc: g.gc - before.gc, busy: g.busy - before.busy}
}

type histogram struct{ *metrics.Float64Histogram }

func readGC() gcStats {
	list := []metrics.Sample{
		{Name: "/cpu/classes/gc/total:cpu-seconds"}, {Name: "/cpu/classes/total:cpu-seconds"}, {Name: "/cpu/classes/idle:cpu-seconds"},
		{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/sched/pauses/total/gc:seconds"},
	}
	metrics.Read(list)

	return gcStats{
		gc: list[0].Value.Float64(), busy: list[1].Value.Float64() - list[2].Value.Float64(),
		cycles: list[3].Value.Uint64(), pauses: histogram{list[4].Value.Float64Histogram()},
	}
}

// longestSince returns the upper bound of the longest pause since before.
func (h histogram) longestSince(before histogram) time.Duration {
	for i := len(h.Counts) - 1; i >= 0; i-- {
		if h.Counts[i] > before.Counts[i] {
			return time.Duration(h.Buckets[min(i+1, len(h.Buckets)-2)] * float64(time.Second))
		}
	}

	return 0
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
