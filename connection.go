package brio

import (
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/briohq/brio/engine"
	"github.com/briohq/brio/internal/wheel"
	"github.com/briohq/brio/protocol"
	"github.com/briohq/brio/transport"
)

// connection is one client's session with the sockets that share it, one for
// each namespace it is in.
type connection struct {
	server  *Server
	session *engine.Session
	brief   brief
	arrival atomic.Pointer[arrival] // nil once a socket has been let in

	decoder protocol.Decoder // owned by Message

	mu      sync.Mutex // guards what follows
	sockets []*Socket
	turns   *turns // of an old client
	held    int32  // sockets, until they have done their last work
	closed  bool
}

// arrival is what a connection needs until it has been let into a namespace.
type arrival struct {
	handshake Handshake // at full length
	deadline  wheel.Entry
}

func (s *Server) open(session *engine.Session, r *http.Request) engine.Receiver {
	c := &connection{server: s, session: session}
	a := &arrival{handshake: newHandshake(r, session.Revision())}
	c.brief = s.brief(&a.handshake)
	c.arrival.Store(a)
	c.decoder.Limits = &s.limits
	if c.old() {
		c.decoder.Limits = &s.oldLimits
	}
	if f := s.observer.Opened; f != nil {
		f(r, session.Transport())
	}
	a.deadline.Owner = wheel.Func(func() { session.Close(ForcedServerClose) })
	s.wheel.Schedule(&a.deadline, s.config.ConnectTimeout)
	return c
}

// settle says that the connection has been let into a namespace, or closed.
func (c *connection) settle() {
	if a := c.arrival.Load(); a != nil {
		c.server.wheel.Cancel(&a.deadline)
	}
}

// Message takes one message: a packet, or a part of one.
func (c *connection) Message(data []byte, binary bool) {
	p, done, err := c.decode(data, binary)
	if err != nil {
		c.server.config.Logger.Debug("packet refused", "session", c.session.ID(), "error", err)
		c.session.Close(ParseError)
		return
	}
	if done {
		c.packet(&p)
	}
}

// Pulse ends the connection if it waits for an attachment that came with none of
// the last two heartbeats.
func (c *connection) Pulse() {
	if c.decoder.Pulse() {
		c.server.config.Logger.Debug("attachment missing", "session", c.session.ID())
		c.session.Close(ParseError)
	}
}

func (c *connection) decode(data []byte, binary bool) (p protocol.Packet, done bool, err error) {
	codec := c.server.config.Codec
	switch {
	case codec != nil && binary:
		p, err = codec.Decode(data, *c.decoder.Limits)
		return p, true, err
	case codec != nil:
		p, err = codec.DecodeText(data, *c.decoder.Limits)
		return p, true, err
	case binary:
		return c.decoder.Binary(data)
	default:
		return c.decoder.Text(data)
	}
}

// packet takes one packet. What is illegal in the present state ends the
// connection, as in the reference implementation: an event before the
// namespace was joined, a namespace joined twice, a packet only servers send.
func (c *connection) packet(p *protocol.Packet) {
	if c.old() && !c.split(p) {
		c.session.Close(ParseError)
		return
	}
	s := c.socket(p.Namespace)
	switch {
	case p.Type == protocol.Connect && (s == nil || s.gone.Load()):
		c.connect(p)
	case s == nil, p.Type == protocol.Connect, p.Type == protocol.ConnectError:
		c.session.Close(ForcedServerClose)
	case s.gone.Load():
		// The server has left the namespace and the client can't know yet.
	case p.Type == protocol.Disconnect:
		c.leave(s)
		s.end(ClientNamespaceDisconnect)
	case !s.connected.Load():
		c.session.Close(ForcedServerClose)
	case p.Type == protocol.Ack:
		s.acknowledged(p)
	default:
		s.receive(p)
	}
}

func (c *connection) socket(namespace string) *Socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.sockets {
		if s.namespace.name == namespace {
			return s
		}
	}
	return nil
}

