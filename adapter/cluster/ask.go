package cluster

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/internal/group"
)

// Ask implements [adapter.Adapter].
func (n *node) Ask(ctx context.Context, r adapter.Request) iter.Seq2[adapter.Reply, error] {
	return func(yield func(adapter.Reply, error) bool) {
		if n.ctx.Err() != nil {
			return
		}
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer context.AfterFunc(n.ctx, func() { cancel(context.Cause(n.ctx)) })()

		var parts []func(context.Context) iter.Seq2[adapter.Reply, error]
		if r.Op != adapter.Emit {
			parts = append(parts, func(ctx context.Context) iter.Seq2[adapter.Reply, error] { return n.sockets.Answer(ctx, r) })
		}
		elsewhere := r.Op == adapter.Emit || r.Op == adapter.Rooms || !nobody(r.Options)
		if elsewhere && !r.Options.Local {
			parts = append(parts, func(ctx context.Context) iter.Seq2[adapter.Reply, error] { return n.askOthers(ctx, r) })
		}
		var missing *adapter.MissingError
		for reply, err := range group.Merge(ctx, parts...) {
			if one, ok := errors.AsType[*adapter.MissingError](err); ok {
				missing = one // there is one such part
				continue
			}
			if !yield(reply, err) {
				return
			}
		}
		if missing != nil {
			yield(adapter.Reply{}, missing)
		}
	}
}

// question is a request whose replies are awaited.
type question struct {
	mu    sync.Mutex // guards items
	items []item
	some  chan struct{} // has room for one; full if there may be items
}

// item is a message with a reply, or says that a node has gone.
type item struct {
	message *Message
	gone    string
	err     error
}

func (q *question) put(one item) {
	q.mu.Lock()
	q.items = append(q.items, one)
	q.mu.Unlock()
	select {
	case q.some <- struct{}{}:
	default:
	}
}

// take returns what has come, and waits for it if that is nothing. It returns nothing
// when ctx has ended.
func (q *question) take(ctx context.Context) []item {
	for {
		q.mu.Lock()
		items := q.items
		q.items = nil
		q.mu.Unlock()
		if len(items) > 0 {
			return items
		}
		select {
		case <-q.some:
		case <-ctx.Done():
			return nil
		}
	}
}

// inquiry is the state of a question.
type inquiry struct {
	op       adapter.Op
	waiting  map[string]*respondent // by node
	finished map[string]bool        // nodes that have replied to the end
	unnamed  int                    // how many are awaited beside those that are known by name
	nameless respondent             // all that don't say who they are, as one
	missing  []string
	why      error
}

// respondent is a node of which replies are awaited.
type respondent struct {
	open    int  // sockets that have been asked and have not answered
	counted bool // it has said how many
	told    bool // and which
}

// askOthers yields what the other nodes reply.
func (n *node) askOthers(ctx context.Context, r adapter.Request) iter.Seq2[adapter.Reply, error] {
	return func(yield func(adapter.Reply, error) bool) {
		m := n.ask(ctx, r)
		q := &question{some: make(chan struct{}, 1)}
		id := m.Data.RequestID
		in := &inquiry{op: r.Op, waiting: map[string]*respondent{}, finished: map[string]bool{}}
		total, err := n.line.Nodes(ctx)
		if err != nil {
			in.why = err
			n.config.Logger.Warn("number of nodes not known", "error", err, "namespace", n.namespace)
		}
		n.mu.Lock()
		n.questions[id] = q
		n.mu.Unlock()
		defer func() {
			n.mu.Lock()
			delete(n.questions, id)
			n.mu.Unlock()
		}()
		for _, name := range n.others() {
			in.waiting[name] = &respondent{}
		}
		in.unnamed = max(0, total-1-len(in.waiting))
		if len(in.waiting) == 0 && in.unnamed == 0 {
			return
		}
		if err := n.line.Send(m); err != nil {
			in.giveUp(err)
			yield(adapter.Reply{}, in.failure())
			return
		}
		if !n.collect(ctx, q, in, yield) {
			_ = n.line.Send(n.message(Cancel, &Data{RequestID: id}))
		}
	}
}

// ask returns the message of a request.
func (n *node) ask(ctx context.Context, r adapter.Request) *Message {
	var m *Message
	switch r.Op {
	case adapter.Emit:
		m = n.emit(r)
	case adapter.Call:
		m = n.message(Broadcast, &Data{Options: newOptions(r.Options), Packet: newPacket(r.Event), Parts: true})
		m.Event, m.Attachments = r.Event.Data, r.Event.Attachments
	case adapter.Count:
		m = n.message(Fetch, &Data{Options: newOptions(r.Options), Only: onlyCount})
	case adapter.Rooms:
		m = n.message(Fetch, &Data{Options: newOptions(adapter.Options{Everyone: true}), Only: onlyRooms, Parts: true})
	default:
		m = n.message(Fetch, &Data{Options: newOptions(r.Options), Parts: true})
	}
	m.Data.RequestID = newID()
	timeout := int64(-1)
	if deadline, ok := ctx.Deadline(); ok {
		timeout = max(1, time.Until(deadline).Milliseconds())
		if r.Op == adapter.Call {
			m.Data.Options.Flags.Timeout = &timeout
		}
	}
	m.Data.Timeout = &timeout
	return m
}

