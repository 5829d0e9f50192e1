package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/briohq/brio/transport"
)

// door is a gate that can be told from others.
type door struct{ closed bool }

func (d *door) Open() bool { return !d.closed }

func (l *layer) sendLatest(t *testing.T, how Sending, gate Gate, key string, packets ...string) {
	t.Helper()
	if err := l.session.SendLatest(frames(packets...), how, gate, key); err != nil {
		t.Errorf("send %q: %v", packets, err)
	}
}

func (s *Session) backlog() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queued
}

func TestLatest(t *testing.T) {
	for name, polls := range map[string]bool{"websocket": false, "polling": true} {
		t.Run(name, func(t *testing.T) {
			_, l, c := openFake(t, Config{}, polls)
			one, two := &door{}, &door{}
			if polls {
				l.session.Ready(c)
			}
			c.block(true)
			l.sendLatest(t, 0, one, "k", "4begun")
			l.sendLatest(t, 0, one, "k", "4old", "4its attachment")
			l.send(t, 0, "4between")
			l.sendLatest(t, 0, one, "other", "4of another key")
			l.sendLatest(t, 0, two, "k", "4of another gate")
			l.sendLatest(t, 0, one, "k", "4new", "4its attachments", "4two")
			l.sendLatest(t, Later, one, "other", "4new of another key")
			l.sendLatest(t, Volatile, one, "k", "4dropped")
			l.sendLatest(t, 0, one, "", "4a")
			l.sendLatest(t, 0, one, "", "4b")
			if w := c.written(); w != "4begun" {
				t.Errorf("wrote %q", w)
			}
			c.block(false)
			l.session.Ready(c)
			want := "4between|4of another gate|4new|4its attachments|4two|4new of another key|4a|4b"
			if w := c.written(); w != want {
				t.Errorf("wrote %q, want %q", w, want)
			}
			if polls {
				l.session.Ready(c)
			}
			l.sendLatest(t, 0, one, "k", "4afterwards")
			if w := c.written(); w != "4afterwards" {
				t.Errorf("wrote %q", w)
			}
			if polls {
				l.session.Ready(c)
			}
			if n := l.session.backlog(); n != 0 {
				t.Errorf("%d bytes wait", n)
			}
			one.closed = true
			if err := l.session.SendLatest(frames("4late"), 0, one, "k"); !errors.Is(err, ErrClosed) {
				t.Errorf("through a closed gate: %v", err)
			}
			l.session.Abort(ForcedClose)
		})
	}
}

// What waits when a session closes, or goes over to another transport, has no
// gaps either.
func TestLatestBeforeTheEnd(t *testing.T) {
	_, l, c := openFake(t, Config{}, false)
	c.block(true)
	l.send(t, 0, "4in flight")
	l.sendLatest(t, 0, nil, "k", "4old")
	l.send(t, 0, "4a")
	l.sendLatest(t, 0, nil, "k", "4new")
	l.session.Close(ForcedClose)
	c.block(false)
	l.session.Ready(c)
	if got := c.ended(); got != "close 4a|4new" {
		t.Errorf("its end: %q", got)
	}

	_, l, _ = openFake(t, Config{}, true)
	l.send(t, 0, "4waits for a request")
	l.sendLatest(t, 0, nil, "k", "4old")
	l.sendLatest(t, 0, nil, "k", "4new")
	_, candidate := newUpgrade(l)
	candidate.receive("2probe")
	candidate.receive("5")
	if w := candidate.written(); w != "3probe 4waits for a request|4new" {
		t.Errorf("wrote %q", w)
	}
	if n := l.session.backlog(); n != 0 {
		t.Errorf("%d bytes wait", n)
	}
	l.session.Abort(ForcedClose)
}

