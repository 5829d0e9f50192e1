package engine

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"pgregory.net/rapid"

	"github.com/briohq/brio/internal/memnet"
)

// No message is lost, duplicated or reordered, nobody waits for what will not
// come, and a session ends once, for the right reason: whatever a client that
// obeys the protocol does, in whichever order it and the server do it, and
// however it ends.
func TestSessionKeepsItsPromises(t *testing.T) { testPromises(t, false) }

// A client that upgrades while it still holds a GET, and even while it posts,
// breaks the rules. What it posts then may be lost, and its transports may
// overtake each other, but nothing that is sent to it is lost, and nobody has to
// wait.
func TestSessionKeepsItsPromisesToTheImpatient(t *testing.T) { testPromises(t, true) }

func testPromises(t *testing.T, impatient bool) {
	rapid.Check(t, func(t *rapid.T) {
		rapid.SyncTest(t, func(t *rapid.T) {
			w := newWorld(t, impatient)
			defer w.close()
			t.Repeat(map[string]func(*rapid.T){"step": w.step})
			if rapid.Bool().Draw(t, "goes on") {
				w.goesOn()
			}
			w.end()
			w.ended()
		})
	})
}

// world is a server, a client and what is between them. Its methods are called
// by the test only, which draws what happens next.
type world struct {
	t      *rapid.T
	server *Server
	http   http.Server
	net    *memnet.Listener
	served chan struct{} // closed when http has ended
	client *model
	ledger *ledger
	beside sync.WaitGroup // what goes on beside the test

	messages int           // that there have been
	pauses   int           // of the session
	idle     time.Duration // that the client has let pass without hearing
	reasons  []Reason      // of the end, once that has been begun
	all      bool          // the end lets everything arrive that was sent
	allSaid  bool          // the same of what the client has said
}

func newWorld(t *rapid.T, impatient bool) *world {
	w := &world{t: t, net: memnet.Listen(), served: make(chan struct{}), ledger: &ledger{}}
	maxPayload := rapid.SampledFrom([]int{1000, 100_000}).Draw(t, "max payload")
	w.ledger.echo = rapid.Bool().Draw(t, "echo")
	w.server = NewServer(Config{
		PingInterval: rapid.SampledFrom([]time.Duration{25 * time.Second, 300 * time.Millisecond, 4 * time.Second}).Draw(t, "ping interval"),
		PingTimeout:  time.Minute,
		MaxPayload:   maxPayload,
		Open: func(s *Session, _ *http.Request) Receiver {
			w.ledger.session = s
			return w.ledger
		},
	})
	w.http.Handler = w.server
	w.http.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	go func() {
		defer close(w.served)
		_ = w.http.Serve(w.net)
	}()
	w.client = &model{net: w.net, max: maxPayload, link: link(t), impatient: impatient}
	w.client.extra = rapid.IntRange(0, 2).Draw(t, "extra GETs")
	a := <-newCall(w.net, w.client.link, "GET", newPoll, "", false).done
	if a.status != 200 {
		t.Fatalf("handshake: %+v", a)
	}
	w.client.id, _, _ = strings.Cut(strings.TrimPrefix(a.body, `0{"sid":"`), `"`)
	w.begin(rapid.SampledFrom([]phase{onPolling, onPolling, probing, pausing, pausing, onWebSocket}).Draw(t, "phase"))
	return w
}

// link draws a network.
func link(t *rapid.T) memnet.Link {
	l := memnet.Link{
		Latency: rapid.SampledFrom([]time.Duration{0, 0, time.Millisecond, 80 * time.Millisecond}).Draw(t, "latency"),
		Piece:   rapid.SampledFrom([]int{0, 0, 7}).Draw(t, "piece"),
		Kernel:  rapid.Bool().Draw(t, "kernel"),
	}
	if l.Latency < 10*time.Millisecond { // else it takes too long
		l.Buffer = rapid.SampledFrom([]int{64 << 10, 4 << 10}).Draw(t, "buffer")
	}
	return l
}

// begin takes the client to where its story begins.
func (w *world) begin(at phase) {
	for w.client.phase < at {
		w.upgrades()
		time.Sleep(2*w.client.link.Latency + time.Millisecond)
		synctest.Wait()
	}
}

