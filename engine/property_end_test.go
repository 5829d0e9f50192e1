package engine

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"pgregory.net/rapid"
)

// end has the session end in one way or another.
func (w *world) end() {
	if w.crossing() { // until it is known who was first
		w.work(time.Second, true, func() bool { return false })
		w.check()
	}
	if len(w.reasons) > 0 { // it has been lost
		return
	}
	ends := map[string]func(){
		"Close":             w.closes,
		"Shutdown":          w.shutsDown,
		"Abort":             func() { w.expect(ForcedClose); w.ledger.session.Abort(ForcedClose) },
		"client leaves":     w.leaves,
		"client is cut":     w.isCut,
		"client is quiet":   func() { w.expect(PingTimeout) },
		"client is slow":    w.isSlow,
		"client is hostile": w.isHostile,
	}
	names := slices.Sorted(maps.Keys(ends))
	ends[rapid.SampledFrom(names).Draw(w.t, "end")]()
	w.check()
}

func (w *world) expect(reasons ...Reason) { w.reasons = reasons }

// closes has the server close the session. The client gets all, though it may
// dawdle.
func (w *world) closes() {
	w.expect(ForcedClose)
	w.all = true
	w.ledger.session.Close(ForcedClose)
	for range rapid.IntRange(0, 4).Draw(w.t, "dawdles") {
		w.dawdles()
	}
	w.hearsTheEnd()
}

// dawdles has the client do something, or nothing.
func (w *world) dawdles() {
	c := w.client
	switch rapid.IntRange(0, 5).Draw(w.t, "action") {
	case 0:
		c.hearGet()
	case 1:
		c.hearPost()
		c.hearLine()
	case 2:
		if c.get == nil && c.phase != onWebSocket && !c.over {
			c.open()
		}
	case 3:
		if !c.over {
			w.upgrades()
		}
	case 4:
		time.Sleep(rapid.SampledFrom([]time.Duration{time.Millisecond, 3 * time.Second}).Draw(w.t, "time"))
	case 5:
		if err := w.ledger.send(0, w.mail(0)); !errors.Is(err, ErrClosed) {
			w.t.Fatalf("sending after Close: %v", err)
		}
	}
}

func (w *world) shutsDown() {
	w.expect(ServerShutdown)
	w.all = w.client.link.Latency == 0 // else it may take longer than a shutdown waits
	w.beside.Go(w.shutdown)
	w.hearsTheEnd()
}

func (w *world) hearsTheEnd() {
	if w.bool("settle") {
		synctest.Wait()
	}
	heard := w.work(closeTimeout, true, func() bool { return w.client.over && (!w.client.impatient || w.client.get == nil) })
	if !heard {
		w.t.Fatal("the client is not told of the end")
	}
	// A POST that comes after the end is refused, as by the reference server, and
	// a client that hears of that first doesn't wait for the last answer of a GET.
	w.all = w.all && !w.client.refused
}

func (w *world) shutdown() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.server.Shutdown(ctx); err != nil {
		w.t.Errorf("shutdown: %v", err)
	}
}

// leaves has the client say goodbye, once it has said all it had to say.
func (w *world) leaves() {
	c := w.client
	w.resumes()
	w.beside.Wait()
	if !w.work(20*time.Second, c.phase == pausing || w.bool("upgrades"), func() bool { return c.over || len(c.buffer) == 0 && c.post == nil }) {
		w.t.Fatalf("a stall, in phase %d: %v wait", c.phase, c.buffer)
	}
	if c.over {
		w.check()
		return
	}
	w.expect(TransportClose)
	w.allSaid = true
	if c.phase != onWebSocket {
		if c.phase == pausing {
			c.resume()
		}
		c.queue("1")
		c.flush(w.bool("half"))
		if w.bool("settle") {
			synctest.Wait()
		}
		c.post.complete()
		w.work(time.Second, false, func() bool { return c.post == nil })
	} else {
		switch rapid.IntRange(0, 2).Draw(w.t, "how") {
		case 0:
			c.line.sayPacket("1")
		case 1:
			c.line.say(ws.NewCloseFrame(nil))
		case 2:
			c.line.say(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusGoingAway, "")))
		}
	}
	c.ends("it has left")
}

// isCut breaks all connections of the client off.
func (w *world) isCut() {
	w.resumes()
	w.expect(TransportError, TransportClose, PingTimeout)
	w.client.ends("it is cut off")
	w.client.cut(w.bool("hard"))
}

// isHostile has the client break the rules of what carries it.
func (w *world) isHostile() {
	c := w.client
	w.resumes()
	w.expect(TransportError, ParseError)
	extra := func(method, body string, half bool) {
		c.extras = append(c.extras, newCall(w.net, c.link, method, c.query("polling"), body, half))
	}
	word := rapid.SampledFrom([]string{"2", "5", "nonsense", "b*", ""}).Draw(w.t, "word")
	switch {
	case c.phase == onWebSocket:
		c.line.sayPacket(word)
	case w.bool("two GETs"):
		for range 5 { // some may be answered at once
			extra("GET", "", false)
		}
	case w.bool("two POSTs"):
		for range 2 {
			extra("POST", "42", true)
		}
	default:
		extra("POST", word, false)
	}
	c.ends("it is hostile")
}

// isSlow sends more than the client takes.
func (w *world) isSlow() {
	w.expect(SlowClient)
	big := mail{text: strings.Repeat("x", 70_000)}
	for range 2 * w.server.config.MaxBacklog / len(big.text) {
		if w.ledger.send(0, big) != nil {
			return
		}
	}
	w.t.Fatal("as much waits for the client as one likes")
}

// ended checks the end of everything.
func (w *world) ended() {
	w.resumes()
	w.beside.Wait()
	began := time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for w.server.Len() > 0 && time.Since(began) < 2*w.server.config.PingTimeout {
		<-tick.C
	}
	if w.server.Len() > 0 {
		w.t.Fatal("the session does not end")
	}
	synctest.Wait()
	w.check()
	if ends := w.ledger.over(); len(ends) != 1 || !slices.Contains(w.reasons, ends[0]) {
		w.t.Fatalf("the session has ended for %v, want one of %v", ends, w.reasons)
	}
	c := w.client
	if err := w.ledger.received(c.said, w.allSaid); err != nil {
		w.t.Fatalf("the server received: %v", err)
	}
	if err := w.ledger.heard(c, w.all); err != nil {
		w.t.Fatalf("the client heard: %v, until %s", err, c.why)
	}
	c.hearAll()
	w.shutdown()
	time.Sleep(10 * time.Second) // more than any closing handshake takes
	synctest.Wait()
	if n := w.net.Open(); n > 0 {
		w.t.Fatalf("%d connections are open after the end", n)
	}
}

// close ends what still runs.
func (w *world) close() {
	w.client.cut(true)
	_ = w.http.Close()
	<-w.served
	w.shutdown()
	w.beside.Wait()
}
