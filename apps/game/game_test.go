package game

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/briotest"
	"github.com/briohq/brio/client"
)

// room is a game that runs, and a network to it.
type room struct {
	*briotest.Site
	site *site.Site
	game *Game
}

func open(t *testing.T, config site.Config) *room {
	t.Helper()
	config.Unlimited = true
	s, err := site.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	r := &room{site: s, game: New(s)}
	t.Cleanup(func() {
		r.game.Close()
		if err := s.Close(context.Background()); err != nil {
			t.Errorf("close the site: %v", err)
		}
	})
	r.Site = briotest.Serve(t, s.Server)
	return r
}

// guest is a page without a person: it holds frames, and says so if it is to.
type guest struct {
	*briotest.Client
	deaf, mute int // of a hundred: what it loses of what comes, and of what it says

	mu     sync.Mutex // guards what follows
	rand   *rand.Rand
	frames map[int32]*frame
	newest *frame
	last   int32 // the number of its newest input
	wishes []byte
	wish   func() input
	undone int // snapshots that build on what it does not hold
	bytes  int // of the newest one
	seats  map[int][2]string
	best   string
}

// enter connects a person, or with an empty name somebody who only looks on.
func (r *room) enter(t *testing.T, name string, deaf, mute int) *guest {
	t.Helper()
	auth := map[string]string{}
	if name != "" {
		pass, err := r.site.Passes.Make(site.Person{ID: name, Name: name, Role: "visitor"})
		if err != nil {
			t.Fatal(err)
		}
		auth["pass"] = pass
	}
	g := &guest{
		Client: r.Connect(t, "/game", client.Config{Auth: auth}), deaf: deaf, mute: mute,
		rand: rand.New(rand.NewPCG(uint64(deaf), uint64(mute))), frames: map[int32]*frame{},
	}
	Snapshot.On(g, func(_ context.Context, message []byte) error { return g.take(message) })
	Crew.On(g, func(_ context.Context, seats map[int][2]string) error {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.seats = seats
		return nil
	})
	Best.On(g, func(_ context.Context, best json.RawMessage) error {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.best = string(best)
		return nil
	})
	return g
}

func (g *guest) take(message []byte) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.rand.IntN(100) < g.deaf {
		return nil
	}
	f, err := decode(message, func(tick int32) *frame { return g.frames[tick] })
	if err != nil {
		return err
	}
	if f == nil {
		g.undone++
	} else {
		g.frames[f.tick], g.newest, g.bytes = f, f, len(message)
	}
	if g.wish != nil {
		for range every {
			g.last++
			g.wishes = append(g.wishes, byte(g.wish()))
		}
	}
	if g.rand.IntN(100) >= g.mute {
		return g.say()
	}
	return nil
}

func (g *guest) say() error {
	wishes := g.wishes[max(0, len(g.wishes)-24):]
	tick := int32(0)
	if g.newest != nil {
		tick = g.newest.tick
	}
	return Steer.Emit(g, message(tick, g.last-int32(len(wishes))+1, wishes))
}

// steers has the guest play from now on.
func (g *guest) steers(t *testing.T, wish func() input) (ship int) {
	t.Helper()
	ship = briotest.Do(t, g, Play, brio.None{})
	g.mu.Lock()
	defer g.mu.Unlock()
	g.wish, g.last, g.wishes = wish, 0, nil
	return ship
}

// sees returns the newest frame.
func (g *guest) sees() *frame {
	synctest.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.newest
}

func message(tick, first int32, inputs []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(tick))
	return append(binary.BigEndian.AppendUint32(b, uint32(first)), inputs...)
}

// now returns what the server has, while it rests between two ticks.
func (r *room) now() frame {
	synctest.Wait()
	return r.game.world.frame
}

func quiet(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}

