// Package trading is an exchange: orders are matched by price, then time. The market is
// in memory. At most 10,000 accounts with 12 orders each, and the last 2,000 trades, are
// stored in SQLite before anybody is told, so a restart takes nothing back. Read events.go first.
package trading

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/shell"
	"github.com/briohq/brio/apps/site"
)

//go:embed web page.json schema.sql
var files embed.FS

// Trading is a running exchange, and the handler of its page.
type Trading struct {
	http.Handler
	page    shell.Content
	site    *site.Site
	ns      *brio.Namespace
	market  Market
	stop    context.CancelFunc
	running sync.WaitGroup
	telling sync.Mutex // held by tell, the only one to tell anything
}

// New starts an exchange on a site.
func New(s *site.Site) *Trading {
	ctx, stop := context.WithCancel(context.Background())
	t := &Trading{site: s, ns: s.Server.Of("/trading"), stop: stop}
	t.load()
	t.Handler = shell.Page(t.page, files)
	random, worth := rand.New(rand.NewPCG(rand.Uint64(), 0)), map[string]int64{}
	for fresh, n := t.market.Orders == 0 && !s.Quiet, 0; fresh && n < 5000; n++ {
		t.market.simulate(random, worth) // as if they had been there
	}
	s.Admit(t.ns, site.Rates{string(Place): 5, string(Cancel): 5, string(Tape): 5})
	t.ns.OnConnect(func(_ context.Context, s *brio.Socket) error {
		s.Join(site.Who(s).ID)
		return t.tell(site.Who(s).ID)
	})
	Place.Handle(t.ns, command(t, t.market.Place))
	Cancel.Handle(t.ns, command(t, t.market.Cancel))
	brio.Call[int64, json.RawMessage](Tape).Handle(t.ns, t.tape)
	shell.Pulse.Handle(t.ns, shell.Beat)
	crowd, tick := s.Crowd(t.ns), func(_ time.Time, simulated bool) {
		if simulated {
			t.market.simulate(random, worth)
		}
		s.Warn("store trades", t.tell())
	}
	t.running.Go(func() { crowd.Each(ctx, 200*time.Millisecond, tick) })
	return t
}

// load reads what there is, and was.
func (t *Trading) load() {
	var state string
	words, _ := files.ReadFile("page.json") // they are a part of the program
	schema, _ := files.ReadFile("schema.sql")
	t.site.Schema(string(schema))
	err := t.site.DB.QueryRow(`SELECT state FROM trading_market`).Scan(&state)
	if err = cmp.Or(err, json.Unmarshal(words, &t.page), json.Unmarshal([]byte(state), &t.market)); err != nil {
		panic(err) // as Schema does
	}
	for _, a := range t.market.Accounts {
		for _, o := range a.Orders {
			t.market.Books[o.Symbol].update(o, a)
		}
	}
}

// About describes the exchange to the start page.
func (t *Trading) About() shell.About { return t.page.About }

// Close ends the exchange.
func (t *Trading) Close() {
	t.stop()
	t.running.Wait()
	t.site.Warn("store trades", t.tell())
}

// command has what somebody wants done, and answers once it is stored.
func command[T any](t *Trading, do func(who string, v T) (Order, error)) func(context.Context, *brio.Socket, T) (Order, error) {
	return func(_ context.Context, s *brio.Socket, v T) (Order, error) {
		who, err := site.Must(s)
		if err != nil {
			return Order{}, err
		}
		o, err := do(who.ID, v)
		return o, cmp.Or(err, t.tell())
	}
}

// tell stores what is new, of all who wait for that, and tells it.
func (t *Trading) tell(newcomers ...string) error {
	t.telling.Lock()
	defer t.telling.Unlock()
	n := t.market.take(newcomers...)
	batch, _ := json.Marshal(n) // it can be
	if _, err := t.site.DB.Exec(`INSERT INTO trading_news VALUES (?)`, string(batch)); err != nil {
		return err
	}
	if n.Trades != nil {
		_ = Traded.Emit(t.ns, n.Trades)
	}
	for _, q := range n.quotes {
		_ = Quoted.Emit(t.ns.Broadcast().Latest(q.Symbol), q)
	}
	for id, a := range n.Accounts {
		_ = t.ns.To(id).Latest("account").Emit(string(Owned), a)
	}
	return nil
}

// tape reads trades from where they are before anybody is told.
func (t *Trading) tape(_ context.Context, _ *brio.Socket, after int64) (trades json.RawMessage, err error) {
	return trades, t.site.DB.QueryRow(`SELECT CAST(json_group_array(json(state)) AS BLOB) FROM (SELECT state FROM trading_trades
		WHERE no > iif(?1 < 0, (SELECT max(no) FROM trading_trades) + max(?1, -500), ?1) ORDER BY no LIMIT 500)`, after).Scan(&trades)
}
