// Package chat is a showcase of brio: a chat with rooms, presence, typing indicators,
// private messages, read marks and a history that survives a bad line.
//
// Who is where is known to brio alone, as the rooms that sockets have joined. What was
// said, in which rooms, and how far each has read is stored: people come back for it.
// Read events.go first; archive.go and sql/schema.sql store, bots.go plays the others.
package chat

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/shell"
	"github.com/briohq/brio/apps/site"
)

// The bounds of what people send and get. Those of what is stored are in sql/schema.sql.
const (
	MaxRoom   = 16   // characters: fewer than the id of a socket has, which is a room, too
	MaxText   = 2000 // characters
	MaxKey    = 64   // bytes
	MaxListed = 100  // people in a room
	PageSize  = 50   // messages
)

var (
	//go:embed web
	web      embed.FS
	roomName = regexp.MustCompile(fmt.Sprintf(`^[\pL\pN_-]{1,%d}$`, MaxRoom))
)

// Chat is a running chat. Its methods may be called concurrently.
type Chat struct {
	http.Handler // its page
	archive
	ns      *brio.Namespace
	crowd   *site.Crowd
	heard   chan Message // what simulated people may answer; when full they miss it
	typing  Message      // what one of them is about to say; play's own
	turn    int          // likewise
	told    sync.Map     // the states that pages know
	stop    context.CancelFunc
	running sync.WaitGroup
}

// in is the public room that a socket, a tab of somebody, is in.
const in brio.Key[string] = "room"

// New starts a chat on a site.
func New(s *site.Site) *Chat {
	ctx, stop := context.WithCancel(context.Background())
	ns := s.Server.Of("/chat")
	c := &Chat{Handler: shell.Page(page, web), archive: archive{s.DB}, ns: ns, heard: make(chan Message, 8), stop: stop}
	s.Schema(statement("schema"))
	if !s.Quiet {
		s.Schema(statement("past"))
	}
	ns.Use(s.Passes.Admit)
	ns.OnConnect(c.arrive)
	Open.Handle(ns, c.open)
	Older.Handle(ns, c.older)
	Say.Handle(ns, c.say)
	Read.Handle(ns, c.read)
	Typing.Handle(ns, c.writes)
	shell.Pulse.Handle(ns, shell.Beat)
	c.crowd = s.Crowd(ns)
	each := func(d time.Duration, f func(now time.Time, simulated bool) error) {
		c.running.Go(func() { c.crowd.Each(ctx, d, func(now time.Time, on bool) { s.Warn("chat", f(now, on)) }) })
	}
	each(250*time.Millisecond, c.tell)
	each(2500*time.Millisecond, c.play)
	return c
}

// About describes the chat to the start page.
func (c *Chat) About() shell.About { return page.About }

// Close ends what the chat runs, and returns when it has ended.
func (c *Chat) Close() {
	c.stop()
	c.running.Wait()
}

// arrive joins before it reads, as open does: what is said in between comes twice
// rather than never, and the page knows it by its number.
func (c *Chat) arrive(_ context.Context, s *brio.Socket) error {
	s.Join("@" + site.Who(s).ID)
	rooms, err := c.rooms(site.Who(s).ID)
	return errors.Join(err, Welcome.Emit(s, rooms))
}

// open enters a public room, or looks into a private one: the tab stays where it is. A
// room that is not there is made, a private one if both are here.
func (c *Chat) open(_ context.Context, s *brio.Socket, o Opening) (p Page, err error) {
	if one, other, private := strings.Cut(o.Room, "+"); private {
		two := append(c.people(one), c.people("@"+other)...)
		if _, _, err = voice(s, o.Room); err == nil && len(two) == 2 && one < "@"+other {
			err = c.add(o.Room, time.Now(), two...)
		}
		if err != nil {
			return p, err
		}
		return c.page(o)
	}
	o.Room = strings.ToLower(strings.Join(strings.Fields(o.Room), "-"))
	if !roomName.MatchString(o.Room) {
		return p, brio.Errorf("Name the room with up to %d letters, digits and dashes.", MaxRoom)
	}
	if who := site.Who(s); who.ID != "" {
		err = c.add(o.Room, time.Now(), who)
	}
	if err == nil {
		s.Leave(in.Get(s))
		s.Join(o.Room)
		in.Set(s, o.Room)
		defer c.told.Delete(o.Room) // what is told meanwhile may be newer than this page
		p, err = c.page(o)
		p.People = listed(c.people(o.Room))
	}
	return p, err
}

