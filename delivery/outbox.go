package delivery

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/internal/group"
	"github.com/briohq/brio/internal/wheel"
	"github.com/briohq/brio/protocol"
)

// Why an event was given up.
var (
	// ErrUnanswered is for one that was sent OutboxConfig.MaxTries times to a client that
	// was there and did not acknowledge it.
	ErrUnanswered = errors.New("not acknowledged")
	// ErrExpired is for one that waited for OutboxConfig.MaxAge.
	ErrExpired = errors.New("not delivered in time")
	// ErrClosed is for one that was left when its outbox was closed, or comes later.
	ErrClosed = errors.New("outbox closed")
)

// OutboxConfig says whom events are for, and how long they are tried. Its zero value
// works with Config.Recovery of package brio.
type OutboxConfig struct {
	// Recipient says whom a socket belongs to, such as the subject of its token, "" for
	// nobody. It is asked once, when the socket has connected; the socket joins the room
	// "delivery:" and that. Whoever is in that room gets what is for its owner: where
	// clients name the rooms that they join, put something of yours before the names.
	// Default: recipients are sockets, by their ids, which clients
	// keep across a lost connection only with Config.Recovery.
	Recipient func(s *brio.Socket) string
	// AckTimeout is how long a client that is there may take to acknowledge one try.
	// Default 10 s.
	AckTimeout time.Duration
	// Delay is the time between a try that was not acknowledged and the next. It doubles
	// with each. Who comes back gets the event at once. Default 1 s.
	Delay time.Duration
	// MaxDelay bounds it. Default 30 s.
	MaxDelay time.Duration
	// MaxTries is how often an event is sent to a client that does not acknowledge it in
	// AckTimeout. A try during which it disconnects does not count. Default 10.
	MaxTries int
	// MaxAge is how long an event may wait for its acknowledgement, tried or not. Default
	// 10 min.
	MaxAge time.Duration
	// MaxMessages is how many events may wait for one recipient. Default 1000.
	MaxMessages int
	// MaxBytes is how many bytes of events may wait for one recipient: each counts 512
	// bytes more than its arguments. Default 1 MiB.
	MaxBytes int
	// MaxTotal bounds them for all recipients together. Default 64 MiB.
	MaxTotal int
	// JSON is the library for the arguments, see [brio.Config].JSON. Default:
	// encoding/json, without its HTML escaping.
	JSON brio.JSON
	// OnGivenUp hears of each event of Emit that was given up, in any goroutine and
	// concurrently. Close hands it all that are left, so that they may be stored and
	// emitted again later. It must not call Close. Default: nobody hears.
	OnGivenUp func(Undelivered)
	// Logger hears of panics in OnGivenUp (error). Default: silence.
	Logger *slog.Logger
}

// Undelivered is an event that was given up. The client may have got it nevertheless.
type Undelivered struct {
	Recipient string
	Event     string
	Args      brio.Args // without the id; may be emitted as they are
	ID        string
	Since     time.Time // when it was emitted
	Tries     int       // that count, see OutboxConfig.MaxTries
	Err       error     // [ErrUnanswered], [ErrExpired] or [ErrClosed]
}

// Outbox sends events until they are acknowledged. Those of one recipient are sent one
// after the other: the next one when the one before has been acknowledged or given up. An
// event goes to all sockets that the recipient has, on all nodes of the cluster, and the
// first acknowledgement counts, whatever it says: give each device a recipient of its
// own if each of them has to get it.
//
// The client gets one argument more than was emitted, the last one: the id of the event,
// a string that is the same each time the event comes. An event comes again only as
// long as it has not been acknowledged, so a client needs to remember the id of the last
// one that it got; with several nodes that emit to it, the last one of each, which
// is told by what comes before the dot.
//
// There is at most one outbox for a namespace. Its methods may be called concurrently.
type Outbox struct {
	ns     *brio.Namespace
	config OutboxConfig
	sender string
	wheel  *wheel.Wheel
	group  group.Group
	ctx    context.Context //nolint:containedctx // the lifetime of the outbox, for what it sends
	cancel context.CancelFunc

	mu        sync.Mutex // guards what follows, and all queues
	queues    map[string]*queue
	bytes     int
	last      uint64
	closed    bool
	delivered int64
	givenUp   int64
}

// NewOutbox returns an outbox for the sockets of a namespace. Make it before they come,
// and close it before or after the server is shut down.
func NewOutbox(ns *brio.Namespace, config OutboxConfig) *Outbox {
	setDefault(&config.AckTimeout, 10*time.Second)
	setDefault(&config.Delay, time.Second)
	setDefault(&config.MaxDelay, 30*time.Second)
	setDefault(&config.MaxTries, 10)
	setDefault(&config.MaxAge, 10*time.Minute)
	setDefault(&config.MaxMessages, 1000)
	setDefault(&config.MaxBytes, 1<<20)
	setDefault(&config.MaxTotal, 64<<20)
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	o := &Outbox{ns: ns, config: config, sender: rand.Text()[:10], wheel: wheel.New(), queues: map[string]*queue{}}
	o.ctx, o.cancel = context.WithCancel(context.Background())
	ns.OnConnect(o.arrive)
	arrived.OnServer(ns, func(_ context.Context, _ *brio.Namespace, recipient string) error {
		o.wake(recipient)
		return nil
	})

	return o
}

