package delivery

import (
	"bytes"
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/internal/wheel"
	"github.com/briohq/brio/protocol"
)

// letter is an event that is to be delivered.
type letter struct {
	event string
	args  protocol.Args
	id    string
	since time.Time
	size  int
	tries int
	done  chan outcome // has room for it; nil if nobody waits
}

// outcome is the acknowledgement of a letter, or why there is none.
type outcome struct {
	args brio.Args
	err  error
}

// encode makes the arguments those of the letter, which owns its bytes.
func (l *letter) encode(library *brio.JSON, args []any) error {
	data, attachments, err := library.AppendArgs(nil, nil, args...)
	if err != nil {
		return err
	}
	l.size = 512 + len(data)
	attachments = slices.Clone(attachments)
	for i, b := range attachments {
		attachments[i] = bytes.Clone(b)
		l.size += len(b)
	}
	p := protocol.Packet{Type: protocol.Ack, Data: data, Attachments: attachments}
	l.args = p.Args()

	return nil
}

// queue is what waits for one recipient. While there is something to be done it has a
// goroutine; otherwise it waits for the recipient, or for a time of the wheel's. It is
// guarded by the outbox's mu.
type queue struct {
	wheel.Entry
	outbox    *Outbox
	recipient string
	letters   []*letter
	bytes     int

	running bool               // a goroutine works here
	awake   bool               // the first letter is to be tried now
	delay   time.Duration      // before it is tried again
	due     time.Time          // when that is; zero for when the recipient comes back
	stop    context.CancelFunc // of the try that is under way
}

func (q *queue) count(bytes int) {
	q.bytes += bytes
	q.outbox.bytes += bytes
}

// remove takes a letter out, and reports whether it was there.
func (q *queue) remove(l *letter) bool {
	i := slices.Index(q.letters, l)
	if i < 0 {
		return false
	}
	q.letters = slices.Delete(q.letters, i, i+1)
	q.count(-l.size)

	return true
}

// wake has the first letter tried now, also if it is under way.
func (q *queue) wake() {
	q.awake, q.delay = true, 0
	if q.stop != nil {
		q.stop()
	}
	q.start()
}

func (q *queue) start() {
	if !q.running {
		q.running = true
		q.outbox.group.Go(q.run)
	}
}

// Expire is called by the wheel, which must not be held up.
func (q *queue) Expire() {
	q.outbox.mu.Lock()
	defer q.outbox.mu.Unlock()
	q.start()
}

// run tries one letter after the other, until there is none or the first has to wait.
func (q *queue) run() {
	o := q.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	defer func() { q.running = false }()
	for len(q.letters) > 0 {
		l := q.letters[0]
		left := time.Until(l.since.Add(o.config.MaxAge))
		wait := time.Until(q.due)
		switch {
		case o.closed:
			q.giveUp(l, ErrClosed)
		case left <= 0:
			q.giveUp(l, ErrExpired)
		case q.awake || !q.due.IsZero() && wait <= 0:
			q.try(l, min(left, o.config.AckTimeout))
		default:
			if !q.due.IsZero() {
				left = min(left, wait)
			}
			o.wheel.Schedule(&q.Entry, left)

			return
		}
	}
	o.wheel.Cancel(&q.Entry)
	if o.queues[q.recipient] == q { // not another, if the wheel has been late
		delete(o.queues, q.recipient)
	}
}

// try sends a letter and waits for its acknowledgement. It lets mu go meanwhile.
func (q *queue) try(l *letter, patience time.Duration) {
	o := q.outbox
	ctx, stop := context.WithTimeout(o.ctx, patience)
	q.awake, q.stop, q.due = false, stop, time.Time{}
	o.mu.Unlock()
	got, what := q.send(ctx, l)
	late := errors.Is(ctx.Err(), context.DeadlineExceeded)
	stop()
	o.mu.Lock()
	q.stop = nil
	switch {
	case what == acknowledged:
		if q.remove(l) {
			o.delivered++
			l.settle(outcome{args: got})
		}
		q.awake, q.delay = true, 0
	case q.awake || what == absent: // it is tried now, or when the recipient comes
	case late && what == silent:
		if l.tries++; l.tries >= o.config.MaxTries {
			q.giveUp(l, ErrUnanswered)
			return
		}
		fallthrough
	default:
		q.delay = min(max(2*q.delay, o.config.Delay), o.config.MaxDelay)
		q.due = time.Now().Add(q.delay)
	}
}

// result is what has become of a try.
type result int

const (
	absent      result = iota // nobody was there, any more or at all
	silent                    // who was there has not answered
	unreachable               // some nodes of the cluster have not answered
	acknowledged
)

func (q *queue) send(ctx context.Context, l *letter) (got brio.Args, what result) {
	for a, err := range q.outbox.ns.To(q.outbox.room(q.recipient)).All(ctx, l.event, l.args, l.id) {
		switch {
		case err == nil:
			return a.Value, acknowledged
		case errors.Is(err, brio.ErrDisconnected):
		case a.Socket != "":
			what = max(what, silent)
		default:
			what = max(what, unreachable)
		}
	}

	return brio.Args{}, what
}

// giveUp ends a letter, whose sender is told with mu let go.
func (q *queue) giveUp(l *letter, why error) {
	o := q.outbox
	q.remove(l)
	o.givenUp++
	q.awake, q.delay = true, 0
	if l.done != nil {
		l.settle(outcome{err: why})
		return
	}
	if o.config.OnGivenUp == nil {
		return
	}
	o.mu.Unlock()
	defer o.mu.Lock()
	defer func() {
		if v := recover(); v != nil {
			o.config.Logger.Error("OnGivenUp panicked", "panic", v, "event", l.event, "stack", string(debug.Stack()))
		}
	}()
	o.config.OnGivenUp(Undelivered{q.recipient, l.event, brio.NewArgs(l.args, &o.config.JSON, nil), l.id, l.since, l.tries, why})
}

func (l *letter) settle(got outcome) {
	if l.done != nil {
		l.done <- got
	}
}
