package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/briohq/brio"
	"github.com/briohq/brio/protocol"
)

// Socket is one namespace of a server, connected or not. All methods may be called
// concurrently, and those that register handlers are usually called before Connect.
type Socket struct {
	// Immutable:
	manager   *manager
	namespace string
	auth      any

	// Guarded by the manager's mu:
	active    bool // it is connected, or tries to be
	phase     phase
	asked     int // how often it has begun to join
	id        string
	session   string // the secret id of what can be recovered, "" for none
	offset    string // of the last event that had one
	recovered bool
	failure   error        // of the last attempt
	untold    error        // that the handlers are about to hear of
	waiting   []chan error // in Connect
	early     []*delivery  // events that came before the socket was let in
	earlyTook int          // bytes of those
	backlog   []*outgoing  // events for which there is no connection
	acks      map[uint64]*expected
	next      uint64 // id of an acknowledgement
	retries   retries
	inbox     inbox
	receivers map[string][]*receiver
	handlers  handlers
}

// phase is how far a socket is on the present connection.
type phase byte

const (
	out     phase = iota
	asking        // Auth has been called
	knocked       // CONNECT has been sent; a second one would end the connection
	in
)

// handlers are what an application has registered.
type handlers struct {
	on             map[string]func(context.Context, brio.Args) error
	onAny          []func(context.Context, string, brio.Args) error
	onOutgoing     []func(string, brio.Args)
	onConnect      []func(context.Context) error
	onConnectError []func(context.Context, error) error
	onDisconnect   []func(context.Context, brio.Reason) error
}

func newSocket(m *manager, namespace string, auth any) *Socket {
	return &Socket{
		manager: m, namespace: namespace, auth: auth,
		acks: map[uint64]*expected{}, receivers: map[string][]*receiver{},
		handlers: handlers{on: map[string]func(context.Context, brio.Args) error{}},
	}
}

// Of returns the socket of another namespace, on the same connection: a new one, not
// connected, with an Auth of its own, see [Config]; or that which there is.
func (s *Socket) Of(namespace string, auth any) *Socket {
	if namespace == "" || namespace[0] != '/' {
		namespace = "/" + namespace
	}
	return s.manager.of(namespace, auth)
}

// Namespace returns the name of the namespace.
func (s *Socket) Namespace() string { return s.namespace }

// ID returns the socket's id, which the server has given it, "" unless it is
// connected.
func (s *Socket) ID() string {
	s.manager.mu.Lock()
	defer s.manager.mu.Unlock()
	return s.id
}

// Connected reports whether the socket is in its namespace.
func (s *Socket) Connected() bool { return s.ID() != "" }

// Active reports whether the socket is connected, or tries to be.
func (s *Socket) Active() bool {
	s.manager.mu.Lock()
	defer s.manager.mu.Unlock()
	return s.active
}

// Recovered reports whether the server has restored what the socket was before the
// connection broke, and has sent what it had missed: see [brio.Recovery].
func (s *Socket) Recovered() bool {
	s.manager.mu.Lock()
	defer s.manager.mu.Unlock()
	return s.recovered
}

// Transport returns the name of what carries the connection now, "" if there is
// none.
func (s *Socket) Transport() string {
	s.manager.mu.Lock()
	c := s.manager.conn
	s.manager.mu.Unlock()
	if c == nil {
		return ""
	}
	return c.Transport()
}

