package chat

import (
	"cmp"
	"strings"
	"time"

	"github.com/briohq/brio/apps/site"
)

func bot(n string) site.Person { return site.Person{ID: "bot:" + n, Name: n, Role: "simulated"} }

// play lets one of them begin to type or, the next time, say it.
func (c *Chat) play(now time.Time) error {
	m := c.typing
	if m.Text == "" {
		m = c.think()
		c.typing = m
		return Typing.Emit(c.ns.To(hearers(m.Room)...).Volatile(), Sign{Room: m.Room, From: m.From})
	}
	c.typing.Text, m.At, m.Key = "", now.UnixMilli(), now.String()
	_, err := c.speak(c.ns.To(hearers(m.Room)...), m)
	return err
}

// think answers what was heard or, if that is nothing, goes on with the script.
func (c *Chat) think() Message {
	kind, heard := 0, &Message{Draft: Draft{Room: stage}}
	if m := c.heard.Swap(nil); m != nil {
		kind, heard = 1+strings.Count(m.Room, "+"), m
	}
	_, partner, _ := strings.Cut(heard.Room, "+bot:")
	lines := strings.Split(script[kind], "\n")
	name, text, _ := strings.Cut(lines[c.ticks/20%len(lines)], ": ")
	return Message{Draft: Draft{Room: heard.Room, Text: strings.ReplaceAll(text, "NAME", heard.From.Name)}, From: bot(cmp.Or(partner, name))}
}