func (c *Chat) older(_ context.Context, s *brio.Socket, o Opening) (Page, error) {
	if _, _, err := voice(s, o.Room); err != nil {
		return Page{}, err
	}
	return c.page(o)
}

func (c *Chat) say(_ context.Context, s *brio.Socket, d Draft) (m Message, err error) {
	d.Text = strings.TrimSpace(d.Text)
	who, to, err := voice(s, d.Room)
	if n := utf8.RuneCountInString(d.Text); err == nil && (n == 0 || n > MaxText || d.Key == "" || len(d.Key) > MaxKey) {
		err = brio.Errorf("Write 1 to %d characters, not %d, with a key of 1 to %d bytes.", MaxText, n, MaxKey)
	}
	if err != nil {
		return m, err
	}
	m, err = c.speak(to, Message{Draft: d, From: who, At: time.Now().UnixMilli()})
	if c.crowd.On() && (m.Room == stage || strings.Contains(m.Room, "+bot:")) {
		select {
		case c.heard <- m:
		default:
		}
	}
	return m, err
}

// speak stores a message and tells a room, once however often it is sent.
func (c *Chat) speak(to brio.Target, m Message) (Message, error) {
	stored, err := c.store(m)
	if err != nil || stored.At < m.At {
		return stored, err
	}
	return stored, Said.Emit(to, stored)
}

// read is told to the person's other tabs and, in private, to the other one.
func (c *Chat) read(_ context.Context, s *brio.Socket, r Sign) (err error) {
	var to brio.Target
	if r.From, to, err = voice(s, r.Room); err != nil {
		return err
	}
	if len(hearers(r.Room)) == 1 {
		to = s.To("@" + r.From.ID)
	}
	return c.remember(to, r)
}

func (c *Chat) remember(to brio.Target, r Sign) error {
	r, err := c.mark(r)
	if err != nil {
		return err
	}
	return Read.Emit(to.Latest("read "+r.Room+r.From.ID), r)
}

func (c *Chat) writes(_ context.Context, s *brio.Socket, t Sign) error {
	who, to, err := voice(s, t.Room)
	if err != nil {
		return err
	}
	return Typing.Emit(to.Volatile(), Sign{Room: t.Room, From: who})
}

// voice returns who a socket is and whom they speak to in a room.
func voice(s *brio.Socket, room string) (site.Person, brio.Target, error) {
	who, err := site.Must(s)
	rooms := hearers(room)
	if err == nil && len(rooms) == 2 && !slices.Contains(rooms, "@"+who.ID) {
		err = brio.Errorf("That conversation belongs to others.")
	}
	return who, s.To(rooms...), err
}

// hearers names the rooms of brio's that hear a room of the chat: the tabs that are in
// it or, of a private one, all tabs of the two.
func hearers(room string) []string {
	if one, other, private := strings.Cut(room, "+"); private {
		return []string{one, "@" + other}
	}
	return []string{room}
}

// tell sends out what has changed. Changes that come together travel together, so a
// page that is reloaded is not seen to leave.
func (c *Chat) tell(time.Time, bool) error {
	rooms, err := c.rooms("")
	for i, r := range rooms {
		people := c.people(r.Name)
		rooms[i].People = len(people)
		if c.isNews(r.Name, people) {
			err = errors.Join(err, Present.Emit(c.ns.To(r.Name).Latest("present"), Presence{r.Name, listed(people)}))
		}
	}
	if c.isNews("", rooms) {
		err = errors.Join(err, Rooms.Emit(c.ns.Broadcast().Latest("rooms"), rooms))
	}
	return err
}

// isNews reports whether a state is another one than it was when last asked.
func (c *Chat) isNews(name string, state any) bool {
	now := fmt.Sprint(state)
	before, _ := c.told.Swap(name, now)
	return before != now
}

// people lists who is in a room of brio's: each once, however many tabs they have there.
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
	return slices.SortedFunc(maps.Values(people), func(a, b site.Person) int {
		return strings.Compare(strings.ToLower(a.Name)+a.ID, strings.ToLower(b.Name)+b.ID)
	})
}

func listed(people []site.Person) []site.Person { return people[:min(len(people), MaxListed)] }