// all returns the sockets of the connection.
func (c *connection) all() []*Socket {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.sockets)
}

// connect begins a socket. Its first work is to be let in.
func (c *connection) connect(p *protocol.Packet) {
	if len(p.Data) > c.server.config.MaxAuth {
		c.refuse(p.Namespace, errAuth)
		return
	}
	if !c.hold() {
		c.server.connectError(nil, errNamespaces)
		c.refuse(p.Namespace, errNamespaces)
		return
	}
	ns := c.server.hold(p.Namespace, func(parent *Namespace) ([]string, bool) {
		return parent.match(c, p)
	})
	if ns == nil {
		c.release()
		c.server.connectError(nil, errNamespace)
		c.refuse(p.Namespace, errNamespace)
		return
	}
	s := newSocket(ns, c, p)
	if !c.add(s) {
		ns.release()
		c.release()
		return
	}
	s.work()
}

// hold reports whether the connection may have one more socket, which is counted
// until it is released: when it has done its last work.
func (c *connection) hold() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if int(c.held) >= c.server.config.MaxNamespaces {
		return false
	}
	c.held++
	return true
}

func (c *connection) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held--
}

// add adds a socket, in the place of one of the same name that is gone, unless
// the connection has closed. Others that are gone are kept for a while, so that
// what the client still sends them is told from what is illegal.
func (c *connection) add(s *Socket) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.sockets = slices.DeleteFunc(c.sockets, func(old *Socket) bool { return old.namespace.name == s.namespace.name })
	if len(c.sockets) >= 2*c.server.config.MaxNamespaces {
		if i := slices.IndexFunc(c.sockets, func(old *Socket) bool { return old.gone.Load() }); i >= 0 {
			c.sockets = slices.Delete(c.sockets, i, i+1)
		}
	}
	c.sockets = append(c.sockets, s)
	c.queue(s)
	return true
}

// refuse answers a CONNECT with a CONNECT_ERROR.
func (c *connection) refuse(namespace string, e *Error) {
	if err := c.control(protocol.ConnectError, namespace, c.explain(e)); err != nil {
		_ = c.control(protocol.ConnectError, namespace, c.explain(&Error{Message: e.Message})) // its data can't be encoded
	}
}

// control sends a packet of the protocol's own, with at most one payload.
func (c *connection) control(t protocol.Type, namespace string, payload ...any) error {
	return c.controlThen(nil, t, namespace, payload...)
}

// controlThen is control, see [engine.Session.SendThen].
func (c *connection) controlThen(then func(), t protocol.Type, namespace string, payload ...any) error {
	frames, err := c.encode(t, namespace, payload...)
	if err != nil {
		return err
	}
	return c.session.SendThen(frames, 0, then)
}

// encode returns the frames of a packet of the protocol's own.
func (c *connection) encode(t protocol.Type, namespace string, payload ...any) ([]*transport.Frame, error) {
	p := protocol.Packet{Type: t, Namespace: namespace}
	if len(payload) > 0 {
		list, _, err := protocol.AppendArgs(nil, nil, payload...)
		if err != nil {
			return nil, err
		}
		p.Data = list[1 : len(list)-1]
	}
	return c.server.encode(&p)
}

// leave forgets a socket, unless another has taken its place.
func (c *connection) leave(s *Socket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sockets = slices.DeleteFunc(c.sockets, func(one *Socket) bool { return one == s })
}

// Closed ends the sockets of the connection.
func (c *connection) Closed(reason Reason) {
	if f := c.server.observer.Closed; f != nil {
		f(c.session.Transport(), reason, time.Since(c.server.start)-c.brief.began)
	}
	c.settle()
	c.mu.Lock()
	c.closed = true
	sockets := c.sockets
	c.sockets = nil
	c.mu.Unlock()
	for _, s := range sockets {
		s.end(reason)
	}
}
