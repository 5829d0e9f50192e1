package engine

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/briohq/brio/internal/wheel"
	"github.com/briohq/brio/transport"
)

func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, c := openFake(t, Config{}, false)
		defer s.group.Wait(t.Context())
		wait := func(d time.Duration, want string) {
			t.Helper()
			time.Sleep(d - time.Nanosecond)
			synctest.Wait()
			if w := c.written(); w != "" {
				t.Errorf("wrote %q too early", w)
			}
			l.open(t)
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			if w := c.written(); w != want {
				t.Errorf("wrote %q, want %q", w, want)
			}
		}
		wait(25*time.Second, "2")
		time.Sleep(7 * time.Second)
		c.receive("3")
		wait(25*time.Second, "2")
		time.Sleep(19 * time.Second)
		c.receive("4traffic is no answer")
		time.Sleep(time.Second - time.Nanosecond)
		synctest.Wait()
		l.open(t)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		l.ended(t, PingTimeout)
		if c.ended() != "abort" || s.Len() != 0 {
			t.Errorf("the conn's end: %q; %d sessions", c.ended(), s.Len())
		}
		time.Sleep(time.Hour)
		if w := c.written(); w != "" {
			t.Errorf("wrote %q after the end", w)
		}
	})
}

func TestOverdueSessionIsNotFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, _ := openFake(t, Config{}, true)
		s.shards[0].wheel.Stop() // it is late
		time.Sleep(45*time.Second - time.Nanosecond)
		if _, refused := s.verifySession(intent{}, l.session.ID()); refused != nil {
			t.Error("refused too early")
		}
		time.Sleep(time.Nanosecond)
		if _, refused := s.verifySession(intent{}, l.session.ID()); refused == nil || *refused != unknownSession {
			t.Errorf("not refused: %v", refused)
		}
		l.ended(t, PingTimeout)
	})
}

func TestHeartbeatWaitsForAPausedSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, c := openFake(t, Config{}, false)
		l.session.Pause()
		if !c.paused {
			t.Error("the conn goes on")
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		l.open(t)
		l.session.Resume()
		if c.paused {
			t.Error("the conn has not been resumed")
		}
		time.Sleep(20*time.Second - time.Nanosecond) // as long as if the ping had come now
		synctest.Wait()
		l.open(t)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		l.ended(t, PingTimeout)
	})
}

func TestClosingWaitsForAPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, c := openFake(t, Config{}, true)
		l.send(t, 0, "4last")
		l.session.Close(ForcedClose)
		l.session.Close(TransportClose)
		l.ended(t, ForcedClose)
		if err := l.session.Send(frames("4late"), 0); !errors.Is(err, ErrClosed) {
			t.Errorf("sending after the end: %v", err)
		}
		c.receive("4late")
		time.Sleep(29 * time.Second)
		synctest.Wait()
		if s.Len() != 1 || c.ended() != "" {
			t.Errorf("%d sessions, end %q", s.Len(), c.ended())
		}
		l.session.Ready(c)
		if c.ended() != "close 4last" || s.Len() != 0 {
			t.Errorf("the end is %q, %d sessions", c.ended(), s.Len())
		}
		l.received(t)
		l.open(t)
	})
}

func TestClosingGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, c := openFake(t, Config{}, true)
		time.Sleep(time.Minute / 3)
		l.session.Close(ForcedClose)
		l.ended(t, ForcedClose)
		time.Sleep(30*time.Second - time.Nanosecond)
		synctest.Wait()
		if s.Len() != 1 {
			t.Error("given up too early")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if s.Len() != 0 || c.ended() != "abort" {
			t.Errorf("%d sessions, end %q", s.Len(), c.ended())
		}
		l.open(t)
	})
}

func TestPacketsThatEndASession(t *testing.T) {
	for packet, want := range map[string]Reason{
		"0{}": ParseError, "1": TransportClose, "2": TransportError, "2probe": TransportError, "5": ParseError, "6": ParseError,
	} {
		_, l, c := openFake(t, Config{}, false)
		c.receive(packet)
		l.ended(t, want)
		c.receive("4late")
		l.received(t)
	}
}

func TestEndsOfATransport(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Reason
	}{
		{nil, TransportClose},
		{errors.New("reset"), TransportError},
		{fmt.Errorf("read: %w", transport.ErrParse), ParseError},
	} {
		s, l, conn := openFake(t, Config{}, false)
		l.session.Closed(conn, c.err)
		l.ended(t, c.want)
		if s.Len() != 0 {
			t.Errorf("%d sessions", s.Len())
		}
	}
}

func TestSendsWhileBlockedLeaveAsOne(t *testing.T) {
	_, l, c := openFake(t, Config{}, false)
	c.block(true)
	l.send(t, 0, "4a")
	for _, p := range []string{"4b", "4c", "4d"} {
		l.send(t, 0, p)
	}
	l.send(t, Later, "4e", "4f")
	if w := c.written(); w != "4a" {
		t.Errorf("wrote %q", w)
	}
	c.block(false)
	l.session.Ready(c)
	if w := c.written(); w != "4b|4c|4d|4e|4f" {
		t.Errorf("wrote %q", w)
	}
	l.session.Abort(ForcedClose)
}

