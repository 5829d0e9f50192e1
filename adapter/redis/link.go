package redis

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/briohq/brio/internal/group"
)

var (
	// ErrBacklog is why a message has not been sent: Redis is too slow, or not there.
	ErrBacklog = errors.New("redis: too much waits to be sent: Redis can't be reached, or is too slow for what this node sends")
	errClosed  = errors.New("redis: closed")
)

// retry bounds the time between two attempts to reach Redis.
const retry = 2 * time.Second

// link is one node's way to Redis: one connection for all that it hears, so that what
// one node sends is heard in order; and the client's own for what it says.
type link struct {
	client rueidis.Client
	config Config

	mu      sync.Mutex // guards what follows
	group   group.Group
	lines   []*line
	names   map[string]*line // that are subscribed to, by channel or pattern
	running bool             // a goroutine subscribes
	cancel  context.CancelFunc
	wake    chan struct{} // has room for one; full if lines have changed
	down    error         // why nothing is heard now
	lost    error         // why what was sent last was lost
	queue   []rueidis.Completed
	bytes   int
	sending bool // a goroutine sends
}

func newLink(client rueidis.Client, config Config) *link {
	return &link{client: client, config: config, names: map[string]*line{}, wake: make(chan struct{}, 1)}
}

// line is what is subscribed to for one namespace.
type line struct {
	channels []string
	patterns []string
	hear     func(channel, message string)

	// Guarded by the link's mu.
	ready  chan struct{} // closed when it has been subscribed to for the first time
	live   bool          // it is subscribed to
	closed bool
	over   chan struct{} // closed when it is heard no more
}

// join subscribes to what a line wants, and returns when that is done.
func (l *link) join(ctx context.Context, one *line) error {
	one.ready, one.over = make(chan struct{}), make(chan struct{})
	l.mu.Lock()
	l.lines = append(l.lines, one)
	if !l.running {
		l.running = true
		here, cancel := context.WithCancel(context.Background())
		l.cancel = cancel
		l.group.Go(func() { l.run(here) })
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
		l.leave(one)
		if why == nil {
			why = context.Cause(ctx)
		}
		return fmt.Errorf("redis: cannot subscribe: %w; check the address, the password and that Redis is running", why)
	}
}

// leave ends a line. It returns when it is heard no more, and with the last one
// everything ends.
func (l *link) leave(one *line) {
	l.mu.Lock()
	one.closed = true
	last := !slices.ContainsFunc(l.lines, func(o *line) bool { return !o.closed })
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

func (l *link) urge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run keeps what the lines want subscribed to, until there are none.
func (l *link) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := l.listen(ctx)
		l.mu.Lock()
		if err != nil && ctx.Err() == nil {
			if l.down == nil {
				l.config.Cluster.Logger.Warn("nothing is heard of Redis; trying again", "error", err)
			}
			l.down = err
		}
		clear(l.names)
		for _, one := range l.lines {
			one.live = false
		}
		l.mu.Unlock()
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
		l.running = true
		here, cancel := context.WithCancel(context.Background())
		l.cancel = cancel
		l.group.Go(func() { l.run(here) })
	}
}

// listen hears until the connection breaks or ctx ends.
func (l *link) listen(ctx context.Context) error {
	client, err := l.one()
	if err != nil {
		return err
	}
	c, release := client.Dedicate()
	defer release()
	broken := c.SetPubSubHooks(rueidis.PubSubHooks{OnMessage: l.hear})
	defer func() {
		c.SetPubSubHooks(rueidis.PubSubHooks{})
		c.Close()
		for range broken { // until nothing is heard any more
		}
	}()
	for {
		if err := l.change(ctx, c); err != nil {
			return err
		}
		l.mu.Lock()
		if l.down != nil {
			l.config.Cluster.Logger.Info("Redis is heard again")
			l.down = nil
		}
		l.mu.Unlock()
		select {
		case err, some := <-broken:
			if !some || err == nil {
				err = errClosed
			}
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-l.wake:
		}
	}
}

