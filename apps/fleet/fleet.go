// Package fleet is a showcase of brio: a city map with hundreds of vehicles, which
// deliver what visitors order. Each cell of the map is a room; a page is in those it
// shows. Vehicles are kept in memory, as where one was is worth nothing; the newest
// 10,000 orders are stored in SQLite, as somebody waits for them. Read events.go first,
// it is the whole protocol; city.go is the city without sockets.
package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/shell"
	"github.com/briohq/brio/apps/site"
)

const columns = "id, customer, key, status, from_x, from_y, to_x, to_y"

// What was under way when the server stopped is fetched anew: its vehicle is gone.
const schema = `
	CREATE TABLE IF NOT EXISTS fleet_orders (
		id INTEGER PRIMARY KEY, customer TEXT NOT NULL, key TEXT NOT NULL, status INTEGER NOT NULL DEFAULT 0,
		from_x REAL NOT NULL, from_y REAL NOT NULL, to_x REAL NOT NULL, to_y REAL NOT NULL, UNIQUE (customer, key));
	CREATE TRIGGER IF NOT EXISTS fleet_forget AFTER INSERT ON fleet_orders
		BEGIN DELETE FROM fleet_orders WHERE status = 3 AND (id < new.id - 10000 OR customer LIKE 'simulated %'); END;
	UPDATE fleet_orders SET status = 0 WHERE status < 3`

// page is what surrounds the map on its page and says how it works.
var page = shell.Content{
	About: shell.About{Name: "fleet", Sentence: "A city and three hundred vehicles. A slow phone skips positions, and never shows old ones."},
	How: [3]string{
		"Each cell of the map is a room. As you move the map, the page says which cells it shows, and the server joins and leaves their rooms for it.",
		"Once a second all that is in a cell goes to its room, 7 bytes a vehicle. It is a state: for a client that is slow it takes the place of the one that still waits, and what is not in it has left the cell.",
		"An order is acknowledged once it is stored. It has a key, so that one which is sent again is still one order, and it outlives the server.",
	},
	Events: []shell.Event{
		{Name: "watch", What: "the cells that are shown"}, {Name: "order", What: "acknowledged once it is stored"},
		{Name: "cell", What: "the vehicles in a cell, the latest only", In: true},
		{Name: "track", What: "your order, the latest only", In: true}, {Name: "orders", What: "your newest orders", In: true},
	},
	Files: []string{"events.go", "fleet.go", "city.go"},
}

// Fleet is a [site.App] on the namespace "/fleet".
type Fleet struct {
	*site.Site
	http.Handler
	ns      *brio.Namespace
	city    *city
	stop    context.CancelFunc
	running sync.WaitGroup
}

// New starts a fleet on a site. Close it to end its goroutine.
func New(s *site.Site) *Fleet {
	ctx, stop := context.WithCancel(context.Background())
	f := &Fleet{Site: s, Handler: shell.Page(page, web), ns: s.Server.Of("/fleet"), city: newCity(300, 1), stop: stop}
	s.Schema(schema)
	open, err := f.find(ctx, `SELECT `+columns+` FROM fleet_orders WHERE status < 3 ORDER BY id`)
	f.Warn("go on with what was ordered", err)
	for _, o := range open {
		f.city.add(o)
	}
	for range 120 { // all is busy when the first visitor comes
		f.step(time.Time{}, !s.Quiet)
	}
	s.Admit(f.ns, site.Rates{string(Watch): 30, string(Place): 2})
	f.ns.OnConnect(f.connect)
	Watch.Handle(f.ns, f.watch)
	Place.Handle(f.ns, f.order)
	shell.Pulse.Handle(f.ns, shell.Beat)
	crowd := s.Crowd(f.ns)
	f.running.Go(func() { crowd.Each(ctx, time.Second, f.step) })
	return f
}

// About describes the fleet to the start page.
func (f *Fleet) About() shell.About { return page.About }

// Close ends what the fleet runs, and returns when it has ended.
func (f *Fleet) Close() { f.stop(); f.running.Wait() }

