// Package sales is a showcase of brio: a sales dashboard that follows the orders
// without a gap, and counts none twice, whenever one joins.
//
// Figures are kept in memory, counted at the start from the orders, of which the newest
// 50,000 are stored in SQLite: a shop must not lose what it confirmed. Read events.go first.
package sales

import (
	"context"
	"embed"
	"net/http"
	"sync"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/shell"
	"github.com/briohq/brio/apps/site"
)

//go:embed web
var web embed.FS

const (
	rhythm = 250 * time.Millisecond // of telling pages

	watched brio.Key[string] = "view" // of a socket, and its room; only its own handlers touch it
)

// Sales is a running dashboard. Its methods may be called concurrently.
type Sales struct {
	http.Handler
	site    *site.Site
	ns      *brio.Namespace
	crowd   *site.Crowd
	book    *book
	stop    context.CancelFunc
	running sync.WaitGroup
}

// New starts a dashboard. It panics if the orders can't be read.
func New(s *site.Site) *Sales {
	ctx, stop := context.WithCancel(context.Background())
	s.Schema(schema)
	orders, err := load(ctx, s.DB)
	if err != nil {
		panic(err)
	}
	a := &Sales{Handler: shell.Page(page, web), site: s, ns: s.Server.Of("/sales"), stop: stop}
	a.book = newBook(uint64(time.Now().UnixNano()), orders)
	s.Admit(a.ns, site.Rates{string(Watch): 5, string(Place): 1})
	a.crowd = s.Crowd(a.ns)
	Watch.Handle(a.ns, a.watch)
	Place.Handle(a.ns, a.order)
	shell.Pulse.Handle(a.ns, shell.Beat)
	a.running.Go(func() { a.crowd.Each(ctx, rhythm, a.tick) })

	return a
}

// About describes the dashboard to the start page.
func (a *Sales) About() shell.About { return page.About }

// Close returns when nothing runs any more.
func (a *Sales) Close() {
	a.stop()
	a.running.Wait()
}

// watch joins the room before it takes the snapshot: a change between the two comes
// to the page twice rather than never, and its version tells.
func (a *Sales) watch(_ context.Context, s *brio.Socket, view string) (View, error) {
	if a.book.views[view] == nil {
		return View{}, brio.Errorf("There is no such region. Choose one of those shown.")
	}
	s.Leave(watched.Get(s))
	s.Join(view)
	watched.Set(s, view)
	a.shop(a.crowd.On()) // what was ordered while nobody was there

	return a.book.snapshot(view, time.Now()), nil
}

// order stores an order, then counts it, so that what is confirmed is not lost.
func (a *Sales) order(ctx context.Context, s *brio.Socket, o Order) (Order, error) {
	who, err := site.Must(s)
	if err == nil {
		err = o.check()
	}
	if err != nil {
		return o, err
	}
	o.Key, o.At, o.Cents, o.By = who.ID+" "+o.Key, time.Now().UnixMilli(), int64(o.Quantity)*prices[o.Product], who.Name
	n, err := store(ctx, a.site.DB, o)
	if n > 0 {
		a.book.enter(o)
	}

	return o, err
}

// tick lets the simulated people order, and tells the pages. It alone tells, so
// deltas leave in order.
func (a *Sales) tick(_ time.Time, simulated bool) {
	a.shop(simulated)
	for _, d := range a.book.changes() {
		a.site.Warn("tell of orders", Changed.Emit(a.ns.To(d.View), d))
	}
}

func (a *Sales) shop(simulated bool) {
	if !simulated {
		return
	}
	_, err := store(context.Background(), a.site.DB, a.book.shop(time.Now())...)
	a.site.Warn("store orders", err)
}
