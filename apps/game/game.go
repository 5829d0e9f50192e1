// Package game is a showcase of brio: an arena in which ships glide over a score and gather its notes, and the server
// decides thirty times a second where they are. The arena is kept in memory, as a game is over when its server is; the
// most notes that ten people have had are stored, in the table game_best. Read events.go first: the rest follows from it.
package game

import (
	"context"
	"embed"
	"encoding/binary"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/shell"
	"github.com/briohq/brio/apps/site"
)

//go:embed web
var web embed.FS

// Game is a running game, a [site.App].
type Game struct {
	http.Handler // of its page
	site         *site.Site
	ns           *brio.Namespace
	stop         context.CancelFunc
	running      sync.WaitGroup
	world        *world // as past is, of the goroutine that ticks
	past         [32]frame
	mu           sync.Mutex // guards seats
	seats        [people]seat
}

const (
	seen brio.Key[int32]     = "seen" // the newest frame that a page holds
	when brio.Key[time.Time] = "when" // it said so
)

// New starts a game on a site. Close it before the site.
func New(s *site.Site) *Game {
	s.Schema(`CREATE TABLE IF NOT EXISTS game_best (person TEXT PRIMARY KEY, name TEXT NOT NULL, notes INTEGER NOT NULL);
		CREATE TRIGGER IF NOT EXISTS game_ten AFTER INSERT ON game_best BEGIN
		DELETE FROM game_best WHERE person NOT IN (SELECT person FROM game_best ORDER BY notes DESC, person LIMIT 10); END`)
	ctx, stop := context.WithCancel(context.Background())
	g := &Game{Handler: shell.Page(page, web), site: s, ns: s.Server.Of("/game"), stop: stop, world: newWorld(rand.Uint64())}
	s.Admit(g.ns, site.Rates{string(Play): 2})
	Play.Handle(g.ns, g.play)
	Steer.Handle(g.ns, g.steer)
	shell.Pulse.Handle(g.ns, shell.Beat)
	crowd := s.Crowd(g.ns)
	g.running.Go(func() { crowd.Each(ctx, time.Second/rate, g.tick) })
	return g
}

// About describes the game to the start page.
func (g *Game) About() shell.About { return page.About }

// Close ends what the game runs, and returns when it has ended.
func (g *Game) Close() {
	g.stop()
	g.running.Wait()
	g.keep()
}

