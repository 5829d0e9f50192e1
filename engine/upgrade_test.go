package engine

import (
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func candidate(p poller) string { return "EIO=4&transport=websocket&sid=" + p.id }

func TestUpgrade(t *testing.T) {
	changes := make(chan string, 10)
	_, h, layers := serve(t, Config{OnUpgraded: func(from, to string) { changes <- from + " to " + to }})
	p := fetch(t, h)
	l := <-layers
	got := p.hold(t, l)
	c := dial(t, h, candidate(p))
	_ = c.say("2probe")
	c.hears(t, "3probe")
	(<-got).is(t, 200, "6")
	p.get().is(t, 200, "6") // one more than needed
	l.send(t, 0, "4on polling")
	p.get().is(t, 200, "4on polling")
	l.send(t, 0, "4waits")
	_ = c.say("5")
	c.hears(t, "4waits")
	_ = c.say("4hello")
	l.received(t, "hello")
	l.send(t, 0, "4answer")
	c.hears(t, "4answer")
	if l.session.Transport() != "websocket" {
		t.Error(l.session.Transport())
	}
	if change := <-changes; change != "polling to websocket" || len(changes) > 0 {
		t.Errorf("told of a change from %s, and of %d more", change, len(changes))
	}
	p.get().is(t, 400, `{"code":3,"message":"Bad request"}`)
	p.post("4late").is(t, 400, `{"code":3,"message":"Bad request"}`)
	l.open(t)

	again := dial(t, h, candidate(p))
	again.hears(t, "close frame")
	_ = c.say("4still")
	l.received(t, "still")
	c.Close()
	l.ended(t, TransportClose)
}

func TestHeldGetIsReleasedByTheTakeOver(t *testing.T) {
	_, h, layers := serve(t, Config{})
	p := fetch(t, h)
	l := <-layers
	c := dial(t, h, candidate(p))
	_ = c.say("2probe")
	c.hears(t, "3probe")
	_ = c.say("5")
	until(t, func() bool { return l.session.Transport() == "websocket" })
	c.Close()
	l.ended(t, TransportClose)
}

func TestCandidateGoes(t *testing.T) {
	for name, leave := range map[string]func(*cable){
		"before the probe": func(c *cable) { c.Close() },
		"after the probe":  func(c *cable) { _ = c.say("2probe"); c.hear(); c.Close() },
		"with a word":      func(c *cable) { _ = c.say("1"); c.hear(); c.Close() },
		"with nonsense":    func(c *cable) { _ = c.say("nonsense"); c.hear(); c.Close() },
		"with a message":   func(c *cable) { _ = c.say("4a"); c.hear(); c.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			_, h, layers := serve(t, Config{})
			p := fetch(t, h)
			l := <-layers
			leave(dial(t, h, candidate(p)))
			until(t, func() bool {
				l.session.mu.Lock()
				defer l.session.mu.Unlock()
				return l.session.upgrade == nil
			})
			l.send(t, 0, "4goes on")
			for {
				a := p.get()
				if a.body == "6" { // of the probe
					continue
				}
				a.is(t, 200, "4goes on")
				break
			}
			p.post("4hello").is(t, 200, "ok")
			l.received(t, "hello")
			l.open(t)

			c := dial(t, h, candidate(p)) // it may try again
			_ = c.say("2probe")
			c.hears(t, "3probe")
		})
	}
}

func TestSecondCandidateIsRefused(t *testing.T) {
	_, h, layers := serve(t, Config{})
	p := fetch(t, h)
	l := <-layers
	first := dial(t, h, candidate(p))
	_ = first.say("2probe")
	first.hears(t, "3probe")
	dial(t, h, candidate(p)).hears(t, "close frame")
	_ = first.say("5")
	_ = first.say("4a")
	l.received(t, "a")
}

// A server can shut down while a session upgrades, whatever its client does.
func TestShutdownDuringAnUpgrade(t *testing.T) {
	s, h, layers := serve(t, Config{})
	p := fetch(t, h)
	l := <-layers
	got := p.hold(t, l)
	c := dial(t, h, candidate(p))
	until(t, func() bool {
		l.session.mu.Lock()
		defer l.session.mu.Unlock()
		return l.session.upgrade != nil && l.session.upgrade.conn != nil
	})
	shutDown(t, s)
	(<-got).is(t, 200, "1")
	c.hears(t, "close frame")
}

