package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A run is one measurement. All of it is in the goroutine that calls Run.
type run struct {
	config  Config
	plan    plan
	site    site
	id      string // told from other runs by it
	loop    *loop
	dialect dialect
	random  *rand.Rand
	clients []*client

	opening   int // connections that are being made
	connected int
	answers   int // to the roll call
	active    bool
	inFlight  int
	due       time.Duration // of the next message at a rate
	last      *client       // who sent the last one
	scratch   []byte

	ledger    ledger
	count     int // of deliveries; of connections of Connect
	latency   *hdrhistogram.Histogram
	from, to  time.Duration // what is due between is in latency
	firstDrop error
	fatal     error // ends the run

	meter  meter
	seen   seen          // when progress was told last
	check  time.Duration // when it is next
	report Report
}

// seen is what had been counted at some time.
type seen struct {
	at    time.Duration
	count int
}

// rollCall is the room of a message that asks whether a client's socket has
// handled its connection.
const rollCall = 1<<32 - 1

// every is the time between two looks at clock and context.
const every = 250 * time.Millisecond

// maxBacklog is the bytes that wait for the server to take them, beyond which a
// client falls behind its rate instead: what is late counts from when it was due.
const maxBacklog = 1 << 20

// maxLatency is the longest latency that is told from a longer one, in
// microseconds.
const maxLatency = int64(5 * time.Minute / time.Microsecond)

func newRun(ctx context.Context, config Config) (*run, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := config.room(); err != nil {
		return nil, err
	}
	r := &run{
		config:  config,
		plan:    config.plan(),
		id:      fmt.Sprintf("%08x", rand.Uint32()),
		random:  rand.New(rand.NewPCG(1, 2)), // the same senders in each run
		clients: make([]*client, config.Connections),
		latency: hdrhistogram.New(1, maxLatency, 3),
	}
	if r.site, err = config.site(ctx); err != nil {
		return nil, err
	}
	r.dialect = newSocketIO(r)
	if config.Protocol == Centrifuge {
		r.dialect = centrifuge{r}
	}
	if r.loop, err = newLoop(); err != nil {
		return nil, err
	}
	if r.meter, err = newMeter(config.PID); err != nil {
		r.loop.close()
		return nil, err
	}

	return r, nil
}

// open begins the connection of the client with that index.
func (r *run) open(index int) {
	c := &client{
		run:      r,
		index:    uint32(index),
		room:     uint32(index / r.plan.members),
		began:    r.loop.now,
		expected: make([]uint32, r.plan.senders),
	}
	r.clients[index] = c
	r.opening++
	var err error
	if r.config.Mode == Polling {
		c.pipe, err = dialLongPoll(c)
	} else {
		c.pipe, err = dialWebSocket(c)
	}
	if err != nil {
		r.stop(err)
	}
}

// joined is told by a client's dialect that its socket is in its namespace.
func (r *run) joined(c *client) {
	if c.joined {
		return
	}
	c.joined = true
	r.opening--
	r.connected++
	if r.config.Mode != Connect || !r.active && r.config.churns() {
		return
	}
	r.count++
	r.record(c.began)
	if !r.config.churns() {
		r.leave(c)
		if r.active {
			r.open(int(c.index))
		}
	}
}

// leave ends a client's connection, without a word.
func (r *run) leave(c *client) {
	c.gone = true
	c.pipe.close()
	r.connected--
}

// lost is told by a client's pipe that it has ended.
func (r *run) lost(c *client, err error) {
	if c.gone {
		return
	}
	c.gone = true
	err = fmt.Errorf("connection %d of %d: %w", c.index+1, r.config.Connections, err)
	if !c.joined {
		r.stop(err)
		return
	}
	r.connected--
	r.ledger.faults.Dropped++
	if r.firstDrop == nil {
		r.firstDrop = err
	}
	if r.connected == 0 || r.config.Mode == Broadcast && c.index == 0 { // nobody is left, or nobody sends
		r.stop(err)
	}
}

func (r *run) stop(err error) {
	if r.fatal == nil {
		r.fatal = err
	}
}

