package brio

import (
	"cmp"
	"context"
	"errors"
	"math"
	"runtime/debug"
	"sync"
	"time"

	"github.com/briohq/brio/protocol"
)

// inbox is the work of a socket: to be let in, then its events in the order in
// which they came, and last to disconnect. It is guarded by the socket's mu.
type inbox struct {
	last     *event // whose next is the first, nil if there is none
	bytes    int
	running  bool // a goroutine works here
	begun    bool // the socket has been let in, or refused
	finished bool
	paused   bool // the connection is not read
	chunks   uint16
}

// chunk is in how many bytes inboxes are counted for all of them, so that few
// events are: most find their inbox empty, and leave it so.
const chunk = 64 << 10

// count makes the chunks of an inbox known that have come or gone since.
func (in *inbox) count(s *Server) {
	n := min(in.bytes/chunk, math.MaxUint16)
	if n != int(in.chunks) {
		s.chunks.Add(int64(n) - int64(in.chunks))
		in.chunks = uint16(n)
	}
}

// flooded reports whether too much waits in all inboxes together.
func (s *Server) flooded() bool {
	return s.config.MaxBacklogTotal > 0 && s.chunks.Load() > int64(s.config.MaxBacklogTotal/chunk)
}

// busy returns why new connections are not let in, beside the engine's reasons.
func (s *Server) busy() string {
	if s.flooded() {
		return "handlers"
	}
	return ""
}

// put adds an event.
func (in *inbox) put(e *event) {
	if in.last == nil {
		e.next = e
	} else {
		e.next, in.last.next = in.last.next, e
	}
	in.last = e
	in.bytes += e.size()
}

// take takes the first event out, nil if there is none.
func (in *inbox) take() *event {
	if in.last == nil {
		return nil
	}
	e := in.last.next
	if e == in.last {
		in.last = nil
	} else {
		in.last.next = e.next
	}
	in.bytes -= e.size()
	return e
}

// event is a packet in an inbox. Events are pooled: what a handler keeps is not
// this, but what its packet points to.
type event struct {
	packet protocol.Packet
	next   *event
	came   time.Duration // since the server's start, if there is an observer
}

var events = sync.Pool{New: func() any { return new(event) }}

func (e *event) free() {
	*e = event{}
	events.Put(e)
}

// size is what an event counts for in the bound of an inbox.
func (e *event) size() int { return size(&e.packet) }

// size is what a packet counts for in the bound of what waits.
func size(p *protocol.Packet) int {
	return 128 + payload(p)
}

// payload is the size of what a packet carries.
func payload(p *protocol.Packet) int {
	n := len(p.Data)
	for _, a := range p.Attachments {
		n += len(a)
	}
	return n
}

// receive queues an event for its handler. If too much waits, the connection is
// not read until that has been dealt with.
func (s *Socket) receive(p *protocol.Packet) {
	e := events.Get().(*event)
	e.packet = p.Clone()
	if server := s.namespace.server; server.observer.Handle != nil {
		e.came = time.Since(server.start)
	}
	s.mu.Lock()
	if s.ended() {
		s.mu.Unlock()
		e.free()
		return
	}
	in := &s.inbox
	in.put(e)
	if in.full(s.namespace.server) {
		in.paused = true
		s.connection.session.Pause() // while mu is held, so that its Resume can't come first
	}
	start := in.start()
	s.mu.Unlock()
	if start {
		s.namespace.server.crew.Go((*worker)(s))
	}
}

// full reports whether the connection is not to be read from now on. It is called
// with mu held.
func (in *inbox) full(s *Server) bool {
	if in.bytes < chunk && in.bytes <= s.config.MaxBacklog {
		return false
	}
	in.count(s)
	return !in.paused && (in.bytes > s.config.MaxBacklog || in.bytes >= chunk && s.flooded())
}

// roomy reports whether the connection is to be read again: at the latest when its
// inbox is empty. It is called with mu held.
func (in *inbox) roomy(s *Server) bool {
	if in.chunks > 0 {
		in.count(s)
	}
	return in.paused && (in.last == nil || in.bytes <= s.config.MaxBacklog/2 && !s.flooded())
}

