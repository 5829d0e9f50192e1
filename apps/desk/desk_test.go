package desk

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

// Many agents claim the same tickets at once: each ticket has one owner, and everyone
// else hears who.
func TestManyClaimAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const agents, tickets = 16, 60
		a, net, s := start(t, site.Config{Quiet: true})
		for i := range tickets {
			if _, err := a.queue.open(site.Person{ID: fmt.Sprint("c", i), Role: "customer"}, draft(fmt.Sprint(i)), time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		var mu sync.Mutex // guards what follows
		winners := map[int64][]string{}
		losers := map[int64][]string{}
		var running sync.WaitGroup
		for i := range agents {
			name := fmt.Sprint("Agent ", i)
			c := connect(t, net, s, site.Person{ID: fmt.Sprint("a", i), Name: name, Role: "agent"})
			running.Go(func() {
				for _, n := range rand.New(rand.NewPCG(1, uint64(i))).Perm(tickets) {
					id := int64(n%tickets) + 1
					got, err := Claim.Do(t.Context(), c, id)
					mu.Lock()
					switch {
					case err != nil:
						losers[id] = append(losers[id], err.Error())
					case got.Agent.Name != name:
						t.Errorf("%s is told that %d is of %s", name, id, got.Agent.Name)
					default:
						winners[id] = append(winners[id], name)
					}
					mu.Unlock()
				}
			})
		}
		running.Wait()
		for _, ticket := range a.queue.list(site.Person{ID: "x", Role: "agent"}) {
			if w := winners[ticket.ID]; len(w) != 1 || w[0] != ticket.Agent.Name {
				t.Errorf("ticket %d is of %s; granted to %v", ticket.ID, ticket.Agent.Name, w)
			}
			if n := len(losers[ticket.ID]); n != agents-1 {
				t.Errorf("ticket %d was refused %d times, want %d", ticket.ID, n, agents-1)
			}
			for _, refusal := range losers[ticket.ID] {
				if !strings.Contains(refusal, ticket.Agent.Name+" has this ticket already.") {
					t.Errorf("ticket %d, of %s: refused with %q", ticket.ID, ticket.Agent.Name, refusal)
				}
			}
		}
	})
}

