// Package desk is a showcase of brio: a support desk, where customers open tickets
// and agents claim them, so that never two have the same.
//
// Tickets are kept in memory and stored in SQLite, at most 600 with 200 messages each, as
// who asked wants an answer after a restart, too. Read events.go first.
package desk

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/shell"
	"github.com/briohq/brio/apps/site"
)

var (
	//go:embed web page.json
	files embed.FS
	//go:embed schema.sql
	schema string
	//go:embed script.txt
	script string // scenes: a subject, then what customer and agent say in turn
	page   = shell.Words(files)
)

// Desk is a running support desk. Its methods may be called concurrently.
type Desk struct {
	http.Handler
	site    *site.Site
	ns      *brio.Namespace
	queue   queue
	stop    context.CancelFunc
	running sync.WaitGroup
}

// New starts a desk on a site. It panics if the tickets can't be read.
func New(s *site.Site) *Desk {
	ctx, stop := context.WithCancel(context.Background())
	a := &Desk{Handler: shell.Page(page, files), site: s, ns: s.Server.Of("/desk"), stop: stop}
	s.Schema(schema)
	if err := a.queue.load(ctx, s.DB); err != nil {
		panic(err)
	}
	s.Admit(a.ns, site.Rates{string(Open): 1, string(Say): 3, string(Claim): 5, string(Release): 5, string(Resolve): 5, string(Reopen): 5})
	crowd := s.Crowd(a.ns)
	shell.Pulse.Handle(a.ns, shell.Beat)
	Enter.Handle(a.ns, a.enter)
	Read.Handle(a.ns, a.read)
	on(a, Open, a.queue.open, "customer")
	on(a, Say, a.queue.say, "customer", "agent")
	for verb, roles := range map[brio.Call[int64, Ticket]][]string{Claim: {"agent"}, Release: {"agent"}, Resolve: {"customer", "agent"}, Reopen: {"customer", "agent"}} {
		on(a, verb, func(who site.Person, id int64, now time.Time) (Ticket, error) { return a.queue.act(verb, who, id, now) }, roles...)
	}
	r := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	live := func(now time.Time, simulated bool) {
		here := map[string]bool{}
		for s := range a.ns.To("agents").Sockets() {
			here[site.Who(s).ID] = true
		}
		_, err := a.tell(a.queue.lapse(now, here))
		s.Warn("put back", err)
		if simulated {
			_, err = a.tell(a.live(now, r))
			s.Warn("simulate", err)
		}
	}
	cold := !s.Quiet && len(a.queue.tickets) == 0
	for before := 4 * time.Minute; before > 0 && cold; before -= time.Second {
		live(time.Now().Add(-before), true) // they have begun a while ago
	}
	a.running.Go(func() { crowd.Each(ctx, time.Second, func(_ time.Time, on bool) { live(time.Now(), on) }) })
	return a
}

// on handles what changes a ticket, for people of some roles.
func on[T any](a *Desk, call brio.Call[T, Ticket], change func(who site.Person, v T, now time.Time) (Ticket, error), roles ...string) {
	call.Handle(a.ns, func(_ context.Context, s *brio.Socket, v T) (Ticket, error) {
		who, err := site.Must(s, roles...)
		if err != nil {
			return Ticket{}, err
		}
		return a.tell(change(who, v, time.Now()))
	})
}

// tell stores what has changed, and tells all who see it.
func (a *Desk) tell(t Ticket, err error) (Ticket, error) {
	if t.Messages = nil; err != nil || t.ID == 0 {
		return t, err
	}
	public, _ := t.as(site.Person{})
	return t, errors.Join(save(context.Background(), a.site.DB, t), Changed.Emit(a.ns.To("guests"), public),
		Changed.Emit(a.ns.To("agents", "customer:"+t.Customer.ID), t))
}

// enter joins before it lists: what changes in between comes twice, and its version tells.
func (a *Desk) enter(_ context.Context, s *brio.Socket, _ brio.None) ([]Ticket, error) {
	who := site.Who(s)
	s.Join(cmp.Or(map[string]string{"agent": "agents", "": "guests"}[who.Role], "customer:"+who.ID))
	return a.queue.list(who), nil
}

func (a *Desk) read(_ context.Context, s *brio.Socket, id int64) (Ticket, error) {
	who, err := site.Must(s)
	if err != nil {
		return Ticket{}, err
	}
	return a.queue.with(who, id, func(*Ticket) error { return nil })
}

// About describes the desk to the start page.
func (a *Desk) About() shell.About { return page.About }

// Close returns when nothing runs any more.
func (a *Desk) Close() { a.stop(); a.running.Wait() }