func TestLaterGathers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, c := openFake(t, Config{}, false)
		f := &l.session.shard().flusher
		f.mu.Lock()
		f.running = true // somebody is at work elsewhere
		f.mu.Unlock()
		for i := range 5 {
			l.send(t, Later, fmt.Sprintf("4%d", i))
		}
		if w := c.written(); w != "" {
			t.Errorf("wrote %q at once", w)
		}
		s.group.Go(f.run)
		synctest.Wait()
		if w := c.written(); w != "40|41|42|43|44" {
			t.Errorf("wrote %q", w)
		}
		l.send(t, Later, "4later")
		l.send(t, 0, "4now")
		synctest.Wait()
		if w := c.written(); strings.ReplaceAll(w, " ", "|") != "4later|4now" {
			t.Errorf("wrote %q", w)
		}
		l.session.Abort(ForcedClose)
	})
}

func TestVolatileIsDroppedWhenBlocked(t *testing.T) {
	_, l, c := openFake(t, Config{}, false)
	l.send(t, Volatile, "4a")
	c.block(true)
	l.send(t, 0, "4b")
	l.send(t, Volatile, "4dropped")
	l.send(t, Volatile|Later, "4dropped")
	l.send(t, 0, "4c")
	c.block(false)
	l.session.Ready(c)
	l.send(t, Volatile, "4d")
	if w := c.written(); w != "4a 4b 4c 4d" {
		t.Errorf("wrote %q", w)
	}
	l.session.Abort(ForcedClose)
}

// gate is one that calls a function.
type gate func() bool

func (g gate) Open() bool { return g() }

func TestSendIf(t *testing.T) {
	_, l, c := openFake(t, Config{}, false)
	for want, open := range map[error]bool{nil: true, ErrClosed: false} {
		if err := l.session.SendIf(frames("4a"), 0, gate(func() bool { return open }), nil); !errors.Is(err, want) {
			t.Errorf("open %v: %v", open, err)
		}
	}
	if w := c.written(); w != "4a" {
		t.Errorf("wrote %q", w)
	}
	l.session.Abort(ForcedClose)
	if err := l.session.SendIf(frames("4b"), 0, gate(func() bool { t.Error("asked in vain"); return true }), nil); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestBacklogIsBounded(t *testing.T) {
	const bound = 10_000
	s, l, c := openFake(t, Config{MaxBacklog: bound}, false)
	c.block(true)
	huge := "4" + strings.Repeat("x", 3*bound)
	l.send(t, 0, huge) // more than the bound, but nothing waits
	if err := l.session.Send(frames("4x"), 0); !errors.Is(err, ErrBacklog) {
		t.Errorf("error %v", err)
	}
	l.ended(t, SlowClient)
	if s.Len() != 0 || c.ended() != "abort" {
		t.Errorf("%d sessions, end %q", s.Len(), c.ended())
	}

	_, l, c = openFake(t, Config{MaxBacklog: bound}, false)
	for range 10 { // what has left doesn't count
		l.send(t, 0, "4"+strings.Repeat("x", bound-300))
	}
	c.block(true)
	for range 8 {
		l.send(t, 0, "4"+strings.Repeat("x", bound/10-20))
	}
	l.open(t)
	c.block(false)
	l.session.Ready(c)
	l.session.mu.Lock()
	if q := l.session.queued; q != 0 {
		t.Errorf("%d bytes wait after everything has left", q)
	}
	l.session.mu.Unlock()
	l.session.Abort(ForcedClose)
}

// newUpgrade gives a session a candidate, as its WebSocket handshake does.
func newUpgrade(l *layer) (*upgrade, *fakeConn) {
	c := &fakeConn{receiver: l.session}
	up := &upgrade{over: make(chan struct{}), conn: c, ready: true}
	up.deadline.Owner = wheel.Func(func() { l.session.expire(up) })
	l.session.mu.Lock()
	l.session.upgrade = up
	l.session.mu.Unlock()
	l.session.shard().wheel.Schedule(&up.deadline, l.session.server.config.UpgradeTimeout)
	return up, c
}

func TestUpgradeTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, c := openFake(t, Config{}, true)
		_, candidate := newUpgrade(l)
		candidate.receive("2probe")
		if w := candidate.written(); w != "3probe" {
			t.Errorf("the probe is answered %q", w)
		}
		time.Sleep(10*time.Second - time.Nanosecond)
		synctest.Wait()
		if candidate.ended() != "" {
			t.Error("abandoned too early")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if candidate.ended() != "abort" || c.ended() != "" {
			t.Errorf("the candidate's end %q, the session's %q", candidate.ended(), c.ended())
		}
		candidate.receive("5")
		if l.session.Transport() != "polling" {
			t.Error("an abandoned transport takes over")
		}
		l.open(t)
		l.session.Abort(ForcedClose)
	})
}