// play gives somebody a seat: the one they have, in another tab or from before a break, or a free one.
func (g *Game) play(_ context.Context, s *brio.Socket, _ brio.None) (int, error) {
	who, err := site.Must(s)
	if err != nil {
		return 0, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, id := range []string{who.ID, ""} {
		if i := slices.IndexFunc(g.seats[:], func(s seat) bool { return s.who == id }); i >= 0 {
			g.seats[i] = seat{who: who.ID, name: who.Name, socket: s.ID()}
			return i, nil
		}
	}
	return 0, brio.Errorf("All %d ships have somebody. Look on, and try again when one leaves.", people)
}

// steer takes the tick of the newest frame that a page holds, or 0, the number of its first input, 4 bytes each, and the
// inputs, a byte each: all not applied yet, as messages may be lost. What comes too soon after another one is ignored.
func (g *Game) steer(_ context.Context, s *brio.Socket, message []byte) error {
	if len(message) < 8 || len(message) > 32 {
		return brio.Errorf("Send the tick you hold, the number of the first input, and at most 24 inputs.")
	}
	head, now := binary.BigEndian.Uint64(message), time.Now()
	if now.Sub(when.Get(s)) < time.Second/rate/4 {
		return nil
	}
	when.Set(s, now)
	seen.Set(s, int32(head>>32%(1<<30)))
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.IndexFunc(g.seats[:], func(seat seat) bool { return seat.socket == s.ID() }); i >= 0 {
		g.seats[i].add(int32(head%(1<<30)), message[8:])
	}
	return nil
}

// tick makes a step, and tells of it.
func (g *Game) tick(_ time.Time, simulated bool) {
	var inputs [people + bots]input
	g.mu.Lock()
	for i := range inputs {
		switch r := &g.world.rows[i]; {
		case i < people && g.seats[i].who == "" || i >= people && !simulated:
			*r = row{}
		case r[life] == 0:
			*r = g.world.place(g.world.tick + 1)
		case i < people:
			inputs[i] = g.seats[i].next(r)
		default:
			inputs[i] = g.world.think(i)
		}
	}
	g.mu.Unlock()
	if g.world.step(&inputs); g.world.tick%every == 0 {
		g.tell()
	}
	if g.world.tick%rate == 0 {
		g.keep()
	}
}

// tell sends a snapshot to every page. Those that hold the same frame share it.
func (g *Game) tell() {
	at := func(tick int32) *frame { return &g.past[tick/every%int32(len(g.past))] }
	now, empty, holders := at(g.world.tick), &frame{tick: g.world.tick}, map[*frame][]string{}
	*now = g.world.frame
	for s := range g.ns.Sockets() {
		tick, base := seen.Get(s), at(seen.Get(s))
		if tick == 0 || base.tick != tick || base == now {
			base = empty // it holds nothing, or what was too long ago, or never
		}
		holders[base] = append(holders[base], s.ID())
	}
	for base, ids := range holders {
		g.site.Warn("tell what is", Snapshot.Emit(g.ns.To(ids...).Latest("snapshot"), appendSnapshot(nil, now, base)))
	}
}

// keep stores the most notes that people have had, and tells who is there.
func (g *Game) keep() {
	g.mu.Lock()
	seats, crew, best := g.seats, map[int][2]string{}, []byte{}
	g.mu.Unlock()
	for i, s := range seats {
		if s.who != "" {
			crew[i] = [2]string{s.name, s.socket}
			_, err := g.site.DB.Exec(`INSERT INTO game_best VALUES (?, ?, ?) ON CONFLICT DO UPDATE
				SET name = excluded.name, notes = max(notes, excluded.notes)`, s.who, s.name, g.world.rows[i][worth])
			g.site.Warn("store the most notes", err)
		}
	}
	g.site.Warn("read the most notes", g.site.DB.QueryRow(`SELECT json_group_array(json_object('name', name, 'notes', notes))
		FROM (SELECT * FROM game_best WHERE notes > 0 ORDER BY notes DESC, person)`).Scan(&best))
	g.site.Warn("tell who is there", Crew.Emit(g.ns.Broadcast().Latest("crew"), crew))
	g.site.Warn("tell who was best", Best.Emit(g.ns.Broadcast().Latest("best"), best))
}

// seat is somebody's place in a ship, and what they wish it to do.
type seat struct {
	who, name, socket string // the person, "" if it is free, and whose inputs steer the ship
	queue             []byte // inputs that wait for their step
	last              int32  // the number of the last of them
	quiet             int    // steps without any
}

// add queues the inputs that have not come before. Each is good for one step, however fast they come: who sends more
// gets no farther. A few may wait, as they come unevenly, and now and then fewer, as each that waits makes the ship late.
func (s *seat) add(first int32, inputs []byte) {
	keep := min(5, 2+int(s.last%64))
	if fresh := int(first-s.last) + len(inputs) - 1; fresh > 0 {
		s.queue = append(s.queue, inputs[max(0, len(inputs)-fresh):]...)
		s.queue = s.queue[max(0, len(s.queue)-keep):]
		s.last, s.quiet = s.last+int32(fresh), 0
	}
}

// next takes the input for a step. While none comes a ship keeps its course, then glides, and is free after 5 s.
func (s *seat) next(r *row) (in input) {
	if s.quiet++; len(s.queue) > 0 {
		in, s.queue = input(s.queue[0]), s.queue[1:]
	} else if in = input(r[steer]) &^ dash; s.quiet > rate/3 {
		in &^= thrust
	}
	if r[heard] = s.last - int32(len(s.queue)); s.quiet > 5*rate {
		*s = seat{}
	}
	return in
}
