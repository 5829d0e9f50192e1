// Package cluster is what adapters of clusters have in common: what nodes say to each
// other, and when. How it gets from one to another is up to a [Bus], such as that of
// Redis or NATS.
//
// The messages are those of the package socket.io-adapter for Node.js, so that nodes of
// both kinds can be in one cluster if the bus brings them in the form that its
// counterpart there does. Members that only brio knows carry what these can't say, such
// as which socket has answered; without them it does with less.
//
// A node that has been told of knows which others there are by their heartbeats. One
// that has been silent for Config.HeartbeatTimeout is taken for gone, and nobody waits
// for it any more. If the bus can't be reached, each node goes on for its own sockets;
// what was sent meanwhile is lost to the others.
package cluster

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/internal/group"
	"github.com/briohq/brio/internal/wheel"
	"github.com/briohq/brio/protocol"
)

var (
	// ErrClosed is why a node is missing that has closed its adapter, or why
	// everyone is once this one is closed.
	ErrClosed = errors.New("adapter closed")
	// ErrGone is why a node is missing that has not been heard of any more.
	ErrGone = errors.New("no heartbeat")
)

// Config is what adapters are made of. Its zero value works.
type Config struct {
	// HeartbeatInterval is the time between two heartbeats of a node, in each of its
	// namespaces. Default 5 s.
	HeartbeatInterval time.Duration
	// HeartbeatTimeout is after which silence a node is taken for gone. All nodes
	// must have a shorter interval. Default 10 s.
	HeartbeatTimeout time.Duration
	// RequestTimeout bounds how long this node answers a request of one on Node.js.
	// Default 5 s.
	RequestTimeout time.Duration
	// JoinTimeout bounds how long it may take to join a namespace, after which a
	// server can't be made, or a client of a dynamic namespace is refused. Default 5 s.
	JoinTimeout time.Duration
	// Logger hears of messages that are not understood (warn), and of nodes that come
	// and go (debug). Default: silence.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	c.HeartbeatInterval = cmp.Or(max(c.HeartbeatInterval, 0), 5*time.Second)
	c.HeartbeatTimeout = cmp.Or(max(c.HeartbeatTimeout, 0), 10*time.Second)
	c.RequestTimeout = cmp.Or(max(c.RequestTimeout, 0), 5*time.Second)
	c.JoinTimeout = cmp.Or(max(c.JoinTimeout, 0), 5*time.Second)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// New returns what makes the adapters of one node, for its Config.Adapter.
func New(bus Bus, config Config) adapter.New {
	config = config.withDefaults()
	w := wheel.New()
	return func(namespace string, sockets adapter.Sockets) (adapter.Adapter, error) {
		n := &node{
			config: config, namespace: namespace, name: newID(), sockets: sockets, wheel: w,
			members: map[string]*member{}, questions: map[string]*question{}, answering: map[string]context.CancelCauseFunc{},
		}
		n.ctx, n.cancel = context.WithCancelCause(context.Background())
		ctx, cancel := context.WithTimeout(n.ctx, config.JoinTimeout)
		defer cancel()
		line, err := n.join(ctx, bus)
		n.mu.Lock()
		n.line = line
		n.mu.Unlock()
		if err != nil {
			n.cancel(err)
			return nil, err
		}
		n.begin()
		return n, nil
	}
}

// join makes the node hear the others.
func (n *node) join(ctx context.Context, bus Bus) (Line, error) {
	selective, ok := bus.(Selective)
	interest, tells := n.sockets.(adapter.Interest)
	if ok && tells {
		return selective.JoinFor(ctx, n.namespace, n.name, n.receive, interest)
	}
	return bus.Join(ctx, n.namespace, n.name, n.receive)
}

// newID returns the id of a node, or of a request: 16 characters, as on Node.js.
func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// node is the adapter of one namespace on one node.
type node struct {
	config    Config
	namespace string
	name      string
	sockets   adapter.Sockets
	wheel     *wheel.Wheel
	ctx       context.Context //nolint:containedctx // the lifetime of the adapter
	cancel    context.CancelCauseFunc
	group     group.Group // what is answered to others

	mu        sync.Mutex // guards what follows
	line      Line       // is not changed once it is set: nil until the node hears everything
	closed    bool
	beat      wheel.Entry
	sent      time.Time // when the last heartbeat was
	members   map[string]*member
	questions map[string]*question               // by their ids
	answering map[string]context.CancelCauseFunc // what others ask, by node and id
}

// Broadcast implements [adapter.Adapter].
func (n *node) Broadcast(p *protocol.Packet, o adapter.Options) error {
	if n.ctx.Err() != nil {
		return nil
	}
	n.sockets.Deliver(p, o)
	if o.Local || nobody(o) {
		return nil
	}
	m := n.message(Broadcast, &Data{Options: newOptions(o), Packet: newPacket(p)})
	m.Event, m.Attachments = p.Data, p.Attachments
	return n.line.Send(m)
}

// Tell implements [adapter.Adapter].
func (n *node) Tell(r adapter.Request) error {
	if n.ctx.Err() != nil {
		return nil
	}
	if r.Op == adapter.Emit {
		return n.line.Send(n.emit(r))
	}
	n.sockets.Do(r)
	if r.Options.Local || nobody(r.Options) {
		return nil
	}
	d := &Data{Options: newOptions(r.Options), Rooms: r.Rooms}
	switch r.Op {
	case adapter.Join:
		return n.line.Send(n.message(Join, d))
	case adapter.Leave:
		return n.line.Send(n.message(Leave, d))
	}
	d.Close, d.Drop = r.Op != adapter.Disconnect, r.Op == adapter.Close
	return n.line.Send(n.message(Disconnect, d))
}

// emit returns the message that an Emit is.
func (n *node) emit(r adapter.Request) *Message {
	m := n.message(ServerEmit, &Data{Packet: r.Event.Data})
	m.Attachments = r.Event.Attachments
	return m
}

func (n *node) message(t Type, d *Data) *Message {
	return &Message{From: n.name, Namespace: n.namespace, Type: t, Data: d}
}

// Close implements [adapter.Adapter].
func (n *node) Close() error {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return nil
	}
	n.closed = true
	n.mu.Unlock()
	n.wheel.Cancel(&n.beat)
	n.cancel(ErrClosed)
	err := n.group.Wait(context.Background())
	n.say(Leaving) // who isn't told finds out
	return errors.Join(err, n.line.Close())
}