// Those who play and those who look on, losing a part of all that is sent, end with the server's state; 50 bots play.
func TestAllSeeTheSame(t *testing.T) {
	quiet(t, func(t *testing.T) {
		r := open(t, site.Config{})
		var guests []*guest
		for i, loss := range []int{0, 10, 30, 60} {
			guests = append(guests, r.enter(t, "", loss, loss))
			player := r.enter(t, fmt.Sprint("p", i), loss, loss)
			wishes := rand.New(rand.NewPCG(9, uint64(i)))
			player.steers(t, func() input { return input(wishes.Uint32()) })
			guests = append(guests, player)
		}
		time.Sleep(20 * time.Second)
		for _, g := range guests {
			g.mu.Lock()
			g.deaf, g.mute = 0, 0
			g.mu.Unlock()
		}
		time.Sleep(time.Second)
		now := r.now()
		now = r.game.past[now.tick/every%int32(len(r.game.past))] // the newest that was told
		for i, g := range guests {
			switch is := g.sees(); {
			case is == nil || is.tick != now.tick:
				t.Errorf("guest %d does not hold the newest frame", i)
			case *is != now:
				t.Errorf("guest %d holds another frame than the server", i)
			case g.undone > 0:
				t.Errorf("guest %d could not decode %d snapshots", i, g.undone)
			case g.bytes > 900:
				t.Errorf("guest %d gets %d bytes of what differs", i, g.bytes)
			}
		}
		flying, played := 0, 0
		for i := range people + bots {
			if now.rows[i][life] != 0 {
				flying++
			}
			if i < people && now.rows[i][heard] > 100 {
				played++
			}
		}
		if flying != bots+4 || played != 4 {
			t.Errorf("%d have ships, and of %d people the inputs were applied", flying, played)
		}
	})
}

// A client that does not read for 40 s gets what was in buffers, and then the newest state: not all in between.
func TestSlowClient(t *testing.T) {
	quiet(t, func(t *testing.T) {
		r := open(t, site.Config{})
		dialer := ws.Dialer{NetDial: func(ctx context.Context, network, address string) (net.Conn, error) {
			return r.Dial(ctx, network, address)
		}}
		conn, _, _, err := dialer.Dial(t.Context(), "ws://game/socket.io/?EIO=4&transport=websocket")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := wsutil.WriteClientText(conn, []byte("40/game,{}")); err != nil {
			t.Fatal(err)
		}
		const waits = 40
		for range waits / 10 {
			time.Sleep(10 * time.Second)
			_ = wsutil.WriteClientText(conn, []byte("3")) // it lives
		}
		synctest.Wait()
		told := r.game.world.tick - r.game.world.tick%every
		var ticks []int32
		for len(ticks) == 0 || ticks[len(ticks)-1] < told {
			data, op, err := wsutil.ReadServerData(conn)
			if err != nil {
				t.Fatalf("after %d snapshots: %v", len(ticks), err)
			}
			if op == ws.OpBinary {
				f, err := decode(data, func(int32) *frame { return nil })
				if err != nil || f == nil {
					t.Fatalf("a snapshot for who holds nothing does not say all: %v", err)
				}
				ticks = append(ticks, f.tick)
			}
		}
		sent, jump := int(told)/every, int32(0)
		for i, tick := range ticks[1:] {
			jump = max(jump, tick-ticks[i])
		}
		if len(ticks) > sent/4 || jump < 20*rate {
			t.Errorf("it got %d of %d snapshots, and was spared %d ticks at once", len(ticks), sent, jump)
		}
		if told < waits*rate*9/10 {
			t.Errorf("in %d s the others had %d ticks: it holds up the game", waits, told)
		}
	})
}

// What a cheater sends makes no ship faster than the rules.
func TestCheater(t *testing.T) {
	fast := thrust | dash
	honest, cheat := row{atX: radius, life: 1}, row{atX: radius, life: 1}
	var fair, flood seat
	for tick := int32(1); tick < 150; tick++ {
		fair.add(tick, []byte{byte(fast)})
		for k := range int32(50) {
			flood.add(tick*1000+k*20, []byte(strings.Repeat(string(rune(fast-128))+"\xc0", 10)))
			flood.add(k, []byte{byte(fast)}) // again, of old
			flood.add(1<<30-1, nil)
		}
		honest.glide(fair.next(&honest), tick)
		cheat.glide(flood.next(&cheat), tick)
		if len(flood.queue) > 5 {
			t.Fatalf("%d inputs wait", len(flood.queue))
		}
		if cheat[atX] > honest[atX] {
			t.Fatalf("tick %d: the cheater is %d px ahead", tick, (cheat[atX]-honest[atX])/unit)
		}
	}
	if honest[atX] < 1000*unit {
		t.Errorf("who is honest has come %d px far: the test is too tame", honest[atX]/unit)
	}
}

