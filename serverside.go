package brio

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/protocol"
)

// OnServer sets the handler of an event that the servers of other nodes send to
// this one, with [Namespace.ServerEmit] or [Namespace.ServerAll]. It panics if
// there is one already, or if the protocol reserves the name. The namespace is
// the one that the event was sent to: of a parent's handler, the child.
//
// If an answer is awaited, the handler gives it with [Args.Ack]; an error answers
// it too, and is logged unless it is an [*Error]. Events without an answer are
// handled one at a time, in the order in which they came, and their context ends
// with the server; one that comes while more than Config.MaxBacklog bytes of them
// wait is dropped, and that is logged. Events whose answer is awaited are handled
// beside them and each other; the answer is given once the handler has returned,
// and their context ends then, too, or when nobody waits any more.
func (ns *Namespace) OnServer(event string, f func(ctx context.Context, ns *Namespace, args Args) error) {
	if protocol.Reserved(event) {
		panic("brio: event " + event + " is reserved by the protocol")
	}
	ns.register(func(t *table) {
		if t.onServer[event] != nil {
			panic("brio: event " + event + " of the servers of namespace " + ns.name + " has a handler already")
		}
		t.onServer = maps.Clone(t.onServer)
		if t.onServer == nil {
			t.onServer = map[string]func(context.Context, *Namespace, Args) error{}
		}
		t.onServer[event] = f
	})
}

// ServerEmit sends an event to the namespace of the same name on the other nodes
// of the cluster, for their [Namespace.OnServer]; on a server that is alone it
// reaches nobody. It doesn't block, and fails if the arguments can't be encoded or
// if the cluster can't be reached. Nodes that are not there, or are overrun, miss
// the event.
func (ns *Namespace) ServerEmit(event string, args ...any) error {
	p, err := ns.newEvent(event, args)
	if err != nil {
		return err
	}
	return ns.tell(adapter.Request{Op: adapter.Emit, Event: p})
}

// ServerAll sends an event as [Namespace.ServerEmit] does, and returns the answer
// of each other node as it comes; on a server that is alone there is none. A node
// that fails, or has no handler, yields an [*AckError] with an [*Error]. Nodes
// that do not answer are named by a [*MissingError], which comes last. Without a
// deadline ServerAll waits as long as ctx does. Nothing is sent before the range
// begins; leaving it early gives up what is still awaited.
func (ns *Namespace) ServerAll(ctx context.Context, event string, args ...any) iter.Seq2[Answer[Args], error] {
	return func(yield func(Answer[Args], error) bool) {
		p, err := ns.newEvent(event, args)
		if err != nil {
			yield(Answer[Args]{}, err)
			return
		}
		for r, err := range ns.ask(ctx, adapter.Request{Op: adapter.Emit, Event: p}) {
			a := Answer[Args]{Node: r.Node}
			switch {
			case err == nil && r.Answer != nil:
				a, err = ns.server.newAnswer(r)
			case err == nil:
				continue
			}
			if !yield(a, err) {
				return
			}
		}
	}
}

// errands are the events of other servers that wait for their handlers.
type errands struct {
	mu      sync.Mutex // guards what follows
	waiting []*protocol.Packet
	bytes   int
	running bool // a goroutine works here
}

// add queues an event, and starts the goroutine that handles them unless it
// runs.
func (e *errands) add(ns *Namespace, p *protocol.Packet) {
	e.mu.Lock()
	full := e.bytes > ns.server.config.MaxBacklog
	start := !full && !e.running
	if !full {
		e.waiting = append(e.waiting, p)
		e.bytes += size(p)
		e.running = true
	}
	e.mu.Unlock()
	switch {
	case full:
		ns.server.config.Logger.Error("event of a server dropped: too many wait", "event", string(p.EventName()), "namespace", ns.name)
	case start:
		ns.server.group.Go(func() { e.run(ns) })
	}
}

func (e *errands) run(ns *Namespace) {
	for {
		e.mu.Lock()
		if len(e.waiting) == 0 {
			e.waiting, e.running = nil, false
			e.mu.Unlock()
			return
		}
		p := e.waiting[0]
		e.waiting = e.waiting[1:]
		e.bytes -= size(p)
		e.mu.Unlock()
		if f := ns.table.Load().onServer[string(p.EventName())]; f != nil {
			_ = ns.handle(ns.server.ctx, f, p, nil) // nobody is there to be told
		}
	}
}

// handle calls the handler of a server's event, and logs why it failed. It
// returns what may be told of that.
func (ns *Namespace) handle(ctx context.Context, f func(context.Context, *Namespace, Args) error, p *protocol.Packet, ack *acknowledgement) *Error {
	args := ns.server.args(p.Args())
	args.ack = ack
	err := ns.guard("server event", "", func() error { return f(ctx, ns, args) })
	if err == nil {
		return nil
	}
	told, all := public(err)
	if !all && err != errPanicked { //nolint:errorlint // guard returns it as it is
		ns.server.config.Logger.Error("handler failed", "handler", "server event", "error", err, "namespace", ns.name, "event", string(p.EventName()))
	}
	return told
}

// serve answers the event of another server.
func (ns sockets) serve(ctx context.Context, p *protocol.Packet) iter.Seq2[adapter.Reply, error] {
	return func(yield func(adapter.Reply, error) bool) {
		f := ns.table.Load().onServer[string(p.EventName())]
		if f == nil {
			yield(adapter.Reply{Answer: ns.failed(Errorf("no handler of %s", p.EventName()))}, nil)
			return
		}
		here, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer context.AfterFunc(ns.server.ctx, func() { cancel(ErrShutdown) })()
		asked := asker{make(chan *adapter.Answer, 2)}
		ns.server.group.Go(func() {
			ack := &acknowledgement{to: asked}
			if failure := ns.handle(here, f, p, ack); failure != nil && !ack.sent.Swap(true) {
				asked.answer <- ns.failed(failure)
			}
			asked.answer <- nil
		})
		var answer *adapter.Answer
		for handled := false; !handled || answer == nil; {
			select {
			case one := <-asked.answer:
				handled = handled || one == nil
				answer = cmp.Or(answer, one)
			case <-ctx.Done():
				yield(adapter.Reply{}, context.Cause(ctx))
				return
			}
		}
		yield(adapter.Reply{Answer: answer}, nil)
	}
}

// failed returns the answer that an error is, as far as it can be encoded.
func (ns *Namespace) failed(e *Error) *adapter.Answer {
	a := &adapter.Answer{Ack: protocol.Packet{Type: protocol.Ack}, Failure: &adapter.Failure{Message: e.Message}}
	_ = ns.guard("error data", "", func() (err error) {
		a.Ack.Data, a.Ack.Attachments, err = ns.server.config.JSON.AppendArgs(nil, nil, ns.server.config.AckError(e))
		if err == nil && e.Data != nil {
			a.Failure.Data, err = json.Marshal(e.Data)
		}
		return err
	})
	return a
}

// asker is a server that waits for the answer to its event, and for nil when the
// handler has returned.
type asker struct{ answer chan *adapter.Answer }

// acknowledge takes the answer, of which there is one.
func (a asker) acknowledge(p protocol.Packet) error {
	own := p.Clone()
	own.Attachments = slices.Clone(own.Attachments)
	for i, b := range own.Attachments {
		own.Attachments[i] = slices.Clone(b)
	}
	a.answer <- &adapter.Answer{Ack: own}
	return nil
}