// What may be dropped does not close the session, and leaves room for what may
// not.
func TestWhatHasNoRoom(t *testing.T) {
	const bound = 100_000
	_, l, c := openFake(t, Config{MaxBacklog: bound}, false)
	packet := func(size int) string { return "4" + strings.Repeat("x", size-203) }
	c.block(true)
	l.send(t, Drop, packet(3*bound)) // more than the bound, but nothing waits
	if err := l.session.Send(frames("4x"), Drop); !errors.Is(err, ErrBacklog) {
		t.Errorf("over the bound: %v", err)
	}
	l.session.Ready(c)
	l.send(t, 0, packet(1000))
	for range 74 {
		l.send(t, Drop, packet(1000))
	}
	if err := l.session.Send(frames(packet(1000)), Drop); !errors.Is(err, ErrBacklog) {
		t.Errorf("over three quarters: %v", err)
	}
	for range 25 {
		l.send(t, 0, packet(1000))
	}
	if n := l.session.backlog(); n != bound {
		t.Errorf("%d bytes wait", n)
	}
	l.open(t)
	c.written()
	if err := l.session.Send(frames(packet(300)), 0); !errors.Is(err, ErrBacklog) {
		t.Errorf("over the bound: %v", err)
	}
	l.ended(t, SlowClient)

	_, l, _ = openFake(t, Config{MaxBacklog: bound}, false)
	l.session.mu.Lock()
	l.session.dirty = true // the flusher leaves it alone
	l.session.mu.Unlock()
	l.send(t, Later, packet(90_000))
	l.send(t, Later|Volatile, packet(1000)) // the client could take it, but it has no room
	if n := l.session.backlog(); n != 90_000 {
		t.Errorf("%d bytes wait", n)
	}
	l.session.flush()
	l.session.Abort(ForcedClose)
}

// A value of another size needs only the room that the old one does not give
// back. Its key counts too.
func TestRoomForLatest(t *testing.T) {
	const bound = 100_000
	_, l, c := openFake(t, Config{MaxBacklog: bound}, false)
	packet := func(size int) string { return "4" + strings.Repeat("x", size-203) }
	c.block(true)
	l.send(t, 0, packet(50_000))
	l.sendLatest(t, 0, nil, "k", packet(20_000))
	l.sendLatest(t, 0, nil, "k", packet(49_999))
	l.sendLatest(t, 0, nil, "k", packet(40_000))
	l.sendLatest(t, Drop, nil, "k", packet(24_999))
	if err := l.session.SendLatest(frames(packet(25_000)), Drop, nil, "k"); !errors.Is(err, ErrBacklog) {
		t.Error(err)
	}
	if n := l.session.backlog(); n != 75_000 { // it stays
		t.Errorf("%d bytes wait", n)
	}
	l.open(t)
	if err := l.session.SendLatest(frames(packet(50_000)), 0, nil, "k"); !errors.Is(err, ErrBacklog) {
		t.Error(err)
	}
	l.ended(t, SlowClient)
	c.written()
}

// Values that are replaced again and again do not fill the outbox.
func TestManyLatest(t *testing.T) {
	const keys, rounds = 10_000, 20
	_, l, c := openFake(t, Config{}, false)
	c.block(true)
	l.send(t, 0, "4in flight")
	c.written()
	for round := range rounds {
		for k := range keys {
			l.sendLatest(t, 0, nil, fmt.Sprint(k), fmt.Sprintf("4%d.%d", k, round))
		}
		if n := len(l.session.out.frames); n > 3*keys {
			t.Fatalf("%d places for %d values", n, keys)
		}
	}
	c.block(false)
	l.session.Ready(c)
	var want []string
	for k := range keys {
		want = append(want, fmt.Sprintf("4%d.%d", k, rounds-1))
	}
	if w := c.written(); w != strings.Join(want, "|") {
		t.Error("something else was written")
	}
	if n := l.session.backlog(); n != 0 {
		t.Errorf("%d bytes wait", n)
	}
	l.session.Abort(ForcedClose)
}

// parcel is what was sent as one.
type parcel struct {
	number int
	label  label
	frames []string
	size   int
}

// store is what an outbox is like: the model, which looks through all of it each
// time.
type store struct {
	t       *rapid.T
	session *Session
	conn    *fakeConn
	doors   [2]*door

	sent    int
	waiting []parcel
	flying  int            // bytes
	ready   bool           // the transport may be written to
	blocked bool           // it takes no more than one write from now on
	written []string       // as it must have been
	last    map[label]int  // the number of the newest that must arrive
	arrived map[int]string // by number, the last frame
	over    bool
}

func (s *store) queued() int {
	n := s.flying
	for _, p := range s.waiting {
		n += p.size
	}
	return n
}