func TestGarbage(t *testing.T) {
	quiet(t, func(t *testing.T) {
		r := open(t, site.Config{Quiet: true})
		eve, ada := r.enter(t, "Eve", 0, 0), r.enter(t, "Ada", 0, 0)
		ship := ada.steers(t, func() input { return thrust })
		other := eve.steers(t, func() input { return 0 })
		for _, bad := range [][]byte{nil, {1}, message(0, 0, make([]byte, 25)), make([]byte, 1<<16)} {
			if _, err := eve.Do(t.Context(), string(Steer), brio.Binary(bad)); err == nil || !strings.Contains(err.Error(), "at most 24 inputs") {
				t.Errorf("%.20q is answered with %v", bad, err)
			}
		}
		for _, bad := range [][]byte{message(-1, -1, []byte{255}), message(1<<30, 1<<30, make([]byte, 24)), message(1, 0, nil)} {
			if err := Steer.Emit(eve, bad); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(3 * time.Second)
		if f := ada.sees(); f.rows[ship][heard] < 60 || f.rows[other][life] == 0 {
			t.Errorf("the game does not go on: %v, %v", f.rows[ship], f.rows[other])
		}
		if f := eve.sees(); *f != *ada.sees() {
			t.Error("who has sent garbage sees another game")
		}
	})
}

func TestSeats(t *testing.T) {
	quiet(t, func(t *testing.T) {
		r := open(t, site.Config{Quiet: true})
		looker := r.enter(t, "", 0, 0)
		if _, err := Play.Do(t.Context(), looker, brio.None{}); err == nil || !strings.Contains(err.Error(), "pass") {
			t.Errorf("somebody without a pass plays: %v", err)
		}
		first := r.enter(t, "p00", 0, 0)
		if ship := first.steers(t, func() input { return 0 }); ship != 0 {
			t.Fatalf("the first person gets ship %d", ship)
		}
		r.game.mu.Lock()
		for i := range r.game.seats[1:] {
			r.game.seats[i+1] = seat{who: fmt.Sprint(i), name: "x", quiet: -1 << 30}
		}
		r.game.mu.Unlock()
		late := r.enter(t, "late", 0, 0)
		if _, err := Play.Do(t.Context(), late, brio.None{}); err == nil || !strings.Contains(err.Error(), "All 30 ships") {
			t.Errorf("one too many plays: %v", err)
		}
		tab := r.enter(t, "p00", 0, 0)
		if ship := tab.steers(t, func() input { return thrust }); ship != 0 {
			t.Errorf("in another tab one gets another ship: %d", ship)
		}
		time.Sleep(1200 * time.Millisecond)
		f := looker.sees()
		if looker.seats[0] != [2]string{"p00", tab.ID()} || len(looker.seats) != people {
			t.Errorf("the crew is %v", looker.seats)
		}
		if f.rows[0][byX] <= 0 || f.rows[0][steer] != int32(thrust) {
			t.Errorf("the first tab still steers: %v", f.rows[0])
		}
		first.Close()
		before := f.rows[0][life]
		tab.Drop()
		tab.Returned(t)
		time.Sleep(3 * time.Second)
		if f = looker.sees(); f.rows[0][life] != before || f.rows[0][steer] != 0 || f.rows[0][byX] > unit {
			t.Errorf("after a break of 3 s the ship is %v", f.rows[0])
		}
		if ship := tab.steers(t, func() input { return thrust }); ship != 0 {
			t.Errorf("after a break of 3 s one gets ship %d", ship)
		}
		time.Sleep(time.Second)
		if f = looker.sees(); f.rows[0][life] != before || f.rows[0][byX] == 0 {
			t.Errorf("after a break of 3 s one does not steer: %v", f.rows[0])
		}
		tab.Close()
		time.Sleep(7 * time.Second)
		if f = looker.sees(); f.rows[0] != (row{}) {
			t.Errorf("7 s after its person has left, the ship is %v", f.rows[0])
		}
		if ship := briotest.Do(t, late, Play, brio.None{}); ship != 0 {
			t.Errorf("the free ship is 0, and the next one gets %d", ship)
		}
	})
}

// The most notes outlive the program; a table of ten does not grow.
func TestBest(t *testing.T) {
	quiet(t, func(t *testing.T) {
		config := site.Config{Quiet: true, Data: t.TempDir()}
		config.Unlimited = true
		s, err := site.Open(config)
		if err != nil {
			t.Fatal(err)
		}
		g := New(s)
		for round := range int32(2) {
			for i := range int32(people) {
				g.seats[i] = seat{who: fmt.Sprint("id", i), name: fmt.Sprint("Person ", i)}
				g.world.rows[i][worth] = i - 10*round
			}
			g.keep()
		}
		g.Close()
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		ada := open(t, config).enter(t, "", 0, 0)
		time.Sleep(1500 * time.Millisecond)
		ada.sees()
		var best []struct {
			Name  string
			Notes int
		}
		if err := json.Unmarshal([]byte(ada.best), &best); err != nil {
			t.Fatalf("%q: %v", ada.best, err)
		}
		if len(best) != 10 || best[0].Name != "Person 29" || best[0].Notes != 29 || best[9].Notes != 20 {
			t.Errorf("after a restart the best are %v", best)
		}
	})
}
