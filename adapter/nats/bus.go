package nats

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/adapter/cluster"
	"github.com/briohq/brio/internal/group"
)

// bus is a connection to NATS as a [cluster.Bus].
//
// The client's library writes to its socket whenever its buffer is full, with a lock
// held that nearly all its methods need: whoever must not block leaves what is to be
// done to the writer, which does one thing after the other, and exists while there is
// something to do. Another goroutine, the reader, takes what comes for all
// subscriptions, and brings it to the lines.
type bus struct {
	conn   *nats.Conn
	config Config
	in     chan *nats.Msg // from all subscriptions
	group  group.Group    // reader and writer
	stuck  group.Group    // who waits for a connection that takes nothing

	up  atomic.Bool  // the connection is
	max atomic.Int64 // bytes of a message that the server takes

	joining sync.Mutex       // guards what follows: held while the first line comes or the last goes
	lines   int              //
	status  chan nats.Status // of the connection
	stop    chan struct{}    // closed when the last line has gone

	mu      sync.Mutex // guards what follows
	queue   []task
	size    int // bytes of messages in queue, and of those that the writer is at
	writing bool

	routes sync.Map // *nats.Subscription to *line
}

// incoming is how many messages of all subscriptions may wait for the reader, which
// does nothing but sort them.
const incoming = 1 << 16

// task is something for the writer to do.
type task struct {
	line    *line
	subject string // of a message
	data    []byte
	room    string        // that has changed, if there is no subject
	last    chan struct{} // closed once the line has no subscription any more
}

func newBus(conn *nats.Conn, config Config) (*bus, error) {
	if err := checkPrefix(config.Prefix); err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	if conn == nil {
		return nil, errors.New("nats: no connection given")
	}
	if conn.Opts.MaxReconnect >= 0 || !conn.Opts.AllowReconnect {
		return nil, errors.New("nats: this connection would give up when NATS is away for long, and leave the node alone for good: make it with Connect, or with the option MaxReconnects(-1)")
	}
	return &bus{conn: conn, config: config, in: make(chan *nats.Msg, incoming)}, nil
}

// Join implements [cluster.Bus].
func (b *bus) Join(ctx context.Context, namespace, node string, receive func(*cluster.Message)) (cluster.Line, error) {
	return b.JoinFor(ctx, namespace, node, receive, nil)
}

// JoinFor implements [cluster.Selective].
func (b *bus) JoinFor(ctx context.Context, namespace, node string, receive func(*cluster.Message), interest adapter.Interest) (cluster.Line, error) {
	if !b.conn.IsConnected() {
		return nil, fmt.Errorf("nats: namespace %s: connection is %s: it must have been made before", namespace, b.conn.Status())
	}
	l := newLine(b, namespace, node, receive, interest)
	b.enter()
	if err := l.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("nats: namespace %s: %w", namespace, err), l.Close())
	}
	return l, nil
}

// enter notes that there is one line more.
func (b *bus) enter() {
	b.joining.Lock()
	defer b.joining.Unlock()
	b.lines++
	if b.lines > 1 {
		return
	}
	b.stop = make(chan struct{})
	b.status = b.conn.StatusChanged(nats.CONNECTED, nats.DISCONNECTED, nats.RECONNECTING, nats.CLOSED)
	b.up.Store(b.conn.IsConnected())
	b.max.Store(b.conn.MaxPayload())
	status, stop := b.status, b.stop
	b.group.Go(func() { b.read(status, stop) })
}

// exit notes that there is one less. When there is none nothing of the bus runs.
func (b *bus) exit() {
	b.joining.Lock()
	defer b.joining.Unlock()
	b.lines--
	if b.lines > 0 {
		return
	}
	b.conn.RemoveStatusListener(b.status)
	close(b.stop)
	_ = b.group.Wait(context.Background()) // which never ends before
}

// read brings what comes to the lines.
func (b *bus) read(status chan nats.Status, stop chan struct{}) {
	for {
		select {
		case m := <-b.in:
			if l, ok := b.routes.Load(m.Sub); ok {
				l.(*line).put(m)
			}
		case s, ok := <-status:
			if !ok {
				status = nil
				continue
			}
			b.turn(s)
		case <-stop:
			return
		}
	}
}

// turn notes what has become of the connection.
func (b *bus) turn(s nats.Status) {
	logger := b.config.Cluster.Logger
	switch was := b.up.Swap(s == nats.CONNECTED); {
	case s == nats.CONNECTED && !was:
		logger.Info("NATS is back", "prefix", b.config.Prefix)
	case s == nats.CLOSED:
		logger.Warn("connection to NATS has been closed: this node is on its own", "prefix", b.config.Prefix)
	case was:
		logger.Warn("NATS is not reached: this node is on its own", "prefix", b.config.Prefix)
	}
}

// send leaves a message to the writer.
func (b *bus) send(l *line, subject string, data []byte) error {
	if !b.up.Load() {
		return fmt.Errorf("nats: namespace %s: %w", l.namespace, ErrDisconnected)
	}
	if most := b.max.Load(); int64(len(data)) > most {
		return fmt.Errorf("nats: namespace %s: message of %d bytes, the server takes %d: %w", l.namespace, len(data), most, ErrTooLarge)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.size > 0 && b.size+len(data) > b.config.MaxPending {
		return fmt.Errorf("nats: namespace %s: %w", l.namespace, ErrBacklog)
	}
	b.size += len(data)
	b.add(task{line: l, subject: subject, data: data})
	return nil
}

// leave leaves something else to the writer.
func (b *bus) leave(t task) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.add(t)
}

// add is called with mu held.
func (b *bus) add(t task) {
	b.queue = append(b.queue, t)
	if !b.writing {
		b.writing = true
		b.group.Go(b.write)
	}
}

// write does what there is to do.
func (b *bus) write() {
	var tasks []task
	done := 0
	for {
		b.mu.Lock()
		b.size -= done
		clear(tasks)
		tasks, b.queue = b.queue, tasks[:0]
		if len(tasks) == 0 {
			b.writing, b.queue = false, nil
			b.mu.Unlock()
			return
		}
		b.mu.Unlock()
		b.max.Store(b.conn.MaxPayload())
		done = 0
		for _, t := range tasks {
			done += len(t.data)
			b.do(t)
		}
	}
}

func (b *bus) do(t task) {
	var err error
	switch {
	case t.subject != "":
		// The reply is the node, which so knows its own.
		err = b.conn.PublishRequest(t.subject, t.line.node, t.data)
	case t.last != nil:
		err = t.line.unsubscribe()
		close(t.last)
	default:
		err = t.line.look(t.room)
	}
	if err != nil && !errors.Is(err, nats.ErrConnectionClosed) { // which has been logged
		b.config.Cluster.Logger.Warn("NATS refuses", "error", err, "namespace", t.line.namespace, "room", t.room)
	}
}

// subscribe has what is published under a subject brought to a line.
func (b *bus) subscribe(l *line, subject string) (*nats.Subscription, error) {
	sub, err := b.conn.ChanSubscribe(subject, b.in)
	if err != nil {
		return nil, fmt.Errorf("subscribe to %s: %w", subject, err)
	}
	b.routes.Store(sub, l)
	return sub, nil
}

func (b *bus) unsubscribe(sub *nats.Subscription) error {
	b.routes.Delete(sub)
	return sub.Unsubscribe()
}

// patience is how long the end of a line waits for a connection that is stuck.
const patience = 5 * time.Second