// collect yields replies until there are no more. It reports false if others may still
// be at work for nothing.
func (n *node) collect(ctx context.Context, q *question, in *inquiry, yield func(adapter.Reply, error) bool) bool {
	for !in.done() {
		items := q.take(ctx)
		if items == nil {
			in.giveUp(context.Cause(ctx))
			break
		}
		for _, one := range items {
			if one.gone != "" {
				in.lose(one.gone, one.err)
				continue
			}
			reply, err, some := n.reply(in, one.message)
			if some && !yield(reply, err) {
				return false
			}
		}
	}
	if err := in.failure(); err != nil {
		yield(adapter.Reply{}, err)
	}
	return ctx.Err() == nil
}

// reply returns what a message says, and notes who has said it.
func (n *node) reply(in *inquiry, m *Message) (reply adapter.Reply, err error, some bool) {
	d := m.Data
	if in.finished[m.From] {
		return reply, nil, false
	}
	who := in.waiting[m.From]
	switch {
	case m.From == "":
		who = &in.nameless
	case who == nil:
		if in.unnamed > 0 {
			in.unnamed--
		}
		who = &respondent{}
		in.waiting[m.From] = who
	}
	reply.Node = m.From
	switch m.Type {
	case Fetched:
		if !d.More {
			in.finish(m.From)
		}
		n.fetched(in.op, &reply, d)
		some = true
	case ClientCount:
		if d.Count != nil {
			who.open += *d.Count
		}
		who.counted = true
		who.told = who.told || len(d.Asked) > 0 || who.open == 0
		reply.Asked, some = d.Asked, len(d.Asked) > 0
	case ClientAck, ServerEmitted:
		who.open--
		if d.Error == "" {
			reply.Answer = &adapter.Answer{Socket: d.Socket, Ack: m.args(n.namespace)}
			if f := d.Failure; f != nil {
				reply.Answer.Failure = &adapter.Failure{Message: f.Message, Data: f.Data}
			}
			some = true
		}
		if m.Type == ServerEmitted {
			in.finish(m.From)
		}
	}
	if m.Type == ClientCount && m.From == "" {
		in.finish("")
	}
	if m.From != "" && who.counted && who.open <= 0 {
		in.finish(m.From)
	}
	if d.Error != "" {
		err, some = errors.New(d.Error), true
	}
	return reply, err, some
}

// fetched sets what a reply says of sockets. Nodes on Node.js tell them all, whatever
// is asked.
func (n *node) fetched(op adapter.Op, reply *adapter.Reply, d *Data) {
	switch {
	case op == adapter.Count && d.Count != nil:
		reply.Count = *d.Count
	case op == adapter.Count:
		reply.Count = len(d.Sockets)
	case op == adapter.Rooms && d.Sizes != nil:
		reply.Rooms = d.Sizes
	case op == adapter.Rooms:
		reply.Rooms = map[string]int{}
		for _, s := range d.Sockets {
			for _, room := range s.Rooms {
				if room != s.ID {
					reply.Rooms[room]++
				}
			}
		}
	default:
		for _, s := range d.Sockets {
			reply.Peers = append(reply.Peers, s.peer(n.namespace))
		}
	}
}

func (in *inquiry) done() bool {
	return len(in.waiting) == 0 && in.unnamed == 0 && (in.op != adapter.Call || in.nameless.open <= 0)
}

func (in *inquiry) finish(node string) {
	if node == "" {
		in.unnamed = max(0, in.unnamed-1)
		return
	}
	delete(in.waiting, node)
	in.finished[node] = true
}

// lose notes that a node has gone.
func (in *inquiry) lose(node string, why error) {
	if in.waiting[node] == nil {
		return
	}
	delete(in.waiting, node)
	in.missing = append(in.missing, node)
	if in.why == nil {
		in.why = why
	}
}

// giveUp ends the wait for all others. A node that has said which sockets it has asked
// is not missing: these are.
func (in *inquiry) giveUp(why error) {
	for node, who := range in.waiting {
		if !who.told {
			in.missing = append(in.missing, node)
		}
	}
	for range in.unnamed {
		in.missing = append(in.missing, "")
	}
	if in.unnamed == 0 && in.nameless.open > 0 && in.op == adapter.Call {
		in.missing = append(in.missing, "") // of which sockets have not answered, nobody knows which
	}
	in.nameless.open = 0
	in.waiting, in.unnamed, in.why = nil, 0, why
}

func (in *inquiry) failure() error {
	if len(in.missing) == 0 {
		return nil
	}
	slices.Sort(in.missing)
	return &adapter.MissingError{Nodes: in.missing, Err: in.why}
}
