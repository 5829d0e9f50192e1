// Package chat is a showcase of brio: a chat with rooms, presence, typing indicators,
// private messages, read marks and a history that survives a bad line.
//
// Who is where is known to brio alone, as the rooms that sockets have joined. What was
// said is stored, 500 messages in each of 53 rooms and 500 conversations, and 20,000 marks
// of how far people have read. Read events.go first; archive.go stores, bots.go plays the others.
package chat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/shell"
	"github.com/briohq/brio/apps/site"
)

// The bounds of what people send and get. Those of what is stored are in sql/schema.sql.
const (
	MaxText   = 2000    // characters
	MaxListed = 100     // people in a room; more are not counted
	stage     = "foyer" // where the simulated people talk
)

var (
	roomName = regexp.MustCompile(`^[\pL\pN_-]+$`)
	cast     = []string{"Ines", "Jonas", "Mira", "Teo"}
	script   = strings.Split(file("script.txt"), "\n\n") // what they say to each other, to others, in private
)

// Chat is a running chat. Its methods may be called concurrently.
type Chat struct {
	http.Handler // its page
	site         *site.Site
	ns           *brio.Namespace
	crowd        *site.Crowd
	told         sync.Map // the states that pages know
	stop         context.CancelFunc
	running      sync.WaitGroup
	heard        atomic.Pointer[Message] // what simulated people may answer
	typing       Message                 // what one of them is about to say; owned by tick, as ticks is
	ticks        int
}

// New starts a chat on a site.
func New(s *site.Site) *Chat {
	ctx, stop := context.WithCancel(context.Background())
	ns := s.Server.Of("/chat")
	c := &Chat{Handler: shell.Page(page, files), site: s, ns: ns, stop: stop}
	s.Schema(file("sql/schema.sql"))
	if !s.Quiet {
		s.Schema(file("sql/past.sql"))
	}
	s.Admit(ns, site.Rates{string(Open): 10, string(Older): 5, string(Say): 3, string(Read): 10, string(Typing): 2})
	ns.OnConnect(c.arrive)
	Open.Handle(ns, c.open)
	Older.Handle(ns, c.open)
	Say.Handle(ns, c.say)
	Read.Handle(ns, c.sign)
	Typing.Handle(ns, c.sign)
	shell.Pulse.Handle(ns, shell.Beat)
	c.crowd = s.Crowd(ns)
	c.running.Go(func() { c.crowd.Each(ctx, 250*time.Millisecond, c.tick) })
	return c
}

// About describes the chat to the start page.
func (c *Chat) About() shell.About { return page.About }

// Close ends what the chat runs, and returns when it has ended.
func (c *Chat) Close() { c.stop(); c.running.Wait() }

// arrive joins before it reads, as open does: what is said in between comes twice
// rather than never, and the page knows it by its number.
func (c *Chat) arrive(_ context.Context, s *brio.Socket) error {
	defer c.told.Delete("")                      // all that are there, with how many people are in them, come at the next tick
	s.Join("@" + cmp.Or(site.Who(s).ID, s.ID())) // who looks on is alone in theirs
	rooms, err := listRooms.do(c.site.DB, site.Who(s).ID)
	return errors.Join(err, Welcome.Emit(s, rooms))
}

// open enters a public room, or looks into a private one: the tab stays where it is. A
// room that is not there is made, a private one if both are here.
func (c *Chat) open(_ context.Context, s *brio.Socket, o Opening) (p Page, err error) {
	members, rooms := []site.Person{site.Who(s)}, hearers(o.Room)
	private := len(rooms) == 2
	if private {
		members = append(c.people(rooms[0]), c.people(rooms[1])...)
		_, _, err = voice(s, o.Room)
	} else if o.Room = strings.ToLower(strings.Join(strings.Fields(o.Room), "-")); !roomName.MatchString(o.Room) || len([]rune(o.Room)) > 16 { // the id of a socket, a room too, is longer
		err = brio.Errorf("Name the room with up to 16 letters, digits and dashes.")
	}
	if err == nil && site.Who(s).ID != "" && (!private || len(members) == 2 && rooms[0] < rooms[1]) {
		_, err = enter.do(c.site.DB, Presence{o.Room, members})
	}
	if err != nil {
		return p, err
	}
	if private {
		return readPage.do(c.site.DB, o)
	}
	s.Leave(slices.DeleteFunc(s.Rooms(), func(room string) bool { return room[0] == '@' })...)
	s.Join(o.Room)
	defer c.told.Delete(o.Room) // what is told meanwhile may be newer than this page
	p, err = readPage.do(c.site.DB, o)
	p.People = c.people(o.Room)
	return p, err
}