// receive takes a message of another node.
func (n *node) receive(m *Message) {
	n.mu.Lock()
	early := n.line == nil
	n.mu.Unlock()
	if early || m.From == n.name || m.Namespace != "" && m.Namespace != n.namespace || m.To != "" && m.To != n.name || n.ctx.Err() != nil {
		return
	}
	if m.Data == nil {
		m.Data = &Data{}
	}
	n.heard(m)
	if err := n.take(m); err != nil {
		n.config.Logger.Warn("message of another node not understood", "error", err, "node", m.From, "type", int(m.Type), "namespace", n.namespace)
	}
}

func (n *node) take(m *Message) error {
	d := m.Data
	switch m.Type {
	case Broadcast:
		if d.RequestID != "" {
			return n.answer(m)
		}
		p, err := m.event(n.namespace)
		if err == nil {
			n.sockets.Deliver(p, d.Options.options())
		}
		return err
	case Join:
		n.sockets.Do(adapter.Request{Op: adapter.Join, Options: d.Options.options(), Rooms: d.Rooms})
	case Leave:
		n.sockets.Do(adapter.Request{Op: adapter.Leave, Options: d.Options.options(), Rooms: d.Rooms})
	case Disconnect:
		op := adapter.Disconnect
		switch {
		case d.Drop:
			op = adapter.Close
		case d.Close:
			op = adapter.Dismiss
		}
		n.sockets.Do(adapter.Request{Op: op, Options: d.Options.options()})
	case ServerEmit:
		if d.RequestID != "" {
			return n.answer(m)
		}
		p, err := m.eventOf(n.namespace, d.Packet)
		if err == nil {
			n.sockets.Do(adapter.Request{Op: adapter.Emit, Event: p})
		}
		return err
	case Fetch:
		return n.answer(m)
	case Cancel:
		n.stopAnswering(m.From, d.RequestID)
	case Fetched, ServerEmitted, ClientCount, ClientAck:
		n.mu.Lock()
		q := n.questions[d.RequestID]
		n.mu.Unlock()
		if q != nil {
			q.put(item{message: m})
		}
	}
	return nil
}

// others returns the nodes that are known, in order.
func (n *node) others() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Sorted(maps.Keys(n.members))
}
