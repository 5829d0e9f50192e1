package client

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/briohq/brio"
	"github.com/briohq/brio/protocol"
)

// inbox is what a socket's handlers have to do, in order. It is guarded by the
// manager's mu.
type inbox struct {
	tasks   []task
	bytes   int  // of events, until their handlers and receivers have taken them
	running bool // a goroutine works here
}

// task is one call of handlers.
type task struct {
	run      func()
	delivery *delivery // nil if it is about no event
}

// delivery is an event on its way to its handlers and receivers.
type delivery struct {
	event  string
	args   brio.Args
	size   int
	takers int // who have not taken it yet
}

// put adds a task.
func (s *Socket) put(t task) {
	s.inbox.tasks = append(s.inbox.tasks, t)
	if !s.inbox.running {
		s.inbox.running = true
		s.manager.group.Go(s.work)
	}
}

// work does what there is to do.
func (s *Socket) work() {
	for {
		t, ok := s.take()
		if !ok {
			return
		}
		t.run()
		if t.delivery != nil {
			s.manager.mu.Lock()
			s.taken(t.delivery)
			s.manager.mu.Unlock()
		}
	}
}

// take returns the next task. Once the client is closed, events are none.
func (s *Socket) take() (task, bool) {
	s.manager.mu.Lock()
	defer s.manager.mu.Unlock()
	box := &s.inbox
	for len(box.tasks) > 0 {
		t := box.tasks[0]
		box.tasks[0] = task{}
		box.tasks = box.tasks[1:]
		if t.delivery == nil || !s.manager.closed {
			return t, true
		}
	}
	box.tasks, box.running = nil, false
	return task{}, false
}

// taken takes that one of those that an event was for needs it no more.
func (s *Socket) taken(d *delivery) {
	if d.takers--; d.takers > 0 {
		return
	}
	before := s.inbox.bytes
	s.inbox.bytes -= d.size
	if half := s.manager.config.MaxBacklog / 2; before > half && s.inbox.bytes <= half {
		s.manager.room.Broadcast()
	}
}

// event queues an event for its handler.
func (s *Socket) event(p *protocol.Packet) { s.deliver(s.newDelivery(p)) }

// keepEarly queues an event that came before the socket was let in, which only a
// recovered one should get. What a recovery brings has a bound here: a client that has
// missed more than that begins anew.
func (s *Socket) keepEarly(p *protocol.Packet) error {
	d := s.newDelivery(p)
	s.early = append(s.early, d)
	s.earlyTook += d.size
	if limit := s.manager.config.MaxBacklog; s.earlyTook > limit {
		s.session, s.offset = "", ""
		return fmt.Errorf("more than %d bytes of events before CONNECT: raise Config.MaxBacklog to recover that much", limit)
	}
	return nil
}

// newDelivery makes an event its own owner.
func (s *Socket) newDelivery(p *protocol.Packet) *delivery {
	own := p.Clone()
	d := &delivery{size: 128 + len(own.Data)}
	for _, a := range own.Attachments {
		d.size += len(a)
	}
	var args protocol.Args
	d.event, args = own.Event()
	var answer func(protocol.Packet) error
	if own.HasID {
		answer = s.answer(own.ID, s.asked)
	}
	d.args = brio.NewArgs(args, &s.manager.config.JSON, answer)
	return d
}

// answer returns what acknowledges an event, as long as the socket is where it got
// it.
func (s *Socket) answer(id uint64, asked int) func(protocol.Packet) error {
	m := s.manager
	return func(p protocol.Packet) error {
		p.Namespace, p.ID, p.HasID = s.namespace, id, true
		p.Attachments = cloneAll(p.Attachments)
		m.mu.Lock()
		defer m.mu.Unlock()
		if s.phase != in || s.asked != asked {
			return brio.ErrDisconnected
		}
		return m.send(&p)
	}
}

// deliver hands an event to those that there are for it.
func (s *Socket) deliver(d *delivery) {
	if n := d.args.Len(); n > 0 && s.session != "" {
		// The last argument is the position of the event, if it is a string.
		if raw := d.args.Raw(n - 1); len(raw) > 0 && raw[0] == '"' {
			s.offset = text(raw)
		}
	}
	receivers := s.receivers[d.event]
	d.takers = 1 + len(receivers)
	s.inbox.bytes += d.size
	for _, r := range receivers {
		r.put(d)
	}
	s.put(task{func() { s.handle(d.event, d.args) }, d})
}

// handle calls the handlers of one event, and answers for them if they fail.
func (s *Socket) handle(event string, args brio.Args) {
	all, on := s.registered(event)
	ctx := s.manager.ctx
	err := s.guard("event", func() error {
		for _, f := range all.onAny {
			if err := f(ctx, event, args); err != nil {
				return err
			}
		}
		if on != nil {
			return on(ctx, args)
		}
		return nil
	})
	if err == nil {
		return
	}
	s.log("event", err, "event", event)
	told, public := errors.AsType[*brio.Error](err)
	if !public {
		told = errInternal
	}
	fail := func(e *brio.Error) error {
		return s.guard("acknowledgement", func() error { return args.Ack(s.manager.config.AckError(e)) })
	}
	if err := fail(told); err != nil && !errors.Is(err, brio.ErrDisconnected) {
		s.log("acknowledgement", err, "event", event)
		_ = fail(errInternal) // its data can't be encoded
	}
}

func (s *Socket) connected() {
	all, _ := s.registered("")
	for _, f := range all.onConnect {
		s.log("connect", s.guard("connect", func() error { return f(s.manager.ctx) }))
	}
}

func (s *Socket) refusal() {
	all, _ := s.registered("")
	s.manager.mu.Lock()
	why := s.untold
	s.untold = nil
	s.manager.mu.Unlock()
	for _, f := range all.onConnectError {
		s.log("connect error", s.guard("connect error", func() error { return f(s.manager.ctx, why) }))
	}
}

func (s *Socket) disconnected(reason brio.Reason) {
	all, _ := s.registered("")
	for _, f := range all.onDisconnect {
		s.log("disconnect", s.guard("disconnect", func() error { return f(s.manager.ctx, reason) }))
	}
}

var errPanicked = errors.New("handler panicked")

// guard calls f, and makes an error of its panic.
func (s *Socket) guard(what string, f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			s.manager.config.Logger.Error("handler panicked", "handler", what, "panic", v, "namespace", s.namespace, "stack", string(debug.Stack()))
			err = errPanicked
		}
	}()
	return f()
}

func (s *Socket) log(what string, err error, attributes ...any) {
	if err == nil || errors.Is(err, errPanicked) { // which has been logged with its stack
		return
	}
	attributes = append(attributes, "handler", what, "error", err, "namespace", s.namespace)
	s.manager.config.Logger.Error("handler failed", attributes...)
}
