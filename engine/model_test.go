package engine

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gobwas/ws"

	"github.com/briohq/brio/internal/memnet"
)

// phase is how far a model client has got with its upgrade.
type phase int

const (
	onPolling phase = iota
	probing         // it has a WebSocket, and waits for the answer to its probe
	pausing         // it has the answer, and waits for its requests to end
	onWebSocket
)

// model is a client that obeys the protocol as the reference client does: one
// GET and one POST at a time, an upgrade that waits for both. It does only what
// it is told, and when: what it has been answered stays unheard until then.
type model struct {
	net  *memnet.Listener
	link memnet.Link
	id   string
	max  int // bytes of a POST

	// extra is how many GETs it opens though it has the answer to its probe,
	// which is unusual: the reference client opens none.
	extra int
	// impatient has it break a rule: it upgrades without waiting for its
	// requests to end.
	impatient bool

	phase  phase
	buffer []string // packets that wait, as polling has them
	said   []mail

	posting []string // those of the last POST
	pongs   int      // that it owes

	get, post *call
	line      *line // of the upgrade, or of the session
	began     time.Time
	probed    bool
	others    []*line // that it has, or should have, no use for
	extras    []*call // that break a rule

	heard []mail
	over  bool // the server has said, or shown, that the session is over
	// refused is set if it was a POST's answer that showed it.
	refused bool
	why     string // how it did
}

// queue has a packet wait to be sent.
func (c *model) queue(packet string) { c.buffer = append(c.buffer, packet) }

// say sends a message, now or when it can.
func (c *model) say(m mail) {
	c.said = append(c.said, m)
	c.queue(m.polled())
}

// open begins a GET.
func (c *model) open() {
	c.get = newCall(c.net, c.link, "GET", c.query("polling"), "", false)
}

func (c *model) query(transport string) string {
	return "EIO=4&transport=" + transport + "&sid=" + c.id
}

// flush sends what waits if it may: not while it upgrades, and over polling not
// before the last POST has been answered, and not more than the server takes.
func (c *model) flush(half bool) {
	switch {
	case c.over, !c.flushes():
	case c.phase == onWebSocket:
		for _, p := range c.buffer {
			c.line.sayPolled(p)
		}
		c.buffer = nil
	default:
		n, size := 1, len(c.buffer[0])
		for n < len(c.buffer) && size+1+len(c.buffer[n]) <= c.max {
			size += 1 + len(c.buffer[n])
			n++
		}
		c.posting, c.buffer = c.buffer[:n], c.buffer[n:]
		body := strings.Join(c.posting, "\x1e")
		c.post = newCall(c.net, c.link, "POST", c.query("polling"), body, half)
	}
}

// flushes reports whether flush would send something.
func (c *model) flushes() bool {
	return len(c.buffer) > 0 && (c.phase == onWebSocket || c.phase != pausing && c.post == nil)
}

// sayPolled sends what polling would send as p.
func (c *line) sayPolled(p string) {
	if data, ok := strings.CutPrefix(p, "b"); ok {
		b, _ := base64.StdEncoding.DecodeString(data)
		c.say(ws.NewBinaryFrame(b))
		return
	}
	c.sayPacket(p)
}

// pong answers the pings that it has not answered yet. If there are none, it
// says so all the same.
func (c *model) pong() {
	if c.pongs == 0 {
		c.queue("3")
	}
	for ; c.pongs > 0; c.pongs-- {
		c.queue("3")
	}
}

// hearGet takes the answer of its GET, if there is one.
func (c *model) hearGet() bool {
	if c.get == nil {
		return false
	}
	select {
	case a := <-c.get.done:
		c.get = nil
		if c.impatient && c.phase == onWebSocket && a.status != 200 { // it came too late
			return true
		}
		if a.err != nil || a.status != 200 {
			c.ends(fmt.Sprintf("its GET is answered %d %q, %v", a.status, a.body, a.err))
			return true
		}
		for _, p := range packets(a.body) {
			c.take(p)
		}
		return true
	default:
		return false
	}
}