// Connect returns nil once the namespace has let the socket in. What fails on the
// way there is tried again, as [Config] has it. It returns a [*ConnectError] if the
// server refuses, if Config.Auth fails, or if there are to be no more attempts; or else
// an error with the cause of ctx, and with why the last attempt has failed, if ctx ends
// before.
//
// A socket that has once been let in comes back by itself, until it or the server
// disconnects, or it is refused. Then Connect may be called again; a handler of
// [Socket.OnConnectError] or [Socket.OnDisconnect] may do so too.
func (s *Socket) Connect(ctx context.Context) error {
	m := s.manager
	if m.invalid != nil {
		return m.invalid
	}
	m.mu.Lock()
	if m.closed || s.phase == in {
		defer m.mu.Unlock()
		return m.open()
	}
	wait := make(chan error, 1)
	s.waiting = append(s.waiting, wait)
	first := !s.active
	s.active, s.failure = true, nil
	m.start(s)
	m.mu.Unlock()
	select {
	case err := <-wait:
		return err
	case <-ctx.Done():
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.Index(s.waiting, wait)
	if i < 0 {
		return <-wait // just before
	}
	s.waiting = slices.Delete(s.waiting, i, i+1)
	err := context.Cause(ctx)
	if s.failure != nil {
		err = fmt.Errorf("%w; the last attempt failed: %w", err, s.failure)
	}
	if first {
		s.leave()
	}
	return fmt.Errorf("connect to namespace %s: %w", s.namespace, err)
}

// Disconnect makes the socket leave its namespace, for [ClientDisconnect]. The
// connection ends with the last socket that wants it, once what was emitted has left.
// The socket does not come back by itself; what it emits waits until it does.
func (s *Socket) Disconnect() {
	s.manager.mu.Lock()
	defer s.manager.mu.Unlock()
	s.leave()
}

// Close ends the connection, and all sockets that share it, for ever. It waits until
// what was sent has left, but no longer than Config.Timeout, and until handlers have
// returned, whose context has ended; so a handler must not call it. Backlogs, events
// that have not been handled, and what waits to be sent again are dropped. It
// returns nil.
func (s *Socket) Close() error {
	s.manager.close()
	return nil
}

// What follows is called with the manager's mu held.

// open returns ErrClosed if the client is closed.
func (m *manager) open() error {
	if m.closed {
		return ErrClosed
	}
	return nil
}

// join asks to be let into the namespace.
func (s *Socket) join() {
	if s.phase != out {
		return
	}
	s.phase = asking
	s.asked++
	f, ok := s.auth.(func(context.Context) (any, error))
	if !ok {
		s.knock(s.auth, nil)
		return
	}
	m, turn, ctx := s.manager, s.asked, s.manager.session
	m.group.Go(func() {
		var auth any
		err := s.guard("auth", func() (err error) { auth, err = f(ctx); return err })
		m.mu.Lock()
		defer m.mu.Unlock()
		if s.phase == asking && s.asked == turn {
			s.knock(auth, err)
		}
	})
}

// knock sends what Auth is.
func (s *Socket) knock(auth any, err error) {
	p := protocol.Packet{Type: protocol.Connect, Namespace: s.namespace}
	if err == nil {
		p.Data, err = s.credentials(auth)
	}
	if err != nil {
		s.refused(err)
		return
	}
	s.phase = knocked
	_ = s.manager.send(&p) // if the connection has ended, the next one will do
}

// credentials returns the payload of CONNECT: what Auth is, and of the session that
// may be recovered what Auth doesn't say.
func (s *Socket) credentials(auth any) ([]byte, error) {
	if auth == nil && s.session == "" {
		return nil, nil
	}
	data, err := json.Marshal(auth)
	var members map[string]json.RawMessage
	if err == nil {
		err = json.Unmarshal(data, &members)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("Config.Auth has to be a JSON object, such as a map or a struct: %w", err)
	case s.session == "":
		return data, nil
	case members == nil:
		members = map[string]json.RawMessage{}
	}
	for name, value := range map[string]string{"pid": s.session, "offset": s.offset} {
		if members[name] == nil && value != "" {
			members[name], _ = json.Marshal(value)
		}
	}
	return json.Marshal(members)
}

// packet takes a packet of the server. Its data is borrowed. An error says that the
// connection is to be given up.
func (s *Socket) packet(p *protocol.Packet) error {
	switch {
	case p.Type == protocol.Connect && s.phase == knocked:
		return s.welcome(p)
	case p.Type == protocol.ConnectError && s.phase == knocked:
		s.refused(newRefusal(bytes.Clone(p.Data)))
	case p.Type == protocol.Disconnect && s.phase == in:
		s.left(ServerDisconnect)
		s.rest(&brio.Disconnect{Reason: ServerDisconnect})
		s.manager.release()
	case p.Type == protocol.Ack:
		s.acknowledged(p)
	case p.Type == protocol.Event && s.phase == in:
		s.event(p)
	case p.Type == protocol.Event && s.phase == knocked && s.active:
		return s.keepEarly(p)
	}
	return nil
}

// welcome takes what lets the socket in: first it gets what came before, then what
// has waited is sent.
func (s *Socket) welcome(p *protocol.Packet) error {
	var greeting struct {
		ID      string `json:"sid"`
		Session string `json:"pid"`
	}
	if err := json.Unmarshal(p.Data, &greeting); err != nil || greeting.ID == "" {
		s.refused(errors.New("the server speaks Socket.IO 2: it has to be of version 3 or later"))
		return nil
	}
	if !s.active { // Disconnect came before
		s.phase = out
		return s.manager.send(&protocol.Packet{Type: protocol.Disconnect, Namespace: s.namespace})
	}
	s.recovered = greeting.Session != "" && greeting.Session == s.session
	if !s.recovered {
		s.offset = ""
	}
	s.phase, s.id, s.session, s.failure = in, greeting.ID, greeting.Session, nil
	for _, d := range s.early {
		s.deliver(d)
	}
	s.early, s.earlyTook = nil, 0
	s.put(task{run: s.connected})
	for _, wait := range s.waiting {
		wait <- nil
	}
	s.waiting = nil
	s.flush()
	return nil
}

// refused takes that the socket is not let in.
func (s *Socket) refused(err error) {
	s.phase = out
	if !s.active {
		return
	}
	s.early, s.earlyTook = nil, 0
	err = &ConnectError{s.namespace, err}
	s.rest(err)
	s.fail(err)
	s.manager.release()
}

// fail tells the handlers why the socket has not been let in.
func (s *Socket) fail(err error) {
	told := s.untold == nil
	s.failure, s.untold = err, err
	if told {
		s.put(task{run: s.refusal})
	}
}

// leave is Disconnect.
func (s *Socket) leave() {
	if !s.active {
		return
	}
	switch s.phase {
	case in:
		_ = s.manager.send(&protocol.Packet{Type: protocol.Disconnect, Namespace: s.namespace})
		s.left(ClientDisconnect)
	case asking:
		s.phase = out
	}
	s.early, s.earlyTook = nil, 0
	s.rest(&brio.Disconnect{Reason: ClientDisconnect})
	s.manager.release()
}

// left takes that the socket is not in its namespace any more, and reports whether it
// was. Acknowledgements of what was sent will not come.
func (s *Socket) left(reason brio.Reason) bool {
	was := s.phase == in
	s.phase, s.id, s.early, s.earlyTook = out, "", nil, 0
	if !was {
		return false
	}
	s.put(task{run: func() { s.disconnected(reason) }})
	s.forsake(false, &brio.Disconnect{Reason: reason})
	return true
}

// rest takes that the socket does not try to connect any more: who waits for that is
// told why.
func (s *Socket) rest(err error) {
	s.active = false
	for _, wait := range s.waiting {
		wait <- err
	}
	s.waiting = nil
	for _, list := range s.receivers {
		for _, r := range list {
			r.end(err)
		}
	}
	clear(s.receivers)
}

// abandon drops what can't be sent any more because the client is closed.
func (s *Socket) abandon() {
	s.rest(ErrClosed)
	s.forsake(true, ErrClosed)
	s.retries.drop(ErrClosed)
	s.clearBacklog()
}
