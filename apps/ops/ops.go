// Package ops is a showcase of brio: what a server does right now, application by
// application: sockets, rooms, events a second, round trips, and who was too slow.
//
// All of it is kept in memory, one minute of seconds, and nothing is stored: it is
// about now, and a process that has ended has no now. For weeks of it there are
// metrics.
//
// meter.go shows how an application is watched from outside, by what the server's
// observer counts, see [site.Traffic], and by a listener on its namespace; ops.go
// makes ticks of that.
package ops

import (
	"context"
	"embed"
	"net/http"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/shell"
	"github.com/briohq/brio/apps/site"
)

//go:embed web
var web embed.FS

const (
	kept  = 60 // ticks
	rooms = 12 // of an application that are shown
)

// Ops watches a site. It is a [site.App].
type Ops struct {
	site   *site.Site
	ns     *brio.Namespace
	meters []*meter
	page   http.Handler

	stop    context.CancelFunc
	running sync.WaitGroup

	mu    sync.Mutex // guards ticks
	ticks []Tick     // the newest last
}

// New starts watching applications, and itself.
func New(s *site.Site, apps ...site.App) *Ops {
	ctx, stop := context.WithCancel(context.Background())
	o := &Ops{site: s, ns: s.Server.Of("/ops"), page: shell.Page(page, web), stop: stop}
	s.Admit(o.ns, site.Rates{string(Look): 5})
	for _, a := range apps {
		o.meters = append(o.meters, watch(s, s.Server.Of("/"+a.About().Name)))
	}
	o.meters = append(o.meters, watch(s, o.ns))
	o.ns.OnConnect(o.arrive)
	Look.Handle(o.ns, o.look)
	shell.Pulse.Handle(o.ns, shell.Beat)
	crowd := s.Crowd(o.ns)
	o.running.Go(func() { crowd.Each(ctx, time.Second, func(now time.Time, _ bool) { o.tick(ctx, now) }) })
	o.running.Go(func() { crowd.Each(ctx, 2*time.Second, func(time.Time, bool) { o.probe(ctx) }) })

	return o
}

// ServeHTTP serves the page and what it needs.
func (o *Ops) ServeHTTP(w http.ResponseWriter, r *http.Request) { o.page.ServeHTTP(w, r) }

// About describes it to the start page.
func (o *Ops) About() shell.About { return page.About }

// Close ends what it runs, and returns when that has ended.
func (o *Ops) Close() {
	o.stop()
	o.running.Wait()
}

// arrive gives a page the last minute. A tick may come both in it and by itself: the
// page tells them by their time.
func (o *Ops) arrive(_ context.Context, s *brio.Socket) error {
	o.mu.Lock()
	ticks := append([]Tick{}, o.ticks...) // a list even if there are none
	o.mu.Unlock()

	return History.Emit(s, ticks)
}

// tick sends what was counted since the last one. While nobody looks, nothing is
// counted up to be sent: the first tick is of the second before it.
func (o *Ops) tick(ctx context.Context, now time.Time) {
	stats := o.site.Server.Stats()
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	t := Tick{
		At:          now.UnixMilli(),
		Connections: stats.Connections,
		Sockets:     stats.Sockets,
		Heap:        heap[0].Value.Uint64(),
		Goroutines:  runtime.NumGoroutine(),
	}
	for _, m := range o.meters {
		app, err := m.read(ctx, now)
		if err != nil {
			return // it ends
		}
		t.In += app.In
		t.Out += app.Out
		t.Apps = append(t.Apps, app)
	}
	o.mu.Lock()
	o.ticks = append(o.ticks, t)
	o.ticks = o.ticks[max(0, len(o.ticks)-kept):]
	o.mu.Unlock()
	o.site.Warn("ops: tick", Second.Emit(o.ns.Broadcast().Latest("tick"), t))
}

// probe measures the way to the pages of all applications at the same time.
func (o *Ops) probe(ctx context.Context) {
	var asking sync.WaitGroup
	for _, m := range o.meters {
		asking.Go(func() { m.probe(ctx) })
	}
	asking.Wait()
}

func (o *Ops) look(ctx context.Context, _ *brio.Socket, name string) (Inside, error) {
	for _, m := range o.meters {
		if m.name() == name {
			return m.inside(ctx)
		}
	}

	return Inside{}, brio.Errorf("There is no application %q. Choose one of the list.", name)
}