// take takes a packet of polling.
func (c *model) take(p string) {
	switch {
	case c.over && !c.impatient || p == "6":
	case p == "1":
		c.ends("a close packet")
	case p == "2":
		c.pongs++
	case strings.HasPrefix(p, "b"):
		b, err := base64.StdEncoding.DecodeString(p[1:])
		if err != nil {
			c.ends("nonsense: " + p)
		}
		c.heard = append(c.heard, mail{text: string(b), binary: true})
	case strings.HasPrefix(p, "4"):
		c.heard = append(c.heard, mail{text: p[1:]})
	default:
		c.ends("nonsense: " + p)
	}
}

// hearPost takes the answer of its POST, if there is one.
func (c *model) hearPost() bool {
	if c.post == nil {
		return false
	}
	select {
	case a := <-c.post.done:
		c.post = nil
		if c.impatient && c.phase == onWebSocket && a.status != 200 { // it came too late
			return true
		}
		if a.err != nil || a.status != 200 {
			c.refused = !c.over
			c.ends(fmt.Sprintf("its POST is answered %d %q, %v", a.status, a.body, a.err))
		}
		return true
	default:
		return false
	}
}

// upgrade opens the WebSocket that is to take over.
func (c *model) upgrade() {
	c.phase, c.began, c.probed = probing, time.Now(), false
	c.line = newLine(c.net, c.link, c.query("websocket"))
}

// probe sends its probe if the WebSocket is open.
func (c *model) probe() bool {
	if c.phase != probing || c.probed || !c.line.isOpen() {
		return false
	}
	c.probed = true
	c.line.sayPacket("2probe")
	return true
}

// hearLine takes one packet of the WebSocket, if there is one.
func (c *model) hearLine() bool {
	if c.line == nil {
		return false
	}
	select {
	case p, ok := <-c.line.heard:
		switch {
		case c.phase != onWebSocket && ok && p.control == "3probe" && c.phase == probing && c.probed:
			c.phase = pausing
		case c.phase != onWebSocket && ok:
			c.ends(fmt.Sprintf("the candidate got %v %q", p.mail, p.control))
		case c.phase != onWebSocket:
			c.resume()
		case !ok:
			c.ends("its WebSocket has ended")
			c.others, c.line = append(c.others, c.line), nil
		case p.control != "":
			c.take(p.control)
		case !c.over:
			c.heard = append(c.heard, p.mail)
		}
		return true
	default:
		return false
	}
}

// resume goes on with polling: the upgrade has failed.
func (c *model) resume() {
	c.phase = onPolling
	c.others, c.line = append(c.others, c.line), nil
}

// takeOver ends the upgrade if nothing is under way on polling.
func (c *model) takeOver() bool {
	switch {
	case c.phase != pausing || c.over:
		return false
	case c.impatient && c.post != nil: // what that says may be lost
		for i := range c.said {
			c.said[i].volatile = c.said[i].volatile || slices.Contains(c.posting, c.said[i].polled())
		}
	case !c.impatient && (c.get != nil || c.post != nil):
		return false
	}
	c.line.sayPacket("5")
	c.phase = onWebSocket
	return true
}

// serve is one round of what a diligent client does. It reports whether there
// was anything to do.
func (c *model) serve(upgrades bool) bool {
	did := c.hearGet()
	did = c.hearPost() || did
	did = c.hearLine() || did
	if c.over {
		return did
	}
	if c.post != nil {
		c.post.complete()
	}
	if c.get == nil && (c.phase < pausing || c.phase == pausing && c.extra > 0) {
		if c.phase == pausing {
			c.extra--
		}
		c.open()
		did = true
	}
	if c.pongs > 0 {
		c.pong()
	}
	if upgrades {
		did = c.probe() || did
		did = c.takeOver() || did
	}
	waits := len(c.buffer)
	c.flush(false)
	return did || len(c.buffer) < waits
}

func (c *model) ends(why string) {
	if !c.over {
		c.over, c.why = true, why
	}
}

// cut breaks everything off.
func (c *model) cut(hard bool) {
	c.get.cut(hard)
	c.post.cut(hard)
	for _, one := range c.extras {
		one.cut(hard)
	}
	c.line.cut(hard)
	for _, l := range c.others {
		l.cut(hard)
	}
}

// hearAll has the connections deliver what there is, so that a server can say
// goodbye.
func (c *model) hearAll() {
	for _, l := range append(c.others, c.line) {
		if l == nil {
			continue
		}
		go func() {
			for range l.heard {
			}
		}()
	}
	for _, one := range append(c.extras, c.post) {
		if one != nil {
			one.complete()
		}
	}
}