// A ticket from its opening to its end, twice, as customer and agent see it.
func TestTicket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, net, s := start(t, site.Config{Quiet: true})
		cleo := connect(t, net, s, site.Person{ID: "cleo", Name: "Cleo", Role: "customer"})
		ada := connect(t, net, s, site.Person{ID: "ada", Name: "Ada", Role: "agent"})
		bob := connect(t, net, s, site.Person{ID: "bob", Name: "Bob", Role: "agent"})
		eve := connect(t, net, s, site.Person{ID: "eve", Name: "Eve", Role: "customer"})
		for _, c := range []*briotest.Client{cleo, ada, bob, eve} {
			if list := briotest.Do(t, c, Enter, brio.None{}); len(list) != 0 {
				t.Errorf("at first there is %v", list)
			}
		}
		opened := briotest.Do(t, cleo, Open, draft("k"))
		if again := briotest.Do(t, cleo, Open, draft("k")); again.ID != opened.ID {
			t.Error("a ticket that is sent twice is two")
		}
		now := time.Now()
		if opened.Due != now.Add(hurry).UnixMilli() || opened.Agent.ID != "" || opened.Customer.Name != "Cleo" || opened.Last.Text != "It broke." {
			t.Errorf("opened as %+v", opened)
		}
		id := opened.ID

		refused(t, "takes the role agent", func() error { _, err := Claim.Do(t.Context(), cleo, id); return err })
		refused(t, "no ticket", func() error { _, err := Read.Do(t.Context(), eve, id); return err })
		refused(t, "no ticket", func() error { _, err := Resolve.Do(t.Context(), eve, id); return err })
		refused(t, "Claim the ticket before", func() error {
			_, err := Say.Do(t.Context(), ada, Message{Ticket: id, Text: "Hello", Key: "1"})
			return err
		})

		briotest.Do(t, ada, Claim, id)
		briotest.Do(t, ada, Claim, id) // its acknowledgement was lost
		refused(t, "Ada has this ticket already.", func() error { _, err := Claim.Do(t.Context(), bob, id); return err })
		refused(t, "Claim the ticket first.", func() error { _, err := Release.Do(t.Context(), bob, id); return err })
		briotest.Do(t, ada, Say, Message{Ticket: id, Text: " Hello. ", Key: "1", From: site.Person{Name: "Eve"}})
		briotest.Do(t, ada, Say, Message{Ticket: id, Text: "Hello.", Key: "1"})
		briotest.Do(t, cleo, Say, Message{Ticket: id, Text: "Hello, Ada.", Key: "1"})
		read := briotest.Do(t, cleo, Read, id)
		var said []string
		for i, m := range read.Messages {
			said = append(said, m.From.Name+": "+m.Text)
			if m.N != i+1 {
				t.Errorf("message %d is numbered %d", i+1, m.N)
			}
		}
		if want := []string{"Cleo: It broke.", "Ada: Hello.", "Cleo: Hello, Ada."}; !reflect.DeepEqual(said, want) {
			t.Errorf("they said %q, want %q", said, want)
		}

		time.Sleep(time.Minute)
		if again := briotest.Do(t, ada, Release, id); again.Agent.ID != "" || again.Due != opened.Due {
			t.Errorf("put back as %+v", again)
		}
		briotest.Do(t, bob, Claim, id)
		briotest.Do(t, cleo, Resolve, id)
		refused(t, "resolved already", func() error { _, err := Claim.Do(t.Context(), ada, id); return err })
		refused(t, "reopen it", func() error {
			_, err := Say.Do(t.Context(), bob, Message{Ticket: id, Text: "Bye", Key: "2"})
			return err
		})
		if again := briotest.Do(t, cleo, Reopen, id); again.Agent.ID != "" || again.Resolved || again.Due != time.Now().Add(hurry).UnixMilli() {
			t.Errorf("reopened as %+v", again)
		}
		refused(t, "open already", func() error { _, err := Reopen.Do(t.Context(), bob, id); return err })

		synctest.Wait()
		newest := 0
		for _, event := range ada.Events() {
			var seen Ticket
			if err := event.Args.Scan(&seen); err != nil {
				t.Fatal(err)
			}
			newest = max(newest, seen.Version)
		}
		if want := briotest.Do(t, bob, Read, id).Version; newest != want {
			t.Errorf("an agent has heard of version %d, want %d", newest, want)
		}
		eve.Quiet(t)
	})
}