// start reports whether somebody has to be called to the work. It is called with
// mu held.
func (in *inbox) start() bool {
	start := !in.running && !in.finished
	in.running = true
	return start
}

// work has the socket's work done, unless that is under way.
func (s *Socket) work() {
	s.mu.Lock()
	start := s.inbox.start()
	s.mu.Unlock()
	if start {
		s.namespace.server.crew.Go((*worker)(s))
	}
}

// worker is a socket as a task: to do what there is to do, in order.
type worker Socket

func (w *worker) Run() {
	s := (*Socket)(w)
	for {
		s.mu.Lock()
		in := &s.inbox
		begun := in.begun
		var e *event
		if begun {
			e = in.take()
		}
		switch {
		case !begun:
			in.begun = true
		case e != nil:
			if in.roomy(s.namespace.server) {
				in.paused = false
				s.connection.session.Resume()
			}
			s.more.Store(in.last != nil)
		case s.ended():
			in.finished = true
		default:
			in.running = false
		}
		running, finished := in.running, in.finished
		s.mu.Unlock()
		switch {
		case !begun:
			s.admit()
		case e != nil:
			s.handle(e)
			e.free()
		case finished:
			s.depart()
			return
		case !running:
			return
		}
	}
}

// admit lets the socket in, if its namespace's middleware has nothing against
// it: it becomes a target, is told so, and only then are its handlers called.
func (s *Socket) admit() {
	s.await()
	ctx, end := s.beside(s.Context(), "connect", len(s.auth))
	end(s.enter(ctx))
}

// enter is admit, and returns the error of middleware or of a handler.
func (s *Socket) enter(ctx context.Context) error {
	ns := s.namespace
	if ns.child != nil {
		if err := s.guard("namespace", ns.child.open); err != nil {
			s.refuse("namespace", err)
			return err
		}
	}
	table := ns.table.Load()
	middleware := table.middleware
	switch r := ns.recovery; {
	case r == nil:
		ns.local.Add(s)
	case !r.claim(s):
		r.list(s)
	case !r.config.Middleware:
		middleware = nil
	}
	for _, f := range middleware {
		if err := s.guard("middleware", func() error { return f(ctx, s) }); err != nil {
			s.refuse("middleware", err)
			return err
		}
	}
	if s.ended() {
		return s.cause.Load() // gone meanwhile
	}
	s.connection.settle()
	if ns.child != nil {
		ns.child.used.Store(true)
	}
	if !s.welcome() {
		s.refuse("recovery", errDismissed)
		return errDismissed
	}
	if f := ns.server.observer.Connected; f != nil && s.connected.Load() {
		f(s)
	}
	var failed error
	s.mu.Lock()
	live := s.Connected()
	s.mu.Unlock()
	for _, f := range table.onConnect {
		if !live {
			break
		}
		err := s.guard("connect", func() error { return f(ctx, s) })
		s.log("connect", err)
		failed = cmp.Or(failed, err)
	}
	s.connection.arrival.Store(nil)
	return failed
}

// welcome tells the client that its socket has connected. It becomes a target
// with its CONNECT: before that it must get nothing, and once the client knows it
// must miss nothing. It reports false if the socket is not to be let in after all.
func (s *Socket) welcome() bool {
	if r := s.namespace.recovery; r != nil {
		return r.welcome(s)
	}
	_ = s.connection.controlThen(func() { s.connected.Store(true) }, protocol.Connect, s.namespace.name, s.connection.greeting(struct {
		ID string `json:"sid"`
	}{s.id})...)
	return true
}

// refuse answers the CONNECT of a socket that is not let in. It was never
// connected, so that no handler hears of its end.
func (s *Socket) refuse(what string, err error) {
	told, all := public(err)
	if !all {
		s.log(what, err)
	}
	s.namespace.server.connectError(s.namespace, err)
	s.connection.leave(s)
	if s.guard("refusal", func() error { s.connection.refuse(s.namespace.name, told); return nil }) != nil {
		s.connection.refuse(s.namespace.name, errInternal) // what it brought can't be encoded
	}
	s.mu.Lock()
	(*lifetime)(s).finish(&Disconnect{ServerNamespaceDisconnect})
	s.mu.Unlock()
	(*lifetime)(s).told()
}