// step lets a second pass and tells of it. All it tells are states: who can't take
// them as fast as they come skips some, and gets the newest.
func (f *Fleet) step(_ time.Time, simulated bool) {
	frames, orders, changed := f.city.step()
	for _, o := range changed {
		_, err := f.DB.Exec(`UPDATE fleet_orders SET status = ? WHERE id = ?`, o.Status, o.ID)
		f.Warn("store an order", err)
	}
	for _, o := range orders {
		f.Warn("tell of an order", Track.Emit(f.ns.To("customer "+o.Customer).Latest(fmt.Sprint("order ", o.ID)), o))
	}
	for _, frame := range frames {
		f.Warn("tell of a cell", Cell.Emit(f.ns.To(frame.Cell).Latest(frame.Cell), frame))
	}
	if simulated {
		customer := fmt.Sprint("simulated ", time.Now().UnixNano(), frames[0].Tick)
		_, err := f.place(context.Background(), Order{Customer: customer, From: f.city.any(f.city.crossings), To: f.city.any(f.city.crossings)})
		f.Warn("order", err)
	}
}

func (f *Fleet) connect(ctx context.Context, s *brio.Socket) error {
	customer := site.Who(s).ID
	s.Join("customer " + customer)
	orders, err := f.find(ctx, `SELECT `+columns+` FROM fleet_orders WHERE customer = ? ORDER BY id DESC LIMIT 6`, customer)
	return errors.Join(err, Orders.Emit(s, orders))
}

// watch sends the newest of each cell that was not watched before. It joins first,
// so that nothing is missed in between.
func (f *Fleet) watch(_ context.Context, s *brio.Socket, cells []string) error {
	all := f.city.Cells
	others := slices.DeleteFunc(slices.Clone(all), func(c string) bool { return slices.Contains(cells, c) })
	if len(cells)+len(others) != len(all) {
		return brio.Errorf("There is no such cell. Watch some of %s to %s, each once.", all[0], all[len(all)-1])
	}
	before := s.Rooms()
	s.Join(cells...)
	s.Leave(others...)
	for _, frame := range f.city.newest() {
		if slices.Contains(cells, frame.Cell) && !slices.Contains(before, frame.Cell) {
			f.Warn("tell of a cell", Cell.Emit(s.Latest(frame.Cell), frame))
		}
	}
	return nil
}

func (f *Fleet) order(ctx context.Context, s *brio.Socket, o Order) (Order, error) {
	who, err := site.Must(s)
	if err != nil {
		return Order{}, err
	}
	from, to := f.city.crossing(o.From), f.city.crossing(o.To)
	if max(distance(o.From, from), distance(o.To, to)) > 400 || distance(from, to) < 100 || o.Key == "" || len(o.Key) > 64 {
		return Order{}, brio.Errorf("Choose two places in the city that are at least 100 m apart.")
	}
	return f.place(ctx, Order{Customer: who.ID, Key: o.Key, From: from, To: to})
}

// place stores an order and has it delivered.
func (f *Fleet) place(ctx context.Context, o Order) (Order, error) {
	orders, err := f.find(ctx, `
		INSERT INTO fleet_orders (customer, key, from_x, from_y, to_x, to_y) SELECT ?1, ?2, ?3, ?4, ?5, ?6
		WHERE (SELECT count(*) FILTER (WHERE customer = ?1 AND key <> ?2) < 3 AND count(*) < 600 FROM fleet_orders WHERE status < 3)
		ON CONFLICT DO UPDATE SET key = key RETURNING `+columns, o.Customer, o.Key, o.From.X, o.From.Y, o.To.X, o.To.Y)
	if err != nil || len(orders) == 0 {
		return Order{}, cmp.Or(err, error(brio.Errorf("Three deliveries are under way for you, or too many for all. Order when one is delivered.")))
	}
	f.city.add(orders[0])
	return orders[0], nil
}

// find returns the orders that a statement returns.
func (f *Fleet) find(ctx context.Context, statement string, args ...any) (orders []Order, err error) {
	rows, err := f.DB.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Err(), rows.Close()) }()
	for rows.Next() {
		var o Order
		err = errors.Join(err, rows.Scan(&o.ID, &o.Customer, &o.Key, &o.Status, &o.From.X, &o.From.Y, &o.To.X, &o.To.Y))
		orders = append(orders, o)
	}
	return orders, err
}
