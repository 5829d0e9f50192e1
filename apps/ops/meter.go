package ops

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/shell"
	"github.com/briohq/brio/apps/site"
)

const (
	asked    = 20              // pages of an application, at most, each time
	patience = 2 * time.Second // for their answers
)

// meter measures what goes through the namespace of an application.
type meter struct {
	ns      *brio.Namespace
	traffic *site.Count

	mu   sync.Mutex // guards what follows
	left map[brio.Reason]int64
	last struct { // what the last reading was
		at      time.Time
		in, out int64
	}
	trips []time.Duration // of the last probe, sorted
	late  int
}

// watch begins to measure. The application does not notice.
func watch(s *site.Site, ns *brio.Namespace) *meter {
	m := &meter{ns: ns, traffic: s.Traffic.Of(ns), left: map[brio.Reason]int64{}}
	ns.OnDisconnect(func(_ context.Context, _ *brio.Socket, reason brio.Reason) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.left[reason]++

		return nil
	})

	return m
}

func (m *meter) name() string { return m.ns.Name()[1:] }

// read returns what happened since the last reading, as of one second.
func (m *meter) read(ctx context.Context, now time.Time) (App, error) {
	sockets, err := m.ns.Broadcast().Count(ctx)
	if err != nil {
		return App{}, err
	}
	rooms, err := m.ns.Rooms(ctx)
	if err != nil {
		return App{}, err
	}
	in, out := m.traffic.In.Load(), m.traffic.Out.Load()

	m.mu.Lock()
	defer m.mu.Unlock()
	app := App{Name: m.name(), Sockets: sockets, Rooms: len(rooms), Late: m.late, Slow: m.left[brio.SlowClient]}
	if since := now.Sub(m.last.at).Seconds(); since < 10 { // or nobody has looked for long
		app.In = int64(float64(in-m.last.in)/since + 0.5)
		app.Out = int64(float64(out-m.last.out)/since + 0.5)
	}
	m.last.at, m.last.in, m.last.out = now, in, out
	if n := len(m.trips); n > 0 {
		app.Median, app.Slowest = milliseconds(m.trips[n/2]), milliseconds(m.trips[n-1])
	}

	return app, nil
}

// probe asks some of the pages for an answer, and takes the time until it comes.
func (m *meter) probe(ctx context.Context) {
	var ids []string
	for s := range m.ns.Sockets() {
		if ids = append(ids, s.ID()); len(ids) == asked {
			break
		}
	}
	if len(ids) == 0 {
		m.set(nil, 0)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	start, late := time.Now(), 0
	var trips []time.Duration
	for _, err := range shell.Probe.All(ctx, m.ns.To(ids...), brio.None{}) {
		if err != nil {
			late++
			continue
		}
		trips = append(trips, time.Since(start))
	}
	m.set(trips, late)
}

func (m *meter) set(trips []time.Duration, late int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.trips, m.late = trips, late
}

// inside looks at the rooms and at who left.
func (m *meter) inside(ctx context.Context) (Inside, error) {
	all, err := m.ns.Rooms(ctx)
	if err != nil {
		return Inside{}, err
	}
	i := Inside{Rooms: []Room{}, Left: []Reason{}}
	for name, n := range all {
		i.Rooms = append(i.Rooms, Room{name, n})
	}
	slices.SortFunc(i.Rooms, func(a, b Room) int {
		return cmp.Or(cmp.Compare(b.Sockets, a.Sockets), cmp.Compare(a.Name, b.Name))
	})
	i.Rooms = i.Rooms[:min(len(i.Rooms), rooms)]
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, reason := range slices.Sorted(maps.Keys(m.left)) {
		i.Left = append(i.Left, Reason{string(reason), m.left[reason]})
	}

	return i, nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Round(10*time.Microsecond)) / 1e6 }