func (c *Chat) say(_ context.Context, s *brio.Socket, d Draft) (m Message, err error) {
	d.Text = strings.TrimSpace(d.Text)
	who, to, err := voice(s, d.Room)
	switch n := len([]rune(d.Text)); {
	case err != nil:
		return m, err
	case n == 0 || n > MaxText:
		return m, brio.Errorf("Write 1 to %d characters; these are %d.", MaxText, n)
	case d.Key == "" || len(d.Key) > 64:
		return m, brio.Errorf("Give the message a key of 1 to 64 bytes.")
	}
	m, err = c.speak(to, Message{Draft: d, From: who, At: time.Now().UnixMilli()})
	if c.crowd.On() && (m.Room == stage || strings.Contains(m.Room, "+bot:")) {
		c.heard.Store(&m)
	}
	return m, err
}

// speak stores a message and tells a room, once however often it is sent.
func (c *Chat) speak(to brio.Target, m Message) (Message, error) {
	stored, err := store.do(c.site.DB, m)
	if err != nil || stored.At < m.At {
		return stored, err
	}
	return stored, Said.Emit(to, stored)
}

// sign passes on that somebody is writing or, once it is stored, how far they have read:
// to their other tabs and, in private, to the other one.
func (c *Chat) sign(_ context.Context, s *brio.Socket, t Sign) error {
	who, to, err := voice(s, t.Room)
	switch t.From = who; {
	case err != nil:
		return err
	case t.Upto == 0:
		return Typing.Emit(to.Volatile(), t)
	case len(hearers(t.Room)) == 1:
		to = s.To("@" + who.ID)
	}
	if t, err = mark.do(c.site.DB, t); err != nil {
		return err
	}
	return Read.Emit(to.Latest("read "+t.Room+who.ID), t)
}

// voice returns who a socket is and whom they speak to in a room.
func voice(s *brio.Socket, room string) (site.Person, brio.Target, error) {
	who, err := site.Must(s)
	rooms := hearers(room)
	if err == nil && len(rooms) > 1 && !slices.Contains(rooms, "@"+who.ID) {
		err = brio.Errorf("That conversation belongs to others.")
	}
	return who, s.To(rooms...), err
}

// hearers names brio's rooms that hear a room: the tabs in it or, of "@a+b", all of the two.
func hearers(room string) []string { return strings.Split(strings.ReplaceAll(room, "+", "+@"), "+") }

// tick sends out what has changed: changes that come together travel together, so a page
// that is reloaded is not seen to leave. Every tenth time, simulated people act.
func (c *Chat) tick(now time.Time, simulated bool) {
	rooms, err := listRooms.do(c.site.DB, "")
	for i, r := range rooms {
		people := c.people(r.Name)
		rooms[i].People = len(people)
		state := fmt.Sprint(people)
		if before, _ := c.told.Swap(r.Name, state); before != state {
			err = errors.Join(err, Present.Emit(c.ns.To(r.Name).Latest("present"), Presence{r.Name, people}))
		}
	}
	state := fmt.Sprint(rooms)
	if before, _ := c.told.Swap("", state); before != state {
		err = errors.Join(err, Rooms.Emit(c.ns.Broadcast().Latest("rooms"), rooms))
	}
	if c.ticks++; c.ticks%14_400 == 0 {
		c.told.Clear() // after an hour, for it has rooms that are gone, too
	}
	if simulated && c.ticks%10 == 0 {
		err = errors.Join(err, c.play(now))
	}
	c.site.Warn("chat: tick", err)
}

// people lists who is in a room of brio's, each once, however many tabs they have there.
func (c *Chat) people(room string) []site.Person {
	people := map[string]site.Person{}
	for s := range c.ns.To(room).Sockets() {
		people[site.Who(s).ID] = site.Who(s)
	}
	for _, name := range cast {
		if b := bot(name); c.crowd.On() && (room == stage || room == "@"+b.ID) {
			people[b.ID] = b
		}
	}
	delete(people, "") // who only looks on
	list := slices.SortedFunc(maps.Values(people), func(a, b site.Person) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
	return list[:min(len(list), MaxListed)]
}