// arrived tells the outboxes of other nodes that a recipient is there.
const arrived brio.Event[string] = "delivery:arrived"

func (o *Outbox) arrive(_ context.Context, s *brio.Socket) error {
	recipient := s.ID()
	if o.config.Recipient != nil {
		if recipient = o.config.Recipient(s); recipient == "" {
			return nil
		}
		if !s.Join(o.room(recipient)) && s.Connected() {
			return errors.New("delivery: the socket is in too many rooms to be a recipient")
		}
	}
	o.wake(recipient)

	return arrived.ServerEmit(s.Namespace(), recipient)
}

func (o *Outbox) room(recipient string) string {
	if o.config.Recipient == nil {
		return recipient
	}

	return "delivery:" + recipient
}

// Recipient is where events are emitted to, and calls made. It is a value.
type Recipient struct {
	outbox *Outbox
	name   string
}

var (
	_ brio.Emitter = Recipient{}
	_ brio.Caller  = Recipient{}
)

// To returns a recipient, who need not be there.
func (o *Outbox) To(recipient string) Recipient { return Recipient{o, recipient} }

// Emit has an event delivered. It doesn't block, and fails if the arguments can't be
// encoded or the protocol reserves the event, with [brio.ErrBacklog] if too much waits,
// and with [ErrClosed]. The arguments may be modified afterwards.
func (r Recipient) Emit(event string, args ...any) error {
	_, err := r.outbox.add(r.name, &letter{event: event}, args)

	return err
}

// Do has an event delivered, and returns its acknowledgement. It fails as Emit does, with
// the reason why the event was given up, and with the cause of ctx if that ends before:
// then it is not tried any more.
func (r Recipient) Do(ctx context.Context, event string, args ...any) (brio.Args, error) {
	l := &letter{event: event, done: make(chan outcome, 1)}
	q, err := r.outbox.add(r.name, l, args)
	if err != nil {
		return brio.Args{}, err
	}
	select {
	case got := <-l.done:
		return got.args, got.err
	case <-ctx.Done():
		r.outbox.withdraw(q, l)
		return brio.Args{}, context.Cause(ctx)
	}
}

// add queues a letter.
func (o *Outbox) add(recipient string, l *letter, args []any) (*queue, error) {
	if protocol.Reserved(l.event) {
		return nil, fmt.Errorf("deliver %s: the name is reserved by the protocol: choose another", l.event)
	}
	if err := l.encode(&o.config.JSON, args); err != nil {
		return nil, fmt.Errorf("deliver %s: %w", l.event, err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	q := o.queues[recipient]
	if q == nil {
		q = &queue{outbox: o, recipient: recipient, awake: true}
		q.Owner = q
	}
	switch {
	case o.closed:
		return nil, ErrClosed
	case len(q.letters) >= o.config.MaxMessages, q.bytes+l.size > o.config.MaxBytes:
		return nil, fmt.Errorf("deliver %s: %w: %d events of %d bytes wait for %q", l.event, brio.ErrBacklog, len(q.letters), q.bytes, recipient)
	case o.bytes+l.size > o.config.MaxTotal:
		return nil, fmt.Errorf("deliver %s: %w: events of %d bytes wait for all", l.event, brio.ErrBacklog, o.bytes)
	}
	o.last++
	l.id = o.sender + "." + strconv.FormatUint(o.last, 36)
	l.since = time.Now()
	o.queues[recipient] = q
	q.letters = append(q.letters, l)
	q.count(l.size)
	if len(q.letters) == 1 { // who waits for others waits for their time
		q.start()
	}

	return q, nil
}

// wake has what waits for a recipient sent to the socket that has just come.
func (o *Outbox) wake(recipient string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if q := o.queues[recipient]; q != nil {
		q.wake()
	}
}

// withdraw takes a letter back.
func (o *Outbox) withdraw(q *queue, l *letter) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if q.remove(l) {
		q.wake() // it may be on its way, and others behind it
	}
}

// OutboxStats are counts of an outbox at one moment.
type OutboxStats struct {
	Recipients int   // for whom something waits
	Messages   int   // that wait
	Bytes      int   // that these count for OutboxConfig.MaxTotal
	Delivered  int64 // since the start
	GivenUp    int64 // since the start
}

// Stats returns the outbox's counts.
func (o *Outbox) Stats() OutboxStats {
	o.mu.Lock()
	defer o.mu.Unlock()
	stats := OutboxStats{Recipients: len(o.queues), Bytes: o.bytes, Delivered: o.delivered, GivenUp: o.givenUp}
	for _, q := range o.queues {
		stats.Messages += len(q.letters)
	}

	return stats
}

// Close gives up what has not been delivered, see OutboxConfig.OnGivenUp, and returns when
// nothing of the outbox runs any more.
func (o *Outbox) Close() {
	o.mu.Lock()
	o.closed = true
	for _, q := range o.queues {
		q.wake()
	}
	o.mu.Unlock()
	o.cancel()
	o.wheel.Stop()
	_ = o.group.Wait(context.Background()) // which does not end
}