// step has something happen, of what may, and go wrong.
func (w *world) step(t *rapid.T) {
	c, session := w.client, w.ledger.session
	var possible []string
	actions := map[string]func(){}
	may := func(name string, is bool, do func()) {
		if is {
			possible = append(possible, name)
			actions[name] = do
		}
	}
	upgrading := c.phase == probing || c.phase == pausing
	may("server sends", true, w.sends)
	may("server pauses", w.pauses < 2, func() { w.pauses++; session.Pause() })
	may("server resumes", w.pauses > 0, func() { w.pauses--; session.Resume() })
	may("time passes", true, func() {
		w.passes(rapid.SampledFrom([]time.Duration{time.Millisecond, 50 * time.Millisecond, time.Second, 4 * time.Second}).Draw(t, "time"))
	})
	if !c.over {
		may("client says", true, w.says)
		may("client flushes", c.flushes(), func() { c.flush(w.bool("half")) })
		may("client floods", w.pauses > 0 && c.phase == onWebSocket, w.floods)
		may("opens GET", c.get == nil && c.phase != onWebSocket, c.open)
		may("hears GET", c.get != nil, func() { c.hearGet() })
		may("hears the rest", c.post != nil || c.line != nil, w.hears)
		may("pongs", true, c.pong)
		may("upgrades", c.phase != onWebSocket, w.upgrades)
		may("goes on with it", upgrading, w.upgrades)
		may("upgrades twice", c.line != nil, w.second)
		may("gives up", upgrading, w.givesUp)
		may("works", true, func() {
			d := rapid.SampledFrom([]time.Duration{0, 200 * time.Millisecond, 5 * time.Second, 40 * time.Second}).Draw(t, "time")
			w.work(d, w.bool("upgrades"), func() bool { return false })
		})
	}
	actions[rapid.SampledFrom(possible).Draw(t, "action")]()
	if w.bool("settle") {
		synctest.Wait()
	}
	w.check()
}

func (w *world) bool(label string) bool { return rapid.Bool().Draw(w.t, label) }

// mail draws a message.
func (w *world) mail(sizes ...int) mail {
	size := rapid.SampledFrom(sizes).Draw(w.t, "size")
	w.messages++
	text := fmt.Sprint(w.messages)
	return mail{text: text + strings.Repeat(".", max(size-len(text), 0)), binary: w.bool("binary")}
}

// hears has the client take what there is to hear, of all but its GET.
func (w *world) hears() {
	c := w.client
	c.hearPost()
	c.hearLine()
	if c.post != nil && w.bool("rest of POST") {
		c.post.complete()
	}
}

// upgrades takes the next step of an upgrade.
func (w *world) upgrades() {
	c := w.client
	switch {
	case c.phase == onPolling:
		c.upgrade()
	case c.phase == probing && !c.probe():
		c.hearLine()
	case c.phase == pausing && !c.takeOver():
		c.hearPost()
		c.hearGet()
	}
}

// says has the client say something.
func (w *world) says() {
	for range rapid.IntRange(1, 3).Draw(w.t, "messages") {
		w.client.say(w.mail(0, 20, 300))
	}
	if w.bool("flush") {
		w.client.flush(w.bool("half"))
	}
}

// floods has the client say a lot on a WebSocket that is not read: no more
// arrives than one read brings, and what that completes.
func (w *world) floods() {
	c := w.client
	settle := func() (size int) {
		time.Sleep(3*c.link.Latency + time.Millisecond)
		synctest.Wait()
		w.ledger.mu.Lock()
		defer w.ledger.mu.Unlock()
		for _, m := range w.ledger.arrived {
			size += len(m.text)
		}
		return size
	}
	before := settle()
	for range 20 {
		w.messages++
		c.say(mail{text: fmt.Sprint(w.messages, strings.Repeat(".", 300))})
	}
	c.flush(false)
	if n := settle() - before; n > 2048+300 && w.ledger.session.Transport() == "websocket" {
		w.t.Fatalf("%d bytes arrive in a pause", n)
	}
}

// sends has the server send something.
func (w *world) sends() {
	sizes := []int{0, 20, 2000, 70_000}
	if w.ledger.size() > 1<<20 { // the client is not to be too slow
		sizes = sizes[:2]
	}
	var list []mail
	for range rapid.IntRange(1, 3).Draw(w.t, "messages") {
		list = append(list, w.mail(sizes...))
	}
	how := rapid.SampledFrom([]Sending{0, Later, Volatile, Volatile | Later}).Draw(w.t, "how")
	send := func() { _ = w.ledger.send(how, list...) }
	if w.bool("beside") {
		w.beside.Go(send)
		return
	}
	send()
}

// second has the client try another WebSocket, which is to be refused.
func (w *world) second() {
	c := w.client
	other := newLine(w.net, c.link, c.query("websocket"))
	c.others = append(c.others, other)
	other.sayPacket("2probe")
	late := time.Since(c.began) > w.server.config.UpgradeTimeout-time.Second // the first may have been given up
	if c.phase == onWebSocket && !w.crossing() || c.phase == pausing && !late {
		other.sayPacket("5")
		time.Sleep(10 * c.link.Latency)
		synctest.Wait()
	}
}

