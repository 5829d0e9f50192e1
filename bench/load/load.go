// Package load makes load for a Socket.IO server, and checks and measures what
// comes back.
//
// One goroutine serves all connections: an epoll loop, edge-triggered, with one
// buffer to read into, frames made by hand, and one write for each connection
// and turn. So it costs about what a server on a bare epoll loop does, and one
// that does more is what limits, as long as it has no more cores than this one.
// It has no TLS, and works on Linux only.
//
// # What the server must do
//
// Idle and Connect need nothing but a Socket.IO server. For the others each of
// its sockets, in the namespace of the URL,
//
//   - joins the room that the query parameter room of its connection names, or
//     "room" if there is none, before it handles an event;
//   - answers the event echo with an event echo of the same arguments, or, if an
//     acknowledgement is asked for, with that;
//   - sends the arguments of the event pub to all sockets in its room, itself
//     included, as the event msg.
//
// Clients of Idle and Connect may hear what others publish, and don't mind.
//
// # What is counted
//
// Each message says who sent it, as which, to which room, and since when it has
// been due. So each receiver sees what has been lost, doubled, reordered, or was
// meant for others. In a closed loop, the default, the next message is sent when
// one has arrived everywhere: latency is then what queues make of the window,
// and throughput is the figure. At a rate, messages are sent when they are due,
// whatever the server does, and latency is counted from then.
//
// CPU and throughput are those of the time between warm-up and end. Latency is
// that of the messages which were due in that time.
package load

import (
	"context"
	"fmt"
	"time"
)

// Run measures a server. Its error is what kept it from that; faults are in the
// report. What [Config.PID] uses before the first connection is not counted. Run
// occupies one core while it lasts, and no other goroutine.
func Run(ctx context.Context, config Config) (*Report, error) {
	r, err := newRun(ctx, config)
	if err != nil {
		return nil, err
	}
	defer r.loop.close()
	if err := r.all(ctx); err != nil {
		return nil, err
	}

	return r.finish(), nil
}

// all goes through the phases.
func (r *run) all(ctx context.Context) error {
	if r.config.Mode != Connect || r.config.churns() {
		if err := r.gather(ctx); err != nil {
			return err
		}
	}
	if r.plan.rooms {
		if err := r.callRoll(ctx); err != nil {
			return err
		}
	}
	r.begin()
	if err := r.phase(ctx, "warming up", r.config.Warmup, nil); err != nil {
		return err
	}
	before, err := r.meter.read()
	if err != nil {
		return err
	}
	first := r.seeNow()
	r.from, r.to = first.at, first.at+r.config.Duration
	if err := r.phase(ctx, "measuring", r.config.Duration, nil); err != nil {
		return err
	}
	after, err := r.meter.read()
	if err != nil {
		return err
	}
	last := r.seeNow()
	r.report.measured(r, first, last, before, after)
	if r.config.Mode == Idle {
		if r.report.Memory, err = r.meter.grown(); err != nil {
			return err
		}
	}

	return r.drain(ctx)
}

// gather makes the connections.
func (r *run) gather(ctx context.Context) error {
	before, err := r.meter.read()
	if err != nil {
		return err
	}
	start := r.seeNow().at
	begun := 0
	err = r.phase(ctx, "connecting", 0, func() bool {
		for r.opening < r.config.Handshakes && begun < len(r.clients) && r.fatal == nil {
			r.open(begun)
			begun++
		}
		return r.connected == len(r.clients)
	})
	if err != nil {
		return err
	}
	after, err := r.meter.read()
	if err != nil {
		return err
	}
	r.report.connected(r, r.seeNow().at-start, before, after)

	return r.meter.look()
}

// callRoll returns when every socket has handled an event, and so is in its room.
func (r *run) callRoll(ctx context.Context) error {
	for _, c := range r.clients {
		c.pipe.send(r.dialect.appendEcho(nil, stamp{sender: c.index, room: rollCall}))
	}

	start := r.seeNow().at

	return r.phase(ctx, "calling the roll", 0, func() bool {
		if r.answers < r.connected && r.seeNow().at > start+r.config.Timeout {
			r.stop(fmt.Errorf("%d of %d sockets did not answer echo within %v", r.connected-r.answers, r.connected, r.config.Timeout))
		}
		return r.answers >= r.connected
	})
}

// drain waits for what is under way, until nothing comes any more.
func (r *run) drain(ctx context.Context) error {
	r.active = false
	if r.config.Mode == Connect {
		return nil
	}
	quiet := r.seeNow()
	end := quiet.at + 10*r.config.Timeout
	err := r.phase(ctx, "waiting for the rest", 0, func() bool {
		if now := r.seeNow(); now.count != quiet.count {
			quiet = now
		} else if now.at > quiet.at+r.config.Timeout || now.at > end {
			return true
		}
		return r.inFlight == 0
	})
	r.settle()

	return err
}

// phase serves until the planned time is over or it is done.
func (r *run) phase(ctx context.Context, name string, planned time.Duration, done func() bool) error {
	r.seen = r.seeNow()
	start := r.seen.at
	r.check = start // tells at once which phase it is
	for {
		now := time.Since(r.loop.start)
		if r.fatal != nil {
			return r.fatal
		}
		if done == nil && now >= start+planned || done != nil && done() {
			return nil
		}
		if now >= r.check {
			if err := r.look(ctx, name, start, planned, now); err != nil {
				return err
			}
		}
		wake := r.check
		if done == nil {
			wake = min(wake, start+planned)
		}
		if r.active && r.config.Rate > 0 && r.plan.next != nil {
			wake = min(wake, r.pace(now))
		}
		if err := r.loop.turn(wake); err != nil {
			return err
		}
	}
}

// look is what is done some times a second.
func (r *run) look(ctx context.Context, phase string, start, planned, now time.Duration) error {
	r.check = now + every
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := r.overdue(now); err != nil {
		return err
	}
	if r.active && r.config.Rate == 0 {
		r.giveUp(now)
	}
	if r.config.Progress != nil {
		p := Progress{
			Phase: phase, Elapsed: now - start, Planned: planned,
			Connected: r.connected, Connections: len(r.clients), Faults: r.ledger.faults,
		}
		if passed := now - r.seen.at; passed > 0 {
			p.PerSecond = float64(r.count-r.seen.count) / passed.Seconds()
		}
		r.config.Progress(p)
	}
	r.seen = r.seeNow()

	return nil
}

// overdue fails for a connection that is not made in time.
func (r *run) overdue(now time.Duration) error {
	if r.opening == 0 {
		return nil
	}
	for _, c := range r.clients {
		if c != nil && !c.joined && !c.gone && now-c.began > r.config.Timeout {
			return fmt.Errorf("connection %d of %d was not made within %v", c.index+1, len(r.clients), r.config.Timeout)
		}
	}

	return nil
}

func (r *run) seeNow() seen { return seen{time.Since(r.loop.start), r.count} }