func TestRefusals(t *testing.T) {
	a, net, s := start(t, site.Config{Quiet: true})
	cleo := connect(t, net, s, site.Person{ID: "cleo", Name: "Cleo", Role: "customer"})
	for want, change := range map[string]func(d *Ticket){
		"3 to 80 characters":   func(d *Ticket) { d.Subject = "  ab " },
		"Say in 3 to 80":       func(d *Ticket) { d.Subject = strings.Repeat("a", 81) },
		"1 to 1000 characters": func(d *Ticket) { d.Last.Text = " \n" },
		"this has 1001":        func(d *Ticket) { d.Last.Text = strings.Repeat("é", 1001) },
		"a key":                func(d *Ticket) { d.Last.Key = "" },
		"key of 1 to 64":       func(d *Ticket) { d.Last.Key = strings.Repeat("k", 65) },
	} {
		d := draft("k")
		change(&d)
		refused(t, want, func() error { _, err := Open.Do(t.Context(), cleo, d); return err })
	}
	for i := range 5 {
		briotest.Do(t, cleo, Open, draft(fmt.Sprint(i)))
	}
	refused(t, "too many open tickets, 5 of them yours", func() error { _, err := Open.Do(t.Context(), cleo, draft("6")); return err })
	for i := range 199 {
		briotest.Do(t, cleo, Say, Message{Ticket: 1, Text: "And?", Key: fmt.Sprint("m", i)})
	}
	refused(t, "full", func() error {
		_, err := Say.Do(t.Context(), cleo, Message{Ticket: 1, Text: "And?", Key: "more"})
		return err
	})

	guest := net.Connect(t, "/desk", client.Config{})
	for _, ticket := range briotest.Do(t, guest, Enter, brio.None{}) {
		if ticket.Subject != "" || ticket.Last.Text != "" || ticket.Customer.Name != "" || ticket.Due == 0 {
			t.Errorf("who looks on sees %+v", ticket)
		}
	}
	refused(t, "pass", func() error { _, err := Read.Do(t.Context(), guest, 1); return err })
	refused(t, "pass", func() error { _, err := Open.Do(t.Context(), guest, draft("x")); return err })

	for i := range 3 * maxTickets { // resolved ones make room
		who := site.Person{ID: fmt.Sprint("c", i), Role: "customer"}
		ticket, err := a.queue.open(who, draft("k"), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.queue.act(Resolve, who, ticket.ID, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(a.queue.list(site.Person{ID: "x", Role: "agent"})); n > maxTickets+5 {
		t.Errorf("%d tickets are kept", n)
	}
}

func TestTicketsOutliveTheProgram(t *testing.T) {
	folder := t.TempDir()
	s, err := site.Open(site.Config{Data: folder})
	if err != nil {
		t.Fatal(err)
	}
	a := New(s)
	var want []Ticket
	for _, ticket := range a.queue.tickets {
		want = append(want, *ticket)
	}
	a.Close()
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(want) < 3 {
		t.Fatalf("the simulated people have opened %d tickets", len(want))
	}
	b, _, _ := start(t, site.Config{Data: folder, Quiet: true})
	for i, ticket := range b.queue.tickets {
		want[i].Now, ticket.Now, want[i].seen = 0, 0, ticket.seen
		if !reflect.DeepEqual(*ticket, want[i]) {
			t.Errorf("a ticket was %+v and is %+v", want[i], *ticket)
		}
	}
	if len(b.queue.tickets) != len(want) {
		t.Errorf("%d tickets are there, want %d", len(b.queue.tickets), len(want))
	}
}

// What an agent has claimed goes back into the queue when they have been away for two
// minutes, and not before, nor while they are there.
func TestAClaimLapses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, net, s := start(t, site.Config{Quiet: true})
		cleo := connect(t, net, s, site.Person{ID: "cleo", Name: "Cleo", Role: "customer"})
		ada := connect(t, net, s, site.Person{ID: "ada", Name: "Ada", Role: "agent"})
		bob := connect(t, net, s, site.Person{ID: "bob", Name: "Bob", Role: "agent"})
		for _, c := range []*briotest.Client{cleo, ada, bob} {
			briotest.Do(t, c, Enter, brio.None{})
		}
		id := briotest.Do(t, cleo, Open, draft("k")).ID
		briotest.Do(t, ada, Claim, id)
		agent := func() string { return briotest.Do(t, cleo, Read, id).Agent.Name }
		time.Sleep(10 * time.Minute)
		if got := agent(); got != "Ada" {
			t.Errorf("while she is there it is of %q", got)
		}
		ada.Close()
		time.Sleep(away - 5*time.Second)
		if got := agent(); got != "Ada" {
			t.Errorf("a little before it is of %q", got)
		}
		ada = connect(t, net, s, site.Person{ID: "ada", Name: "Ada", Role: "agent"})
		briotest.Do(t, ada, Enter, brio.None{})
		time.Sleep(2 * time.Second)
		ada.Close()
		time.Sleep(away - 5*time.Second)
		if got := agent(); got != "Ada" {
			t.Errorf("though she came back it is of %q", got)
		}
		time.Sleep(10 * time.Second)
		if got := agent(); got != "" {
			t.Errorf("she is gone, and it is of %q", got)
		}
		if got := briotest.Do(t, bob, Claim, id); got.Agent.Name != "Bob" {
			t.Errorf("bob has claimed it, and it is of %q", got.Agent.Name)
		}
		synctest.Wait()
		var seen []string
		for _, event := range cleo.Events() {
			var ticket Ticket
			if err := event.Args.Scan(&ticket); err != nil {
				t.Fatal(err)
			}
			seen = append(seen, ticket.Agent.Name)
		}
		if got := strings.Join(seen, ","); got != ",Ada,,Bob" {
			t.Errorf("cleo has seen it with %q", got)
		}
	})
}