// one returns a client of one Redis: of a Redis Cluster, where what is published
// reaches all, any will do.
func (l *link) one() (rueidis.Client, error) {
	nodes := l.client.Nodes()
	if len(nodes) <= 1 {
		return l.client, nil
	}
	for _, node := range nodes { // in no order
		return node, nil
	}
	return nil, errClosed
}

// change subscribes to what has come, and unsubscribes from what has gone.
func (l *link) change(ctx context.Context, c rueidis.DedicatedClient) error {
	var come, gone []*line
	l.mu.Lock()
	for _, one := range l.lines {
		switch {
		case !one.closed && !one.live:
			come = append(come, one)
			for _, name := range slices.Concat(one.channels, one.patterns) {
				l.names[name] = one
			}
		case one.closed:
			gone = append(gone, one)
			for _, name := range slices.Concat(one.channels, one.patterns) {
				delete(l.names, name)
			}
		}
	}
	l.mu.Unlock()
	for _, one := range gone {
		if one.live {
			_ = c.Do(ctx, c.B().Unsubscribe().Channel(one.channels...).Build()).Error()
			if len(one.patterns) > 0 {
				_ = c.Do(ctx, c.B().Punsubscribe().Pattern(one.patterns...).Build()).Error()
			}
		}
	}
	for _, one := range come {
		err := c.Do(ctx, c.B().Subscribe().Channel(one.channels...).Build()).Error()
		if err == nil && len(one.patterns) > 0 {
			err = c.Do(ctx, c.B().Psubscribe().Pattern(one.patterns...).Build()).Error()
		}
		if err != nil {
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
	l.lines = slices.DeleteFunc(l.lines, func(one *line) bool { return slices.Contains(gone, one) })
	return nil
}

// hear gives a message to whom it is for.
func (l *link) hear(m rueidis.PubSubMessage) {
	name := m.Channel
	if m.Pattern != "" {
		name = m.Pattern
	}
	l.mu.Lock()
	one := l.names[name]
	l.mu.Unlock()
	if one != nil {
		one.hear(m.Channel, m.Message)
	}
}

// publish sends a message, in the order of the calls and after them.
func (l *link) publish(channel string, message []byte) error {
	size := len(channel) + len(message) + 64
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bytes > 0 && l.bytes+size > l.config.MaxPending {
		return ErrBacklog
	}
	l.queue = append(l.queue, l.client.B().Publish().Channel(channel).Message(rueidis.BinaryString(message)).Build())
	l.bytes += size
	if !l.sending {
		l.sending = true
		l.group.Go(l.send)
	}
	switch {
	case l.lost != nil:
		return fmt.Errorf("redis: what was sent last was lost: %w", l.lost)
	case l.down != nil:
		return fmt.Errorf("redis: not connected: %w", l.down)
	}
	return nil
}

// send sends what waits, each time everything that has gathered.
func (l *link) send() {
	for {
		l.mu.Lock()
		batch, size := l.queue, l.bytes
		if len(batch) == 0 {
			l.sending = false
			l.mu.Unlock()
			return
		}
		l.queue = nil
		l.mu.Unlock()
		var failure error
		lost := 0
		for _, r := range l.client.DoMulti(context.Background(), batch...) {
			if err := r.Error(); err != nil {
				failure = err
				lost++
			}
		}
		l.mu.Lock()
		l.bytes -= size
		if failure != nil && l.lost == nil {
			l.config.Cluster.Logger.Error("messages to other nodes were lost", "error", failure, "messages", lost)
		}
		l.lost = failure
		l.mu.Unlock()
	}
}

// count returns how many nodes subscribe to a channel: of a Redis Cluster each knows
// those that are connected to it.
func (l *link) count(ctx context.Context, channel string) (int, error) {
	clients := []rueidis.Client{l.client}
	if nodes := l.client.Nodes(); len(nodes) > 1 {
		clients = clients[:0]
		for _, node := range nodes {
			clients = append(clients, node)
		}
	}
	sum := 0
	for _, c := range clients {
		counts, err := c.Do(ctx, c.B().PubsubNumsub().Channel(channel).Build()).AsIntMap()
		if err != nil {
			return 0, fmt.Errorf("redis: %w", err)
		}
		sum += int(counts[channel])
	}
	return sum, nil
}
