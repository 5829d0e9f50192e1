// Package link is one node's way to a broker: one connection for all that it hears, made
// again when it breaks, so that what one node sends is heard in order; and a bounded
// queue of what it says, so that nobody waits for the broker.
package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/briohq/brio/internal/group"
)

// ErrBacklog is why a message has not been sent.
var ErrBacklog = errors.New("too much waits to be sent: the broker can't be reached, or is too slow for what this node sends")

// ErrClosed is why a connection has broken that does not say why.
var ErrClosed = errors.New("connection closed")

// retry bounds the time between two attempts to connect.
const retry = 2 * time.Second

// Conn is a connection on which messages are heard. Its methods are called one at a
// time.
type Conn interface {
	// Subscribe begins to hear what is sent to names, and Unsubscribe ends that.
	Subscribe(ctx context.Context, names []string) error
	Unsubscribe(ctx context.Context, names []string) error
	// Wait hears until ctx ends, for which it returns nil, or the connection breaks.
	// Messages may also be heard while the other methods run.
	Wait(ctx context.Context) error
	// Close ends it. Nothing is heard when it returns.
	Close()
}

// Link connects with one broker. Its methods may be called concurrently.
type Link[Out any] struct {
	// Broker is what errors and logs call it.
	Broker string
	// Dial connects. What is heard under a name is given to hear, one at a time.
	Dial func(ctx context.Context, hear func(name, topic, message string)) (Conn, error)
	// Send sends messages in order and returns how many were lost, and why. It is
	// called once at a time.
	Send func(batch []Out) (lost int, err error)
	// MaxPending is how many bytes may wait.
	MaxPending int
	Logger     *slog.Logger

	mu      sync.Mutex // guards what follows
	group   group.Group
	lines   []*Line
	names   map[string]*Line // that are subscribed to
	cancel  context.CancelFunc
	running bool          // a goroutine listens
	wake    chan struct{} // has room for one; full if lines have changed
	down    error         // why nothing is heard now
	lost    error         // why what was sent last was lost
	queue   []Out
	bytes   int
	sending bool          // a goroutine sends
	sent    chan struct{} // closed when it has sent everything
}

// Line is what is heard for one namespace.
type Line struct {
	// Names are what it subscribes to.
	Names []string
	// Hear gets what comes, with the topic it came by if that is more than the name.
	Hear func(topic, message string)

	// Guarded by the link's mu.
	ready  chan struct{} // closed when it has been subscribed to for the first time
	live   bool          // it is subscribed to
	closed bool
	over   chan struct{} // closed when it is heard no more
}

// Join subscribes to what a line wants, and returns when that is done.
func (l *Link[Out]) Join(ctx context.Context, one *Line) error {
	one.ready, one.over = make(chan struct{}), make(chan struct{})
	l.mu.Lock()
	if l.wake == nil {
		l.wake, l.names = make(chan struct{}, 1), map[string]*Line{}
	}
	l.lines = append(l.lines, one)
	if !l.running {
		l.start()
	}
	l.mu.Unlock()
	l.urge()
	select {
	case <-one.ready:
		return nil
	case <-ctx.Done():
		l.mu.Lock()
		why := l.down
		l.mu.Unlock()
		l.Leave(one)
		if why == nil {
			why = context.Cause(ctx)
		}
		return fmt.Errorf("%s: cannot subscribe: %w; check the address, the password and that it is running", l.Broker, why)
	}
}

// start has the link listen. It is called with mu held.
func (l *Link[Out]) start() {
	ctx, cancel := context.WithCancel(context.Background())
	l.running, l.cancel = true, cancel
	l.group.Go(func() { l.run(ctx) })
}

// Leave ends a line. It returns when that is heard no more; with the last one nothing
// runs any more, and what was to be sent has been sent or lost.
func (l *Link[Out]) Leave(one *Line) {
	l.mu.Lock()
	one.closed = true
	last := !slices.ContainsFunc(l.lines, func(o *Line) bool { return !o.closed })
	cancel := l.cancel
	l.mu.Unlock()
	if last {
		cancel()
	}
	l.urge()
	<-one.over
	if last {
		_ = l.group.Wait(context.Background())
	}
}

// Flush returns when what waits has been sent or lost.
func (l *Link[Out]) Flush() {
	for {
		l.mu.Lock()
		sent := l.sent
		if !l.sending {
			sent = nil
		}
		l.mu.Unlock()
		if sent == nil {
			return
		}
		<-sent
	}
}

