package chat

import (
	"context"
	"crypto/rand"
	_ "embed"
	"fmt"
	mrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed script.txt
var script string

// bots are simulated people who talk in one room, at a human pace, while
// somebody is connected and they have not been switched off.
type bots struct {
	chat   *Chat
	room   string
	scenes [][]line
	heard  chan Message  // what they may answer; when full they miss it
	picked int           // owned by run
	woken  chan struct{} // holds a token after a change of what mu guards

	mu       sync.Mutex // guards what follows
	on       bool
	watching int
}

// line is something a simulated person says.
type line struct{ who, room, text string }

func newBots(c *Chat, room string) *bots {
	b := &bots{
		chat:   c,
		room:   room,
		scenes: scenes(room),
		heard:  make(chan Message, 8),
		woken:  make(chan struct{}, 1),
	}
	for _, name := range b.cast() {
		c.hall.simulate(botID(name), name)
	}
	b.turn(true)
	b.warmUp(time.Now())

	return b
}

// scenes reads the script: a line for each thing that is said, an empty line
// between two scenes.
func scenes(room string) [][]line {
	var scenes [][]line
	for _, text := range strings.Split(strings.TrimSpace(script), "\n\n") {
		var scene []line
		for _, s := range strings.Split(text, "\n") {
			who, says, _ := strings.Cut(s, ": ")
			scene = append(scene, line{who: who, room: room, text: says})
		}
		scenes = append(scenes, scene)
	}

	return scenes
}

// turn lets the simulated people come or go.
func (b *bots) turn(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()

	if b.on == on {
		return
	}
	b.on = on
	for _, name := range b.cast() {
		b.chat.hall.place(botID(name), b.room, on)
	}
	b.wake()
}

// watch counts a socket in or out, and reports whether the bots talk.
func (b *bots) watch(by int) *bool {
	b.mu.Lock()
	defer b.mu.Unlock()

	b.watching += by
	on := b.on
	b.wake()

	return &on
}

// hear lets them know of a message, without waiting for them.
func (b *bots) hear(m Message) {
	if !b.active() {
		return
	}
	select {
	case b.heard <- m:
	default:
	}
}

// run plays one scene after another until ctx is done.
func (b *bots) run(ctx context.Context) {
	for i := 1; ; i++ {
		for _, l := range b.scenes[i%len(b.scenes)] {
			if !b.listen(ctx, between(2*time.Second, 6*time.Second)) || !b.perform(ctx, l) {
				return
			}
		}
	}
}

// listen lets time pass, and answers what it hears. While nobody is there or
// they are switched off, it lets all time pass.
func (b *bots) listen(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case m := <-b.heard:
			if l, ok := b.answer(m); ok && !b.perform(ctx, l) {
				return false
			}
		case <-timer.C:
			if b.active() {
				return true
			}
			if !b.sleep(ctx) {
				return false
			}
			timer.Reset(d)
		}
	}
}

// sleep waits until there is somebody to talk to.
func (b *bots) sleep(ctx context.Context) bool {
	for !b.active() {
		select {
		case <-ctx.Done():
			return false
		case <-b.woken:
		}
	}

	return true
}

// perform types a line, for as long as it takes to type, and says it.
func (b *bots) perform(ctx context.Context, l line) bool {
	id := botID(l.who)
	typist, audience, err := b.chat.hall.typing(id, l.room)
	if err != nil {
		return true // switched off, or its room is gone
	}
	b.chat.warn(Typing.Emit(b.chat.people.To(audience...).Volatile(), typist))

	if !pause(ctx, min(time.Second+time.Duration(len(l.text))*30*time.Millisecond, 4*time.Second)) {
		return false
	}
	m, audience, err := b.chat.hall.say(id, Draft{Room: l.room, Text: l.text, Key: rand.Text()}, time.Now())
	if err != nil {
		return true
	}
	b.chat.warn(Said.Emit(b.chat.people.To(audience...), m))

	return true
}

// answer finds something to say to a message, or leaves it.
func (b *bots) answer(m Message) (line, bool) {
	cast := b.cast()
	who := cast[mrand.IntN(len(cast))]
	switch {
	case m.To != nil && m.To.Simulated:
		return line{m.To.Name, m.Room, b.pick(asides)}, true
	case m.To != nil || m.Room != b.room:
		return line{}, false
	case strings.Contains(m.Text, "?"):
		return line{who, m.Room, b.pick(replies)}, true
	case mrand.IntN(2) == 0:
		return line{who, m.Room, fmt.Sprintf(b.pick(nods), m.From.Name)}, true
	}

	return line{}, false
}

// warmUp plays the first scene into the past, so that the room has a history.
func (b *bots) warmUp(now time.Time) {
	scene := b.scenes[0]
	for i, l := range scene {
		at := now.Add(time.Duration(i-len(scene)) * 19 * time.Second)
		_, _, err := b.chat.hall.say(botID(l.who), Draft{Room: l.room, Text: l.text, Key: rand.Text()}, at)
		b.chat.warn(err)
	}
}

// cast names the simulated people in the order they first speak.
func (b *bots) cast() []string {
	var cast []string
	for _, scene := range b.scenes {
		for _, l := range scene {
			if !slices.Contains(cast, l.who) {
				cast = append(cast, l.who)
			}
		}
	}

	return cast
}

func (b *bots) active() bool {
	b.mu.Lock()
	defer b.mu.Unlock()

	return b.on && b.watching > 0
}

func (b *bots) wake() {
	select {
	case b.woken <- struct{}{}:
	default:
	}
}

func botID(name string) string { return strings.ToLower(name) }

// pick takes one after the other, so that nobody repeats what was just said.
func (b *bots) pick(lines []string) string {
	b.picked++

	return lines[b.picked%len(lines)]
}

func between(low, high time.Duration) time.Duration { return low + mrand.N(high-low) }

// What they say to others than each other. A nod takes the other's name.
var (
	asides = []string{
		"Only you and I see this, in all of your tabs and none of anyone else’s.",
		"I am one of the simulated people, so I know little. But your words came here at once.",
		"Try closing your laptop for a minute. What I write meanwhile will be here when you open it.",
	}
	replies = []string{
		"Good question. I would ask whoever has the key to the cupboard.",
		"Probably. Most things here work out at the second try.",
		"I was wondering about that too.",
	}
	nods = []string{
		"Hello, %s! Pull up a chair.",
		"Well said, %s.",
		"%s, write that down before we forget it.",
		"I was about to say the same, %s.",
		"Is that so, %s? Then I have been holding it wrong.",
	}
)