// While a session is paused its client may wait for the answer of a POST, and
// can't go on with its upgrade before it has that.
func TestUpgradeWaitsForAPausedSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, _ := openFake(t, Config{PingInterval: time.Hour}, true)
		_, candidate := newUpgrade(l)
		candidate.receive("2probe")
		l.session.Pause()
		time.Sleep(15 * time.Second)
		l.session.Resume()
		time.Sleep(10*time.Second - time.Nanosecond)
		synctest.Wait()
		if candidate.ended() != "" {
			t.Error("abandoned too early")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if candidate.ended() != "abort" {
			t.Errorf("the candidate's end is %q", candidate.ended())
		}
		l.open(t)
		l.session.Abort(ForcedClose)
	})
}

func TestTakeOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, l, c := openFake(t, Config{}, true)
		l.session.Ready(c) // a GET is held
		_, candidate := newUpgrade(l)
		if w := c.written(); w != "" {
			t.Errorf("wrote %q before the probe", w)
		}
		candidate.receive("2probe")
		if w := c.written(); w != "6" {
			t.Errorf("the held GET gets %q", w)
		}
		l.session.Ready(c)
		time.Sleep(100*time.Millisecond - time.Nanosecond)
		synctest.Wait()
		if w := c.written(); w != "" {
			t.Errorf("the second GET gets %q at once: a client would poll as fast as it can", w)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if w := c.written(); w != "6" {
			t.Errorf("the second GET gets %q", w)
		}
		l.send(t, 0, "4waits")
		candidate.receive("5")
		if w := candidate.written(); w != "3probe 4waits" {
			t.Errorf("the new transport got %q", w)
		}
		if l.session.Transport() != "websocket" {
			t.Error("not upgraded")
		}
		c.receive("4of the old")
		candidate.receive("4of the new")
		l.received(t, "of the new")
		time.Sleep(25 * time.Second)
		synctest.Wait()
		if w := candidate.written(); w != "2" {
			t.Errorf("wrote %q", w)
		}
		l.session.Closed(c, nil)
		l.open(t)
		l.session.Closed(candidate, nil)
		l.ended(t, TransportClose)
	})
}

func TestCandidateMisbehaves(t *testing.T) {
	for name, packets := range map[string][]string{
		"no probe":       {"2"},
		"a message":      {"4a"},
		"early upgrade":  {"5"},
		"a second probe": {"2probe", "2probe"},
		"message later":  {"2probe", "4a"},
	} {
		t.Run(name, func(t *testing.T) {
			_, l, c := openFake(t, Config{}, true)
			_, candidate := newUpgrade(l)
			for _, p := range packets {
				candidate.receive(p)
			}
			if candidate.ended() != "abort" {
				t.Errorf("the candidate's end is %q", candidate.ended())
			}
			l.received(t)
			l.session.Ready(c)
			c.written()
			l.session.Ready(c)
			l.send(t, 0, "4goes on")
			if w := c.written(); w != "4goes on" {
				t.Errorf("wrote %q", w)
			}
			l.session.Abort(ForcedClose)
		})
	}
}

// A transport may call Ready before the Write that asked for it returns.
func TestReadyOvertakesTheProbesWrite(t *testing.T) {
	_, l, _ := openFake(t, Config{}, true)
	up, candidate := newUpgrade(l)
	early := &earlyConn{fakeConn: candidate}
	up.conn = early
	l.session.Receive(early, transport.Packet{Type: transport.Ping, Data: []byte("probe")})
	l.session.Receive(early, transport.Packet{Type: transport.Upgrade})
	l.send(t, 0, "4hello")
	if w := candidate.written(); w != "3probe 4hello" {
		t.Errorf("wrote %q: the session takes its transport for blocked", w)
	}
	l.session.Abort(ForcedClose)
}

type earlyConn struct{ *fakeConn }

func (c *earlyConn) Write(fs []*transport.Frame) bool {
	c.fakeConn.Write(fs)
	c.receiver.Ready(c)
	return false
}

// A session that closes on its old transport takes the candidate along.
func TestCloseDuringAnUpgrade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, c := openFake(t, Config{}, true)
		l.session.Ready(c)
		_, candidate := newUpgrade(l)
		l.session.Close(ForcedClose)
		if c.ended() != "close " || s.Len() != 0 {
			t.Fatalf("end %q, %d sessions", c.ended(), s.Len())
		}
		candidate.receive("2probe")
		candidate.receive("5")
		time.Sleep(time.Hour)
		synctest.Wait()
		if candidate.ended() == "" {
			t.Error("the candidate of a session that has closed is never ended")
		}
	})
}

// One that can't close yet closes on the new transport, with what waits.
func TestTakeOverOfAClosingSession(t *testing.T) {
	s, l, _ := openFake(t, Config{}, true)
	_, candidate := newUpgrade(l)
	l.send(t, 0, "4last")
	l.session.Close(ForcedClose)
	candidate.receive("2probe")
	candidate.receive("5")
	if candidate.ended() != "close 4last" || s.Len() != 0 {
		t.Errorf("end %q, %d sessions", candidate.ended(), s.Len())
	}
}