func (l *Link[Out]) urge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run keeps what the lines want subscribed to, until there are none.
func (l *Link[Out]) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := l.listen(ctx)
		l.broken(ctx, err)
		timer := time.NewTimer(retry/8 + rand.N(retry))
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running = false
	rest := l.lines[:0]
	for _, one := range l.lines {
		if one.closed {
			close(one.over)
			continue
		}
		rest = append(rest, one) // came as this ended
	}
	if l.lines = rest; len(rest) > 0 {
		l.start()
	}
}

// broken notes that nothing is heard any more.
func (l *Link[Out]) broken(ctx context.Context, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil && ctx.Err() == nil {
		if l.down == nil {
			l.Logger.Warn("the broker is not heard any more; trying again", "broker", l.Broker, "error", err)
		}
		l.down = err
	}
	clear(l.names)
	rest := l.lines[:0]
	for _, one := range l.lines {
		one.live = false
		if one.closed && ctx.Err() == nil {
			close(one.over)
			continue
		}
		rest = append(rest, one)
	}
	l.lines = rest
}

// listen hears until the connection breaks or ctx ends.
func (l *Link[Out]) listen(ctx context.Context) error {
	c, err := l.Dial(ctx, l.hear)
	if err != nil {
		return err
	}
	defer c.Close()
	for ctx.Err() == nil {
		if err := l.change(ctx, c); err != nil {
			return err
		}
		l.mu.Lock()
		if l.down != nil {
			l.Logger.Info("the broker is heard again", "broker", l.Broker)
			l.down = nil
		}
		l.mu.Unlock()
		if err := l.wait(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// wait hears until lines have changed, the connection breaks, or ctx ends.
func (l *Link[Out]) wait(ctx context.Context, c Conn) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var both group.Group
	both.Go(func() {
		select {
		case <-l.wake:
		case <-ctx.Done():
		}
		cancel()
	})
	err := c.Wait(ctx)
	cancel()
	_ = both.Wait(context.Background())
	return err
}

// change subscribes to what has come, and unsubscribes from what has gone.
func (l *Link[Out]) change(ctx context.Context, c Conn) error {
	var come, gone []*Line
	l.mu.Lock()
	for _, one := range l.lines {
		switch {
		case !one.closed && !one.live:
			come = append(come, one)
			for _, name := range one.Names {
				l.names[name] = one
			}
		case one.closed:
			gone = append(gone, one)
			for _, name := range one.Names {
				delete(l.names, name)
			}
		}
	}
	l.mu.Unlock()
	for _, one := range gone {
		if !one.live {
			continue
		}
		if err := c.Unsubscribe(ctx, one.Names); err != nil {
			return err
		}
	}
	for _, one := range come {
		if err := c.Subscribe(ctx, one.Names); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, one := range come {
		one.live = true
		select {
		case <-one.ready:
		default:
			close(one.ready)
		}
	}
	for _, one := range gone {
		close(one.over)
	}
	l.lines = slices.DeleteFunc(l.lines, func(one *Line) bool { return slices.Contains(gone, one) })
	return nil
}

// hear gives a message to whom it is for.
func (l *Link[Out]) hear(name, topic, message string) {
	l.mu.Lock()
	one := l.names[name]
	l.mu.Unlock()
	if one != nil {
		one.Hear(topic, message)
	}
}

// Publish sends a message of a size, after those of the calls before. An error says
// that it is lost, or may be.
func (l *Link[Out]) Publish(one Out, size int) error {
	size += 64
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bytes > 0 && l.bytes+size > l.MaxPending {
		return fmt.Errorf("%s: %w", l.Broker, ErrBacklog)
	}
	l.queue = append(l.queue, one)
	l.bytes += size
	if !l.sending {
		l.sending, l.sent = true, make(chan struct{})
		l.group.Go(l.send)
	}
	switch {
	case l.lost != nil:
		return fmt.Errorf("%s: what was sent last was lost: %w", l.Broker, l.lost)
	case l.down != nil:
		return fmt.Errorf("%s: not connected: %w", l.Broker, l.down)
	}
	return nil
}

// send sends what waits, each time everything that has gathered.
func (l *Link[Out]) send() {
	for {
		l.mu.Lock()
		batch, size := l.queue, l.bytes
		if len(batch) == 0 {
			l.sending = false
			close(l.sent)
			l.mu.Unlock()
			return
		}
		l.queue = nil
		l.mu.Unlock()
		lost, err := l.Send(batch)
		l.mu.Lock()
		l.bytes -= size
		if err != nil && l.lost == nil {
			l.Logger.Error("messages to other nodes were lost", "broker", l.Broker, "error", err, "messages", lost)
		}
		l.lost = err
		l.mu.Unlock()
	}
}
