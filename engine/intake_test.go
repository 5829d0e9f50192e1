package engine

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
)

func (c *fakeConn) isPaused() bool {
	synctest.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.paused
}

// Who sends too much is not read until he has kept to the average, and loses
// nothing; his heartbeat waits.
func TestIntakePauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, c := openFake(t, Config{Intake: &Intake{Packets: 10, PacketBurst: 20}}, false)
		defer s.group.Wait(t.Context())
		paused := c.isPaused
		for i := range 20 {
			c.receive(fmt.Sprint("4", i))
		}
		if paused() {
			t.Error("paused too early")
		}
		for range 30 { // those that had been read
			c.receive("4more")
		}
		if n := len(l.messages); n != 50 || !paused() {
			t.Errorf("%d messages; paused %v", n, paused())
		}
		time.Sleep(3 * time.Second)
		if !paused() {
			t.Error("goes on too early")
		}
		time.Sleep(2 * time.Nanosecond)
		if paused() {
			t.Error("does not go on")
		}
		c.receive("4one")
		if !paused() || s.Stats().Excess != 2 {
			t.Errorf("paused %v; %+v", paused(), s.Stats())
		}
		time.Sleep(time.Minute) // it has not answered the heartbeat since
		synctest.Wait()
		l.ended(t, PingTimeout)
	})
}

func TestIntakeOfBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l, c := openFake(t, Config{MaxPayload: 5000, Intake: &Intake{Bytes: 1000}}, false)
		defer s.group.Wait(t.Context())
		c.receive("4" + strings.Repeat("x", 5000)) // one message may always come
		c.receive("4" + strings.Repeat("x", 500))
		if !c.isPaused() || len(l.messages) != 2 {
			t.Errorf("paused %v, %d messages", c.isPaused(), len(l.messages))
		}
		time.Sleep(500*time.Millisecond + 1)
		if c.isPaused() {
			t.Error("does not go on")
		}
		l.session.Abort(ForcedClose)
		l.ended(t, ForcedClose)
	})
}

// Whether he floods with messages, heartbeats, or frames of WebSocket's own.
func TestIntakeDisconnects(t *testing.T) {
	_, h, layers := serve(t, Config{Intake: &Intake{Packets: 1, PacketBurst: 30, Disconnect: true}})
	for name, frame := range map[string]ws.Frame{
		"messages":   ws.NewTextFrame([]byte("4x")),
		"heartbeats": ws.NewTextFrame([]byte("3")),
		"pings":      ws.NewPingFrame(nil),
		"pongs":      ws.NewPongFrame(nil),
		"fragments":  {Header: ws.Header{OpCode: ws.OpContinuation}},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, h, "EIO=4&transport=websocket")
			l := <-layers
			if name == "fragments" {
				_ = ws.WriteFrame(c, ws.MaskFrame(ws.NewFrame(ws.OpText, false, []byte("4"))))
			}
			for range 40 {
				_ = ws.WriteFrame(c, ws.MaskFrame(frame)) // fails when it is over
			}
			l.ended(t, TooFast)
			if n := len(l.messages); n > 30 {
				t.Errorf("%d messages came through", n)
			}
		})
	}
	t.Run("polling", func(t *testing.T) {
		p := fetch(t, h)
		l := <-layers
		p.post(strings.Repeat("4x\x1e", 39) + "4x")
		l.ended(t, TooFast)
		if n := len(l.messages); n != 30 {
			t.Errorf("%d messages came through", n)
		}
	})
}

// Over the wire, a flood takes the time that it may.
func TestIntakeOverTheWire(t *testing.T) {
	s, h, layers := serve(t, Config{Intake: &Intake{Packets: 1000, PacketBurst: 100}})
	const sent = 400
	c := dial(t, h, "EIO=4&transport=websocket")
	l := <-layers
	for i := range sent {
		if err := c.say(fmt.Sprint("4", i)); err != nil {
			t.Fatal(err)
		}
	}
	var all []string
	for i := range sent {
		all = append(all, fmt.Sprint(i))
	}
	l.received(t, all...)
	l.open(t)

	p := fetch(t, h)
	l = <-layers
	p.post(strings.Join(prefixed("4", all), "\x1e")).is(t, 200, "ok")
	p.post("4end").is(t, 200, "ok")
	l.received(t, append(all, "end")...)
	if n := s.Stats().Excess; n < 2 {
		t.Errorf("%d excesses", n)
	}
}

func prefixed(prefix string, list []string) (all []string) {
	for _, one := range list {
		all = append(all, prefix+one)
	}
	return all
}