// depart is the socket's last work.
func (s *Socket) depart() {
	if s.connected.Swap(false) {
		s.farewells(s.cause.Load().Reason)
	}
	if r := s.namespace.recovery; r == nil {
		s.namespace.local.Remove(s)
		s.namespace.release()
	} else if away := r.part(s); !away {
		s.namespace.release()
	}
	s.connection.release()
	s.connection.pass(s)
}

// farewells calls the handlers of a socket that has disconnected.
func (s *Socket) farewells(reason Reason) {
	if f := s.namespace.server.observer.Disconnected; f != nil {
		f(s, reason)
	}
	ctx, end := s.beside(context.WithoutCancel(s.Context()), "disconnect", 0)
	var failed error
	for _, f := range s.namespace.table.Load().onDisconnect {
		err := s.guard("disconnect", func() error { return f(ctx, s, reason) })
		s.log("disconnect", err)
		failed = cmp.Or(failed, err)
	}
	end(failed)
}

// handle calls the handlers of one event, and answers for them if they fail.
func (s *Socket) handle(e *event) {
	p := &e.packet
	table := s.namespace.table.Load()
	args := s.namespace.server.args(p.Args())
	if p.HasID {
		args.ack = &acknowledgement{to: s, id: p.ID}
	}
	name := p.EventName()
	ctx := s.Context()
	var end func(error)
	if server := s.namespace.server; server.observer.Handle != nil {
		ctx, end = s.begin(ctx, Incoming{
			Event: string(name), Handled: table.on[string(name)] != nil, Ack: p.HasID,
			Bytes: payload(p), Waited: time.Since(server.start) - e.came,
		})
	}
	err := s.guard("event", func() error {
		for _, f := range table.onAny {
			if err := f(ctx, s, string(name), args); err != nil {
				return err
			}
		}
		if err := s.intercept(ctx, name, args); err != nil {
			return err
		}
		if f := table.on[string(name)]; f != nil {
			return f(ctx, s, args)
		}
		return nil
	})
	if end != nil {
		end(err)
	}
	if err == nil || errors.Is(err, ErrIgnore) || s.ended() && errors.Is(err, ErrDisconnected) {
		return // nobody is there to be told, or is to be
	}
	told, all := public(err)
	if !all {
		s.log("event", err, "event", string(name))
	}
	if args.ack == nil {
		if all {
			s.complain(string(name), told)
		}
		return
	}
	fail := func(e *Error) error {
		return s.guard("acknowledgement", func() error { return args.Ack(s.namespace.server.config.AckError(e)) })
	}
	if err := fail(told); err != nil && !errors.Is(err, ErrDisconnected) {
		s.log("acknowledgement", err, "event", string(name))
		_ = fail(errInternal) // its data can't be encoded
	}
}

// guard calls f, and makes an error of its panic.
func (s *Socket) guard(what string, f func() error) error { return s.namespace.guard(what, s.id, f) }

// guard is the same for what is about no socket, or only by its id.
func (ns *Namespace) guard(what, socket string, f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			ns.server.panics.Add(1)
			ns.server.config.Logger.Error("handler panicked", "handler", what, "panic", v, "socket", socket,
				"namespace", ns.name, "stack", string(debug.Stack()))
			if f := ns.server.observer.Panicked; f != nil {
				f(ns, what, v)
			}
			err = errPanicked
		}
	}()
	return f()
}

func (s *Socket) log(what string, err error, attributes ...any) {
	if err == nil || errors.Is(err, errPanicked) { // which has been logged with its stack
		return
	}
	attributes = append(attributes, "handler", what, "error", err, "socket", s.id, "namespace", s.namespace.name)
	s.namespace.server.config.Logger.Error("handler failed", attributes...)
}
