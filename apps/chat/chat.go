// Package chat is a showcase of brio: a chat with rooms, presence, typing
// indicators, private messages and a history that survives a bad line.
//
// All of it is kept in memory, the newest messages of each room only, because
// a chat to try out owes nobody an archive; it is gone when the server stops.
//
// Read events.go first: it is the whole protocol. hall.go and the files it
// uses know who is where and what was said, and nothing of sockets; chat.go
// and handlers.go join it to a namespace; bots.go plays the simulated people.
package chat

import (
	"context"
	"crypto/rand"
	"embed"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/shell"
)

//go:embed web
var web embed.FS

// Config says how a chat behaves. The zero value works.
type Config struct {
	// Rooms are there from the start. The simulated people talk in the first.
	// Default: foyer, rehearsal, library.
	Rooms []string

	// History is how many messages a room remembers. Default: 500.
	History int

	// Quiet leaves the simulated people out.
	Quiet bool

	// Logger hears of what goes wrong. Default: silent.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if len(c.Rooms) == 0 {
		c.Rooms = []string{"foyer", "rehearsal", "library"}
	}
	if c.History <= 0 {
		c.History = 500
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}

	return c
}

// Chat is a running chat. It is an [http.Handler] for its page and lives on
// the namespace "/chat" of its server. Its methods may be called concurrently.
type Chat struct {
	config Config
	hall   *hall
	people *brio.Namespace
	bots   *bots // nil if quiet
	page   http.Handler

	stop    context.CancelFunc
	running sync.WaitGroup
}

// New starts a chat on a server. Close it to end its goroutines.
func New(server *brio.Server, config Config) *Chat {
	config = config.withDefaults()
	ctx, stop := context.WithCancel(context.Background())
	c := &Chat{
		config: config,
		hall:   newHall(rand.Text(), config.History, config.Rooms),
		people: server.Of("/chat"),
		page:   shell.Page(page, web),
		stop:   stop,
	}
	if !config.Quiet {
		c.bots = newBots(c, config.Rooms[0])
		c.running.Go(func() { c.bots.run(ctx) })
	}
	c.handle()
	c.running.Go(func() { c.tell(ctx) })

	return c
}

// ServeHTTP serves the page and what it needs.
func (c *Chat) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.page.ServeHTTP(w, r) }

// About describes the chat to the start page.
func (c *Chat) About() shell.About { return page.About }

// Close ends what the chat runs, and returns when it has ended.
func (c *Chat) Close() {
	c.stop()
	c.running.Wait()
}

// tell sends out what has changed. Changes that come together travel together,
// so a page that is reloaded is not seen to leave.
func (c *Chat) tell(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.hall.changed:
		}
		if !pause(ctx, 250*time.Millisecond) {
			return
		}

		rooms, presences := c.hall.changes()
		if rooms != nil {
			c.warn(Rooms.Emit(c.people, rooms))
		}
		for _, p := range presences {
			c.warn(Present.Emit(c.people.To(publicRoom(p.Room)), p))
		}
	}
}

func (c *Chat) warn(err error) {
	if err != nil {
		c.config.Logger.Warn("chat: emit", "err", err)
	}
}

// pause waits, and reports whether it was left to wait for all of it.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
