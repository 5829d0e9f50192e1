package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/briohq/brio/adapter"
)

// answer has a request of another node answered.
func (n *node) answer(m *Message) error {
	r, err := n.request(m)
	if err != nil {
		return err
	}
	timeout := n.config.RequestTimeout
	switch t := m.Data.Timeout; {
	case t != nil && *t < 0:
		timeout = 0
	case t != nil:
		timeout = time.Duration(*t) * time.Millisecond
	case m.Data.Options != nil && m.Data.Options.Flags.Timeout != nil:
		timeout = time.Duration(*m.Data.Options.Flags.Timeout) * time.Millisecond
	}
	ctx, cancel := context.WithCancelCause(n.ctx)
	release := func() {}
	if timeout > 0 {
		ctx, release = context.WithTimeout(ctx, timeout)
	}
	key := m.From + " " + m.Data.RequestID
	n.mu.Lock()
	if n.closed || n.answering[key] != nil {
		n.mu.Unlock()
		release()
		cancel(nil)
		return nil
	}
	n.answering[key] = cancel
	n.group.Go(func() {
		defer func() {
			release()
			cancel(nil)
			n.mu.Lock()
			delete(n.answering, key)
			n.mu.Unlock()
		}()
		a := answerer{n, m, r}
		if err := a.run(ctx); err != nil && ctx.Err() == nil {
			n.config.Logger.Warn("answer to another node not sent", "error", err, "node", m.From, "namespace", n.namespace)
		}
	})
	n.mu.Unlock()
	return nil
}

// request returns what another node asks.
func (n *node) request(m *Message) (r adapter.Request, err error) {
	r.Options = m.Data.Options.options()
	switch {
	case m.Type == Broadcast:
		r.Op = adapter.Call
		r.Event, err = m.event(n.namespace)
	case m.Type == ServerEmit:
		r.Op = adapter.Emit
		r.Event, err = m.eventOf(n.namespace, m.Data.Packet)
	case m.Data.Only == onlyCount:
		r.Op = adapter.Count
	case m.Data.Only == onlyRooms:
		r.Op = adapter.Rooms
	default:
		r.Op = adapter.Peers
	}
	return r, err
}

// answerer answers one request.
type answerer struct {
	node    *node
	asked   *Message
	request adapter.Request
}

func (a *answerer) run(ctx context.Context) error {
	counted := false
	sockets := []Peer{}
	last := &Data{}
	for reply, err := range a.node.sockets.Answer(ctx, a.request) {
		switch {
		case err != nil:
			if ctx.Err() != nil {
				return nil // who asks knows better why
			}
			last.Error = err.Error()
		case a.request.Op == adapter.Call && reply.Answer == nil:
			counted = true
			err = a.count(reply.Asked)
		case reply.Answer != nil:
			err = a.answered(reply.Answer)
		case a.request.Op == adapter.Count:
			last.Count = &reply.Count
		case a.request.Op == adapter.Rooms:
			last.Sizes, err = a.sizes(reply.Rooms)
		default:
			for _, p := range reply.Peers {
				sockets = append(sockets, newPeer(p))
			}
			if a.asked.Data.Parts {
				err = a.send(Fetched, &Data{Sockets: sockets, More: true}, nil)
				sockets = sockets[:0]
			}
		}
		if err != nil && last.Error == "" {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil // what there was may not be all
	}
	switch a.request.Op {
	case adapter.Emit:
		if last.Error == "" {
			return nil
		}
		return a.send(ServerEmitted, last, nil)
	case adapter.Call:
		if counted && last.Error == "" {
			return nil
		}
		last.Count = new(int)
		return a.send(ClientCount, last, nil)
	}
	last.Sockets = sockets
	return a.send(Fetched, last, nil)
}

// most is how many names a message has at most, so that it is one that a broker carries,
// if who asks can take them in parts.
const most = 5000

// count sends how many sockets have been asked, and which.
func (a *answerer) count(asked []string) error {
	count := len(asked)
	d := &Data{Count: &count, Asked: asked}
	for a.asked.Data.Parts && len(asked) > most {
		d.Asked, asked = asked[:most], asked[most:]
		if err := a.send(ClientCount, d, nil); err != nil {
			return err
		}
		d = &Data{Asked: asked}
	}
	return a.send(ClientCount, d, nil)
}

// sizes sends how many sockets are in rooms, and returns what is left for the last
// message.
func (a *answerer) sizes(rooms map[string]int) (rest map[string]int, err error) {
	if !a.asked.Data.Parts || len(rooms) <= most {
		return rooms, nil
	}
	rest = map[string]int{}
	for room, n := range rooms {
		if len(rest) == most {
			if err := a.send(Fetched, &Data{Sizes: rest, More: true}, nil); err != nil {
				return nil, err
			}
			rest = map[string]int{}
		}
		rest[room] = n
	}
	return rest, nil
}

// answered sends what a socket answered, or this node's server. Node.js takes one for
// each, and knows of no failures but what the sockets or handlers say of them.
func (a *answerer) answered(one *adapter.Answer) error {
	t := ClientAck
	if a.request.Op == adapter.Emit {
		t = ServerEmitted
	}
	d := &Data{Socket: one.Socket}
	if f := one.Failure; f != nil {
		d.Failure = &Failure{f.Message, f.Data}
	}
	return a.send(t, d, one)
}

func (a *answerer) send(t Type, d *Data, one *adapter.Answer) error {
	m := a.node.message(t, d)
	m.To = a.asked.From
	d.RequestID = a.asked.Data.RequestID
	if one != nil {
		if err := m.setArgs(&one.Ack); err != nil {
			return fmt.Errorf("socket %s: %w", one.Socket, err)
		}
	}
	err := a.node.line.Send(m)
	if err == nil || d.Error != "" {
		return err
	}
	// Such as one that is too large: who asks shouldn't wait in vain.
	failed := &Data{RequestID: d.RequestID, Socket: d.Socket, Error: err.Error()}
	if t == ClientCount {
		failed.Count = new(int)
	}
	m = a.node.message(t, failed)
	m.To = a.asked.From
	if a.node.line.Send(m) != nil {
		return err
	}
	a.node.config.Logger.Warn("answer to another node not sent", "error", err, "node", m.To, "namespace", a.node.namespace)
	return nil
}
