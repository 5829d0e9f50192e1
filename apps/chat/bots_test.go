package chat

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio"
)

func TestSimulatedPeopleTalkWhileSomebodyIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startChat(t)
		warm := said(c)
		if warm == 0 {
			t.Error("the room has no history to begin with")
		}

		time.Sleep(time.Hour)
		if n := said(c); n != warm {
			t.Errorf("nobody is there, and they say %d things", n-warm)
		}

		c.bots.watch(+1)
		time.Sleep(2 * time.Minute)
		lively := said(c)
		if n := lively - warm; n < 10 || n > 60 {
			t.Errorf("they say %d things in two minutes: that's no human pace", n)
		}

		c.bots.watch(-1)
		time.Sleep(time.Hour)
		if n := said(c) - lively; n > 1 {
			t.Errorf("everybody has left, and they say %d things", n)
		}
	})
}

func TestSimulatedPeopleAreSwitchedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startChat(t)
		c.bots.watch(+1)
		check(t, c.hall, "foyer", "Ines", "Jonas", "Mira", "Teo")

		c.bots.turn(false)
		c.bots.turn(false)
		check(t, c.hall, "foyer")
		before := said(c)
		time.Sleep(time.Hour)
		if n := said(c) - before; n > 1 {
			t.Errorf("switched off, they say %d things", n)
		}

		c.bots.turn(true)
		check(t, c.hall, "foyer", "Ines", "Jonas", "Mira", "Teo")
		before = said(c)
		time.Sleep(time.Minute)
		if said(c) == before {
			t.Error("switched on again, they stay silent")
		}
	})
}

func TestSimulatedPeopleAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := startChat(t)
		c.bots.watch(+1)
		c.hall.arrive("ada", "Ada")
		name := "@ada+mira"
		enter(t, c.hall, "ada", "", name)
		c.bots.hear(say(t, c.hall, "ada", name, "Are you real?"))
		time.Sleep(10 * time.Second)

		c.hall.mu.Lock()
		messages := c.hall.rooms[name].history.messages
		c.hall.mu.Unlock()
		if len(messages) != 2 || messages[1].From.Name != "Mira" || messages[1].To.Name != "Ada" {
			t.Errorf("the conversation is %+v; want an answer of Mira's", messages)
		}
	})
}

// The script is text that one edits by hand.
func TestScript(t *testing.T) {
	b := &bots{room: "foyer", scenes: scenes("foyer")}
	if cast := b.cast(); len(cast) != 4 {
		t.Errorf("the cast is %q: is a name misspelt?", cast)
	}
	for _, scene := range b.scenes {
		for _, l := range scene {
			if name, err := cleanName(l.who); err != nil || name != l.who {
				t.Errorf("%q is no name: %v", l.who, err)
			}
			if d, err := cleanDraft(Draft{Text: l.text, Key: "k"}); err != nil || d.Text != l.text {
				t.Errorf("%s can't say %q: %v", l.who, l.text, err)
			}
		}
	}
	for _, nod := range nods {
		if strings.Count(nod, "%s") != 1 {
			t.Errorf("the nod %q names nobody", nod)
		}
	}
}

func startChat(t *testing.T) *Chat {
	server := brio.NewServer(brio.Config{})
	c := New(server, Config{})
	t.Cleanup(func() {
		c.Close()
		if err := server.Shutdown(context.Background()); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})

	return c
}

// said is how much was said in the foyer.
func said(c *Chat) uint64 {
	c.hall.mu.Lock()
	defer c.hall.mu.Unlock()

	return c.hall.rooms["foyer"].history.last
}