// givesUp has the client abandon its upgrade.
func (w *world) givesUp() {
	switch rapid.IntRange(0, 4).Draw(w.t, "how") {
	case 0:
		w.client.line.cut(false)
	case 1:
		w.client.line.cut(true)
	case 2:
		w.client.line.say(ws.NewCloseFrame(nil))
	case 3:
		w.client.line.sayPacket("1")
	case 4:
		w.client.line.sayPacket("nonsense")
	}
	w.client.resume()
}

// passes lets time pass in which the client hears nothing, unless that gets too
// much.
func (w *world) passes(d time.Duration) {
	if w.idle+d > 15*time.Second {
		w.work(0, false, func() bool { return false })
	}
	w.idle += d
	time.Sleep(d)
}

// work lets time pass in which the client does what is to be done, until that
// is enough, and reports whether it was.
func (w *world) work(d time.Duration, upgrades bool, enough func() bool) bool {
	w.idle = 0
	tick := w.tick()
	for deadline := time.Now().Add(d); ; time.Sleep(min(tick, time.Until(deadline))) {
		tick = min(2*tick, 250*time.Millisecond) // the longer nothing happens the less often it looks
		for {
			synctest.Wait()
			if !w.client.serve(upgrades) {
				break
			}
			tick = w.tick()
		}
		if enough() {
			return true
		}
		if !time.Now().Before(deadline) {
			return false
		}
	}
}

// tick is how long to wait for what is on its way.
func (w *world) tick() time.Duration { return max(w.client.link.Latency, time.Millisecond) }

// check checks what must be true at any time.
func (w *world) check() {
	c := w.client
	if err := w.ledger.received(c.said, false); err != nil {
		w.t.Fatalf("the server received: %v", err)
	}
	if err := w.ledger.heard(c, false); err != nil {
		w.t.Fatalf("the client heard: %v", err)
	}
	if len(w.reasons) > 0 {
		return
	}
	if ends := w.ledger.over(); len(ends) > 0 {
		w.t.Fatalf("the session has ended for %v", ends)
	}
	if c.over && !w.lost() {
		w.t.Fatalf("the client was told that the session is over: %s", c.why)
	}
}

// lost reports whether the client has lost its session in a way that the
// protocol does not prevent: its word that it has upgraded crossed the server's
// that it took too long.
func (w *world) lost() bool {
	if !w.crossing() || time.Since(w.client.began) < w.server.config.UpgradeTimeout {
		return false
	}
	if len(w.reasons) == 0 {
		w.reasons = []Reason{PingTimeout}
	}
	w.all, w.allSaid = false, false
	return true
}

// crossing reports whether the client believes that it has upgraded, and the
// server does not.
func (w *world) crossing() bool {
	return w.client.phase == onWebSocket && w.ledger.session.Transport() == "polling"
}

// goesOn checks that the session does: everything that has been said and sent
// arrives, and so does what is said and sent now.
func (w *world) goesOn() {
	w.resumes()
	w.beside.Wait()
	w.arrives()
	if !w.bool("upgrades in the end") || w.client.over {
		return
	}
	c := w.client
	// Whatever may be in the way of an upgrade has ended by then.
	w.work(w.server.config.UpgradeTimeout+time.Second, true, func() bool { return c.phase == onWebSocket })
	if c.phase == onPolling {
		c.upgrade()
	}
	if !w.work(patience, true, func() bool { return c.over || c.phase == onWebSocket }) {
		w.t.Fatalf("an upgrade stalls, in phase %d", c.phase)
	}
	w.arrives()
	if got := w.ledger.session.Transport(); got != "websocket" && !c.over {
		w.t.Fatalf("the client has upgraded, the server is on %s", got)
	}
}

// patience is how long what is to arrive may take: less than an upgrade may, or a
// heartbeat takes, so that neither can help.
const patience = 8 * time.Second

// arrives checks that everything does, with something new.
func (w *world) arrives() {
	c := w.client
	if c.over {
		return
	}
	who := rapid.SampledFrom([]string{"both", "client", "server"}).Draw(w.t, "who goes on")
	if who != "server" {
		c.say(w.mail(0))
	}
	if who != "client" {
		_ = w.ledger.send(0, w.mail(0))
	}
	arrived := w.work(patience, w.bool("upgrades") || c.phase != onPolling, func() bool {
		return c.over || w.ledger.received(c.said, true) == nil && w.ledger.heard(c, true) == nil
	})
	w.check()
	if !arrived {
		w.t.Fatalf("a stall, in phase %d, on %s; the server received: %v; the client heard: %v", c.phase, w.ledger.session.Transport(),
			w.ledger.received(c.said, true), w.ledger.heard(c, true))
	}
}

// resumes ends all pauses.
func (w *world) resumes() {
	for ; w.pauses > 0; w.pauses-- {
		w.ledger.session.Resume()
	}
}