// The order of a session's messages survives whatever happens to it: in both
// directions, over polling, an upgrade at any time, and an end that the server
// announces. Nothing is lost, and nothing comes twice.
func TestNothingIsLost(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 1))
			s, layers := newServer(Config{})
			h := httptest.NewServer(s)
			defer h.Close()
			u := &user{poller: fetch(t, h), upgradeAfter: random.IntN(40) - 10, says: 30}
			l := <-layers

			var server sync.WaitGroup
			var sent []string
			n, early := 50+random.IntN(200), random.IntN(3) == 0
			server.Go(func() {
				for i := 0; i < n; {
					var batch []string
					for range 1 + random.IntN(3) {
						batch = append(batch, fmt.Sprintf("4%d %s", i, strings.Repeat("x", random.IntN(200))))
						i++
					}
					how := Sending(0)
					if random.IntN(2) == 0 {
						how = Later
					}
					l.send(t, how, batch...)
					sent = append(sent, batch...)
					if random.IntN(3) == 0 && i < 100 {
						for range random.IntN(3) { // go on when the client has said more
							select {
							case m := <-l.messages:
								u.arrived = append(u.arrived, m)
							case <-u.done():
							}
						}
					}
				}
				for !early && len(u.arrived) < u.says {
					u.arrived = append(u.arrived, <-l.messages)
				}
				l.session.Close(ForcedClose)
			})
			u.run(t)
			server.Wait()
			if diff := cmp.Diff(sent, u.heard); diff != "" {
				t.Errorf("sent and heard: %s", diff)
			}
			for more := true; more; {
				select {
				case m := <-l.messages:
					u.arrived = append(u.arrived, m)
				default:
					more = false
				}
			}
			for i, m := range u.arrived {
				if m != fmt.Sprint(i) {
					t.Fatalf("message %d is %q of %q", i, m, u.arrived)
				}
			}
			if !early && len(u.arrived) != u.says {
				t.Errorf("%d of %d messages arrived", len(u.arrived), u.says)
			}
			l.ended(t, ForcedClose)
			shutDown(t, s)
		})
	}
}

// user is a client that follows the script of the reference client: it polls,
// posts, upgrades after a number of posts (never if that is negative), and goes
// on over its WebSocket, until the server says that it is over.
type user struct {
	poller
	upgradeAfter int
	says         int // messages

	pausing atomic.Bool // no further GET
	over    atomic.Bool
	heard   []string // by the poller, then by the reader of the WebSocket
	arrived []string // of what it said; the server's

	once sync.Once
	end  chan struct{}
}

func (u *user) done() <-chan struct{} {
	u.once.Do(func() { u.end = make(chan struct{}) })
	return u.end
}

func (u *user) run(t *testing.T) {
	u.done()
	defer close(u.end)
	var polls sync.WaitGroup
	polls.Go(func() { u.fetch(t) })
	said := 0
	for ; said < u.says && said != u.upgradeAfter && !u.over.Load(); said++ {
		if a := u.post(fmt.Sprintf("4%d", said)); a.status != 200 {
			break // it is over
		}
	}
	if said != u.upgradeAfter || u.over.Load() {
		polls.Wait()
		return
	}
	c, err := connect(u.h, candidate(u.poller))
	if err != nil { // it is over
		polls.Wait()
		return
	}
	defer c.Close()
	_ = c.say("2probe")
	if c.hear() != "3probe" {
		polls.Wait()
		return
	}
	u.pausing.Store(true)
	polls.Wait()
	if u.over.Load() {
		return
	}
	_ = c.say("5")
	var hears sync.WaitGroup
	hears.Go(func() {
		for {
			p := c.hear()
			if p == "close frame" || strings.HasPrefix(p, "error") {
				return
			}
			u.heard = append(u.heard, p)
		}
	})
	for ; said < u.says; said++ {
		if c.say(fmt.Sprintf("4%d", said)) != nil {
			break
		}
	}
	hears.Wait()
}

func (u *user) fetch(t *testing.T) {
	for !u.pausing.Load() && !u.over.Load() {
		a := u.get()
		if a.err != nil || a.status != 200 {
			t.Errorf("GET: %+v", a)
			u.over.Store(true)
			return
		}
		for _, p := range packets(a.body) {
			switch p {
			case "6":
			case "1":
				u.over.Store(true)
			default:
				u.heard = append(u.heard, p)
			}
		}
	}
}