func (s *store) send(t *rapid.T) {
	s.sent++
	p := parcel{number: s.sent, label: label{gate: s.doors[rapid.IntRange(0, 1).Draw(t, "gate")]}}
	p.label.key = rapid.SampledFrom([]string{"", "", "k", "l", "a longer one"}).Draw(t, "key")
	p.size = len(p.label.key)
	for i := range rapid.IntRange(1, 3).Draw(t, "frames") {
		f := fmt.Sprintf("4%d.%d", p.number, i) + strings.Repeat(".", rapid.IntRange(0, 200).Draw(t, "padding"))
		p.frames = append(p.frames, f)
		p.size += frames(f)[0].Size()
	}
	how := rapid.SampledFrom([]Sending{0, Drop, Drop | Later, Later, Volatile, Volatile | Later}).Draw(t, "how")

	others := slices.DeleteFunc(slices.Clone(s.waiting), func(o parcel) bool { return o.label == p.label && p.label.key != "" })
	size := s.flying
	for _, o := range others {
		size += o.size
	}
	room := bound
	if how&(Drop|Volatile) != 0 {
		room = bound * 3 / 4
	}
	full := size > 0 && size+p.size > room
	var want error
	switch {
	case how&Volatile != 0 && (full || s.flying > 0):
	case full:
		want = ErrBacklog
		s.over = how&Drop == 0
	default:
		s.waiting = append(others, p)
		s.last[p.label] = p.number
		if how&Later == 0 {
			s.flush()
		}
	}
	if err := s.session.SendLatest(frames(p.frames...), how, p.label.gate, p.label.key); !errors.Is(err, want) {
		t.Fatalf("%v %v: got error %v, want %v", p, how, err, want)
	}
}

const bound = 6000

// flush writes what waits if the transport takes it.
func (s *store) flush() {
	if !s.ready || len(s.waiting) == 0 {
		return
	}
	var all []string
	for _, p := range s.waiting {
		all = append(all, p.frames...)
		s.arrived[p.number] = p.label.key
	}
	s.written = append(s.written, strings.Join(all, "|"))
	if s.ready = !s.blocked; s.blocked {
		s.flying = s.queued()
	}
	s.waiting = nil
}

// check compares the session with the model.
func (s *store) check(t *rapid.T) {
	if got, want := s.conn.written(), strings.Join(s.written, " "); got != want {
		t.Fatalf("written: %q, want %q", got, want)
	}
	s.written = nil
	if s.over {
		return
	}
	s.session.mu.Lock()
	defer s.session.mu.Unlock()
	s.session.dirty = true // so that the flusher stays away: this test says when its turn is
	var waits, model []string
	if o := s.session.out; o != nil {
		for _, f := range o.frames {
			if f != nil {
				waits = append(waits, string(f.Polling()))
			}
		}
		if n := len(o.frames) - len(waits); n != o.gaps || n > 64+len(waits) {
			t.Fatalf("%d gaps, said to be %d, among %d", n, o.gaps, len(waits))
		}
	}
	for _, p := range s.waiting {
		model = append(model, p.frames...)
	}
	if !slices.Equal(waits, model) {
		t.Fatalf("waiting: %q, want %q", waits, model)
	}
	if got := s.session.queued; got != s.queued() {
		t.Fatalf("%d bytes wait, want %d", got, s.queued())
	}
	counted := int64(0)
	if s.session.blocked {
		counted = int64(s.session.queued)
	}
	if got := s.session.server.waiting(); got != counted {
		t.Fatalf("%d bytes are counted for all, want %d", got, counted)
	}
}

// At most one value of a key waits, and the last one arrives; all else arrives
// in order, once; and the bytes that wait are known.
func TestOutboxKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		_, l, c := openFake(t, Config{MaxBacklog: bound}, false)
		s := &store{
			t: r, session: l.session, conn: c, doors: [2]*door{{}, {}}, ready: true,
			last: map[label]int{}, arrived: map[int]string{},
		}
		defer l.session.Abort(ForcedClose)
		s.check(r)
		unless := func(f func(*rapid.T)) func(*rapid.T) {
			return func(r *rapid.T) {
				if !s.over {
					f(r)
				}
			}
		}
		r.Repeat(map[string]func(*rapid.T){
			"send":  unless(s.send),
			"again": unless(s.send),
			"block": unless(func(r *rapid.T) {
				s.blocked = rapid.Bool().Draw(r, "block")
				c.block(s.blocked)
			}),
			"flusher": unless(func(*rapid.T) {
				s.flush()
				s.session.flush()
			}),
			"ready": unless(func(*rapid.T) {
				if !s.ready {
					s.ready, s.flying = true, 0
					s.flush()
					s.session.Ready(c)
				}
			}),
			"": s.check,
		})
		if s.over {
			if n := s.session.server.waiting(); n != 0 {
				r.Fatalf("%d bytes are counted after the end", n)
			}
			l.ended(t, SlowClient)
			return
		}
		s.blocked, s.ready, s.flying = false, true, 0
		c.block(false)
		s.flush()
		s.session.Ready(c)
		s.check(r)
		for label, n := range s.last {
			if _, ok := s.arrived[n]; !ok {
				r.Fatalf("the last value of %q, number %d, has not arrived", label.key, n)
			}
		}
		if n := l.session.backlog(); n != 0 {
			r.Fatalf("%d bytes wait at last", n)
		}
	})
}