// send has a client send its next message, and counts its latency from due.
func (r *run) send(c *client, due time.Duration) {
	if c.gone {
		return
	}
	s := stamp{sender: c.index, sequence: c.sent, room: c.room, due: due}
	c.sent++
	c.flights.depart(r.plan.members, due)
	r.inFlight++
	r.last = c
	if r.plan.rooms {
		r.scratch = r.dialect.appendPublish(r.scratch[:0], s)
	} else {
		r.scratch = r.dialect.appendEcho(r.scratch[:0], s)
	}
	c.pipe.send(r.scratch)
}

// delivered is told by a client's dialect of each message.
func (r *run) delivered(c *client, s stamp) {
	if s.room == rollCall {
		if !c.answered && s.sender == c.index {
			c.answered = true
			r.answers++
		}
		return
	}
	if s.room != c.room || int(s.sender)/r.plan.members != int(c.room) {
		r.ledger.faults.Foreign++
		return
	}
	sender := r.clients[s.sender]
	if s.sequence >= sender.sent { // and so is a sender that never sends
		r.ledger.faults.Malformed++
		return
	}
	slot := int(s.sender) % r.plan.members
	if !r.ledger.arrived(c.index, s.sender, &c.expected[slot], s.sequence) {
		return
	}
	r.count++
	r.record(s.due)
	if sender.flights.land(s.sequence) {
		r.arrived(sender)
	}
}

// arrived is called when a message has arrived everywhere, or was given up.
func (r *run) arrived(sender *client) {
	r.inFlight--
	if r.active && r.config.Rate == 0 {
		r.send(r.plan.next(r, sender), r.loop.now)
	}
}

func (r *run) record(due time.Duration) {
	if due < r.from || due >= r.to {
		return
	}
	latency := min(max((r.loop.now-due).Microseconds(), 1), maxLatency)
	_ = r.latency.RecordValue(latency) // which is within its bounds
}

// begin starts the load.
func (r *run) begin() {
	r.active = true
	r.loop.now = time.Since(r.loop.start)
	switch {
	case r.config.Mode == Connect && !r.config.churns():
		for i := range r.clients {
			r.open(i)
		}
	case r.config.Rate > 0:
		r.due = r.loop.now
		r.last = r.clients[0]
	default:
		for i := range r.plan.each {
			c := r.clients[i%len(r.clients)]
			if r.config.Mode == Rooms {
				c = r.plan.next(r, c)
			}
			for range r.plan.first {
				r.send(c, r.loop.now)
			}
		}
	}
}

// pace sends what is due at a rate, or replaces who is, and returns when the next
// is.
func (r *run) pace(now time.Duration) time.Duration {
	step := time.Duration(float64(time.Second) / r.config.Rate)
	for r.due <= now {
		c := r.plan.next(r, r.last)
		if !c.gone && c.pipe.backlog() > maxBacklog {
			return r.check // or when the server has taken some of it
		}
		if r.config.churns() && !c.joined {
			return r.check // or when it has come
		}
		r.last = c
		if r.config.churns() {
			r.replace(c)
		} else {
			r.send(c, r.due)
		}
		r.due += step
	}

	return r.due
}

// replace has a client leave, and another come.
func (r *run) replace(c *client) {
	if !c.gone {
		r.leave(c)
	}
	r.open(int(c.index))
}

// giveUp lets go of messages that have been under way for too long, so that
// others are sent in their place. What has not arrived is counted elsewhere.
func (r *run) giveUp(now time.Duration) {
	for _, c := range r.clients {
		for range c.flights.expire(now - r.config.Timeout) {
			r.arrived(c)
		}
	}
}

// settle counts what never came as the last message of its sender.
func (r *run) settle() {
	for _, c := range r.clients {
		if c == nil || c.gone {
			continue
		}
		for slot := range c.expected {
			sender := r.clients[int(c.room)*r.plan.members+slot]
			r.ledger.faults.Lost += int(sender.sent - c.expected[slot])
		}
	}
}
