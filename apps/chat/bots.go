package chat

import (
	_ "embed" // of what they say
	"errors"
	"strings"
	"time"

	"github.com/briohq/brio/apps/site"
)

// stage is the room that the simulated people talk in.
const stage = "foyer"

var (
	//go:embed script.txt
	script string
	//go:embed answers.txt
	answers string // "? " to a question, "! " to anything else, "@ " in private
	cast    = []string{"Ines", "Jonas", "Mira", "Teo"}
)

func bot(name string) site.Person {
	return site.Person{ID: "bot:" + name, Name: name, Role: "simulated"}
}

// play lets a simulated person begin to type and, the next time, say it.
func (c *Chat) play(now time.Time, on bool) error {
	m := c.typing
	switch to := c.ns.To(hearers(m.Room)...); {
	case !on:
		return nil
	case m.Text != "":
		c.typing = Message{}
		m.At, m.Key = now.UnixMilli(), now.String()
		_, err := c.speak(to, m)
		return err
	}
	m, err := c.next()
	c.typing = m
	return errors.Join(err, Typing.Emit(c.ns.To(hearers(m.Room)...).Volatile(), Sign{Room: m.Room, From: m.From}))
}

// next is an answer to what was heard or, if that is nothing, the next line of the script.
func (c *Chat) next() (m Message, err error) {
	c.turn++
	select {
	case heard := <-c.heard:
		m.Room, m.From = heard.Room, bot(cast[c.turn%len(cast)])
		kind := "!"
		if _, name, private := strings.Cut(m.Room, "+bot:"); private {
			kind, m.From = "@", bot(name)
			err = c.remember(c.ns.To(hearers(m.Room)...), Sign{Room: m.Room, From: m.From, Upto: heard.ID})
		} else if strings.Contains(heard.Text, "?") {
			kind = "?"
		}
		m.Text = strings.ReplaceAll(line(answers, kind, c.turn), "NAME", heard.From.Name)
	default:
		name, says, _ := strings.Cut(line(script, "", c.turn), ": ")
		m.Room, m.From, m.Text = stage, bot(name), says
	}
	return m, err
}

// line returns one of the lines that begin with something, without that.
func line(text, with string, n int) string {
	var lines []string
	for l := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(l), with); ok && rest != "" {
			lines = append(lines, strings.TrimSpace(rest))
		}
	}
	return lines[n%len(lines)]
}