// Many send at once to a client that takes its time.
func TestLatestOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const senders, values = 8, 300
		_, l, c := openFake(t, Config{MaxBacklog: 64 << 20, PingInterval: time.Hour}, true)
		var group sync.WaitGroup
		for i := range senders {
			group.Go(func() {
				for n := range values {
					how := Later * Sending(n%2)
					if err := l.session.SendLatest(frames(fmt.Sprintf("4%d k %d", i, n), "4attached"), how, nil, fmt.Sprint(i)); err != nil {
						t.Error(err)
					}
					if n%10 == 9 {
						time.Sleep(time.Duration(i) * time.Millisecond)
						l.send(t, how, fmt.Sprintf("4%d o %d", i, n))
					}
				}
			})
		}
		var got []string
		takes := func() (some bool) {
			time.Sleep(7 * time.Millisecond)
			synctest.Wait()
			w := c.written()
			if w != "" {
				got = append(got, strings.Split(w, "|")...)
			}
			l.session.mu.Lock()
			ready := l.session.ready
			l.session.mu.Unlock()
			if !ready {
				l.session.Ready(c)
			}
			return w != ""
		}
		for range 5 {
			takes()
		}
		group.Wait()
		for takes() {
		}
		var last [senders]struct{ latest, ordinary, count int }
		for j, text := range got {
			var i, n int
			var kind string
			if text == "4attached" {
				continue
			}
			if _, err := fmt.Sscanf(text, "4%d %s %d", &i, &kind, &n); err != nil {
				t.Fatal(text, err)
			}
			one := &last[i]
			switch kind {
			case "k":
				if n < one.latest || n < one.ordinary {
					t.Errorf("sender %d: %d after %v", i, n, *one)
				}
				if j+1 == len(got) || got[j+1] != "4attached" {
					t.Errorf("sender %d: %d without its attachment", i, n)
				}
				one.latest = n
			default:
				if n != one.ordinary+10 && n != 9 || n < one.latest {
					t.Errorf("sender %d: ordinary %d after %v", i, n, *one)
				}
				one.ordinary = n
				one.count++
			}
		}
		for i, one := range last {
			if one.latest != values-1 || one.count != values/10 {
				t.Errorf("sender %d ended with %v", i, one)
			}
		}
		if len(got) >= senders*values {
			t.Errorf("nothing was skipped: %d frames", len(got))
		}
		l.session.Abort(ForcedClose)
	})
}

// Who sends nothing with a key pays nothing for those who do.
func BenchmarkSend(b *testing.B) {
	frame := []*transport.Frame{transport.NewText(transport.Message, "hello")}
	keys := make([]string, 10_000)
	for i := range keys {
		keys[i] = fmt.Sprint(i)
	}
	open := func() (*Session, *countingConn) {
		s, layers := newServer(Config{MaxBacklog: 1 << 40})
		session := &Session{id: NewID(), server: s, ready: true}
		c := &countingConn{fakeConn: fakeConn{receiver: session}}
		s.open(session, c, nil, seat(s), nil)
		<-layers
		return session, c
	}
	b.Run("at once", func(b *testing.B) {
		s, _ := open()
		b.ReportAllocs()
		for b.Loop() {
			_ = s.Send(frame, 0)
		}
		s.Abort(ForcedClose)
	})
	b.Run("at once, with a key", func(b *testing.B) {
		s, _ := open()
		b.ReportAllocs()
		for b.Loop() {
			_ = s.SendLatest(frame, 0, nil, "k")
		}
		s.Abort(ForcedClose)
	})
	b.Run("replacing one of 10000", func(b *testing.B) {
		s, c := open()
		c.blocked = true
		_ = s.Send(frame, 0)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			_ = s.SendLatest(frame, 0, nil, keys[i%len(keys)])
		}
		s.Abort(ForcedClose)
	})
}

// countingConn takes everything and remembers nothing.
type countingConn struct{ fakeConn }

func (c *countingConn) Write([]*transport.Frame) bool { return !c.blocked }
