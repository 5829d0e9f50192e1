package desk

import (
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/site"
)

// The bounds of what people write, in characters, and of what is kept.
const (
	MaxSubject  = 80
	MaxText     = 1000
	maxTickets  = 100                               // resolved ones go when as many are newer
	maxAll      = 600                               // with the open ones
	calm, hurry = 4 * time.Minute, 90 * time.Second // until a ticket is due
	away        = 2 * time.Minute                   // that an agent may be, and keep what they have claimed
)

// queue is all tickets, and decides who gets one. Its methods may be called concurrently.
type queue struct {
	mu      sync.Mutex // guards tickets and what they point to
	tickets []*Ticket  // by ID
}

// open makes a ticket of what a customer asks.
func (q *queue) open(who site.Person, asked Ticket, now time.Time) (Ticket, error) {
	t, own := &Ticket{ID: 1, Subject: strings.Join(strings.Fields(asked.Subject), " "), Urgent: asked.Urgent, Customer: who}, 0
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, other := range q.tickets {
		if t.ID = other.ID + 1; other.Customer.ID == who.ID && !other.Resolved {
			own++
		}
		if other.Customer.ID == who.ID && other.Messages[0].Key == asked.Last.Key {
			return *other, nil
		}
	}
	switch n, err := utf8.RuneCountInString(t.Subject), t.add(who, asked.Last, now); {
	case n < 3 || n > MaxSubject:
		return *t, brio.Errorf("Say in 3 to %d characters what it is about.", MaxSubject)
	case err != nil:
		return *t, err
	case own >= 5 || len(q.tickets) >= maxAll:
		return *t, brio.Errorf("There are too many open tickets, %d of them yours. Resolve one first.", own)
	}
	t.enter(site.Person{}, now)
	q.tickets = slices.DeleteFunc(append(q.tickets, t), func(other *Ticket) bool { return other.Resolved && other.ID <= t.ID-maxTickets })
	return *t, nil
}

func (q *queue) say(who site.Person, m Message, now time.Time) (Ticket, error) {
	return q.with(who, m.Ticket, func(t *Ticket) error {
		if t.Resolved || who.ID != t.Customer.ID && who.ID != t.Agent.ID {
			return brio.Errorf("Claim the ticket before you answer, and reopen it if it is resolved.")
		}
		return t.add(who, m, now)
	})
}

// act does what somebody asks for: of all who claim a ticket at once, one finds it free.
func (q *queue) act(verb brio.Call[int64, Ticket], who site.Person, id int64, now time.Time) (Ticket, error) {
	return q.with(who, id, func(t *Ticket) error {
		has := t.Agent.ID == who.ID
		switch {
		case t.Resolved != (verb == Reopen):
			return brio.Errorf("This ticket is %s already.", map[bool]string{true: "resolved", false: "open"}[t.Resolved])
		case verb == Claim && t.Agent.ID != "" && !has:
			return brio.Errorf("%s has this ticket already.", t.Agent.Name)
		case verb == Release && !has || verb == Resolve && !has && t.Customer.ID != who.ID:
			return brio.Errorf("Claim the ticket first.")
		case verb == Claim && !has: // else it comes again, as its acknowledgement was lost
			t.enter(who, now)
		case verb == Resolve:
			t.Resolved, t.Version = true, t.Version+1
		case verb != Claim:
			t.enter(site.Person{}, now)
		}
		return nil
	})
}

// lapse puts back a ticket whose agent has been away for too long, if there is one.
func (q *queue) lapse(now time.Time, here map[string]bool) (Ticket, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, t := range q.tickets {
		if here[t.Agent.ID] || t.seen == 0 { // or nobody can have come back since the start
			t.seen = now.UnixMilli()
		}
		if !t.Resolved && t.Agent.ID != "" && t.Agent.Role != "simulated" && now.UnixMilli()-t.seen > away.Milliseconds() {
			t.enter(site.Person{}, now)
			return *t, nil
		}
	}
	return Ticket{}, nil
}

// with calls f with a ticket that somebody sees. One f runs at a time.
func (q *queue) with(who site.Person, id int64, f func(t *Ticket) error) (Ticket, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, t := range q.tickets {
		if _, ok := t.as(who); ok && t.ID == id {
			err := f(t)
			return *t, err
		}
	}
	return Ticket{}, brio.Errorf("There is no ticket %d any more.", id)
}

// list returns the tickets that somebody sees.
func (q *queue) list(who site.Person) []Ticket {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := []Ticket{}
	for _, t := range q.tickets {
		if seen, ok := t.as(who); ok {
			list = append(list, seen)
		}
	}
	return list
}

// as is the ticket as somebody sees it, if they do: without words to who only looks on.
func (t Ticket) as(who site.Person) (seen Ticket, ok bool) {
	if t.Messages, t.Now = nil, time.Now().UnixMilli(); who.ID == "" {
		return Ticket{ID: t.ID, Version: t.Version, Urgent: t.Urgent, Due: t.Due, Now: t.Now, Agent: site.Person{Role: t.Agent.Role}, Resolved: t.Resolved}, true
	}
	return t, who.Role == "agent" || who.Role == "simulated" || who.ID == t.Customer.ID
}

// enter gives the ticket to an agent, or none. One that is new or reopened gets time.
func (t *Ticket) enter(agent site.Person, now time.Time) {
	if t.Due == 0 || t.Resolved {
		t.Due = now.Add(map[bool]time.Duration{false: calm, true: hurry}[t.Urgent]).UnixMilli()
	}
	t.Agent, t.Since, t.seen, t.Resolved, t.Version = agent, now.UnixMilli(), now.UnixMilli(), false, t.Version+1
}

// add adds a message that is not there already, or says what to change.
func (t *Ticket) add(who site.Person, m Message, now time.Time) error {
	m = Message{t.ID, len(t.Messages) + 1, who, strings.TrimSpace(m.Text), now.UnixMilli(), m.Key}
	switch n := utf8.RuneCountInString(m.Text); {
	case slices.ContainsFunc(t.Messages, func(other Message) bool { return other.Key == m.Key && other.From.ID == who.ID }):
		return nil
	case n == 0 || n > MaxText:
		return brio.Errorf("Write a message of 1 to %d characters; this has %d.", MaxText, n)
	case m.Key == "" || len(m.Key) > 64:
		return brio.Errorf("Give the message a key of 1 to 64 bytes.")
	case m.N > 200:
		return brio.Errorf("This ticket is full. Open another one.")
	}
	t.Last, t.Messages, t.Version = m, append(t.Messages, m), t.Version+1
	return nil
}