// Simulated agents take what nobody took for a while, and only while somebody is
// there to see.
func TestSimulatedPeople(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, net, s := start(t, site.Config{})
		count := func() int { return len(a.queue.list(site.Person{ID: "x", Role: "agent"})) }
		before := count()
		time.Sleep(time.Hour)
		if n := count(); n != before {
			t.Errorf("nobody is there, and they open %d tickets", n-before)
		}
		cleo := connect(t, net, s, site.Person{ID: "cleo", Name: "Cleo", Role: "customer"})
		id := briotest.Do(t, cleo, Open, draft("k")).ID
		time.Sleep(10 * time.Second)
		if ticket := briotest.Do(t, cleo, Read, id); ticket.Agent.ID != "" {
			t.Errorf("%s takes it at once", ticket.Agent.Name)
		}
		time.Sleep(2 * time.Minute)
		ticket := briotest.Do(t, cleo, Read, id)
		if ticket.Agent.Role != "simulated" || len(ticket.Messages) != 2 || ticket.Resolved {
			t.Errorf("two minutes later it is %+v", ticket)
		}
		time.Sleep(20 * time.Minute)
		resolved, open := 0, 0
		for _, ticket := range a.queue.list(site.Person{ID: "x", Role: "agent"}) {
			if ticket.Resolved {
				resolved++
			} else {
				open++
			}
		}
		if resolved < 20 || open < 1 || open > 8 {
			t.Errorf("in twenty minutes %d are resolved and %d open", resolved, open)
		}
	})
}

// The script is text that one edits by hand.
func TestScript(t *testing.T) {
	for scene := range strings.SplitSeq(strings.TrimSpace(script), "\n\n") {
		lines := strings.Split(scene, "\n")
		asked := Ticket{Subject: lines[0], Last: Message{Text: lines[1], Key: "k"}}
		if _, err := (&queue{}).open(agents[0], asked, time.Now()); err != nil || strings.Count(script, lines[0]+"\n") != 1 || len(lines) < 4 {
			t.Errorf("%q can't be played: %v", lines, err)
		}
	}
}

func draft(key string) Ticket {
	return Ticket{Subject: "The  string broke", Urgent: true, Last: Message{Text: "It broke.", Key: key}}
}

func refused(t *testing.T, want string, f func() error) {
	t.Helper()
	if err := f(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("it is answered with %v, want %q", err, want)
	}
}

func connect(t *testing.T, net *briotest.Site, s *site.Site, who site.Person) *briotest.Client {
	t.Helper()
	pass, err := s.Passes.Make(who)
	if err != nil {
		t.Fatal(err)
	}
	return net.Connect(t, "/desk", client.Config{Auth: map[string]string{"pass": pass}})
}

func start(t *testing.T, config site.Config) (*Desk, *briotest.Site, *site.Site) {
	t.Helper()
	config.Unlimited = true
	s, err := site.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	a := New(s)
	t.Cleanup(func() {
		a.Close()
		if err := s.Close(context.Background()); err != nil {
			t.Errorf("close the site: %v", err)
		}
	})
	return a, briotest.Serve(t, s.Server), s
}
