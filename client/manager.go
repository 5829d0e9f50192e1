package client

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client/engineio"
	"github.com/briohq/brio/internal/group"
	"github.com/briohq/brio/protocol"
)

// manager makes the connection that sockets share, and makes it again, as long as
// one of them is active.
type manager struct {
	// Immutable:
	address *url.URL // of the server, with path and query
	invalid error    // of the address
	config  Config
	ctx     context.Context //nolint:containedctx // the lifetime of the client: that of its handlers
	cancel  context.CancelCauseFunc
	group   group.Group

	// Owned by the goroutine of run:
	decoder protocol.Decoder
	fault   error // of what the server sent on this connection, which has been aborted

	mu      sync.Mutex // guards what follows, and most of each socket
	sockets map[string]*Socket
	conn    *engineio.Conn     // nil while there is none that can be used
	serving *engineio.Conn     // nil while there is none at all
	running bool               // run has a goroutine
	stop    context.CancelFunc // ends the attempt that is under way, or the wait for it
	session context.Context    //nolint:containedctx // that of the connection, for what Auth does
	backlog int                // bytes that wait for a connection
	closed  bool
	room    sync.Cond // a socket's handlers have caught up, or nobody cares any more
}

func newManager(address string, config Config) (m *manager, namespace string) {
	m = &manager{config: config, sockets: map[string]*Socket{}}
	m.room.L = &m.mu
	m.ctx, m.cancel = context.WithCancelCause(context.Background())
	m.decoder.Limits = &protocol.Limits{Bytes: config.MaxPayload, Attachments: config.MaxAttachments}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		m.invalid = fmt.Errorf("connect: %w", err)
		return m, "/"
	case u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "ws" && u.Scheme != "wss":
		m.invalid = fmt.Errorf("connect to %q: want an address such as http://localhost:3000/chat", u.Redacted())
		return m, "/"
	}
	namespace = u.Path
	if namespace == "" {
		namespace = "/"
	}
	u.Path, u.RawPath, u.Fragment = config.Path, "", ""
	m.address = u
	return m, namespace
}

// of returns the socket of a namespace.
func (m *manager) of(namespace string, auth any) *Socket {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.sockets[namespace]
	if s == nil {
		s = newSocket(m, namespace, auth)
		m.sockets[namespace] = s
	}
	return s
}

// start has the connection made, or has a socket join if it is there. It is called
// with mu held.
func (m *manager) start(s *Socket) {
	switch {
	case !m.running:
		m.running = true
		m.group.Go(m.run)
	case m.conn != nil:
		s.join()
	}
}

// release lets the connection go if no socket wants it. It is called with mu held.
func (m *manager) release() {
	if m.wanted() || m.stop == nil {
		return
	}
	if c := m.conn; c != nil {
		m.conn = nil
		m.group.Go(c.Close) // it may wait until what was sent has left
	} else if m.serving == nil {
		m.stop()
	}
	m.room.Broadcast()
}

func (m *manager) wanted() bool {
	for _, s := range m.sockets {
		if s.active && !m.closed {
			return true
		}
	}
	return false
}

// run makes connections and serves them until no socket wants one.
func (m *manager) run() {
	attempt := 0
	for {
		ctx := m.begin()
		if ctx == nil {
			return
		}
		m.config.OnState(State{Phase: Connecting, Attempt: attempt})
		conn, err := m.dial(ctx)
		if err == nil {
			session, over := context.WithCancel(ctx)
			m.opened(session, conn, attempt)
			attempt = 0
			err = m.lost(conn.Serve(m.message))
			over()
		} else {
			m.unreachable(ctx, err)
		}
		switch {
		case ctx.Err() != nil || err == nil: // nobody wanted it any more
			attempt = 0
		case m.config.NoReconnect, m.config.ReconnectAttempts > 0 && attempt >= m.config.ReconnectAttempts:
			attempt = 0
			m.giveUp(err)
		default:
			attempt++
			m.wait(ctx, State{Waiting, attempt, m.config.delay(attempt), err})
		}
		m.end()
	}
}

// begin returns the context of the next attempt, nil if no socket wants it.
func (m *manager) begin() context.Context {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.wanted() {
		m.running = false
		return nil
	}
	ctx, stop := context.WithCancel(m.ctx)
	m.stop = stop
	return ctx
}

func (m *manager) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stop()
	m.stop = nil
}

func (m *manager) dial(ctx context.Context) (*engineio.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, m.config.Timeout, fmt.Errorf("no answer within %v", m.config.Timeout))
	defer cancel()
	c, err := engineio.Dial(ctx, m.address, m.config.Engine)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("connect to %s: %w", m.address.Redacted(), context.Cause(ctx))
	}
	return c, err
}

// opened has the sockets join.
func (m *manager) opened(session context.Context, c *engineio.Conn, attempt int) {
	m.fault = nil
	m.decoder = protocol.Decoder{Limits: m.decoder.Limits}
	m.config.OnState(State{Phase: Connected, Attempt: attempt})
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conn, m.serving, m.session = c, c, session
	for _, s := range m.sockets {
		if s.active {
			s.join()
		}
	}
	m.release() // in case that nobody wants it any more
}

// lost tells the sockets that the connection has ended, and returns why, nil if that
// was because none of them wanted it.
func (m *manager) lost(err error) error {
	reason := brio.TransportError
	if e, ok := errors.AsType[*engineio.CloseError](err); ok {
		reason = brio.Reason(e.Reason)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	released := m.conn == nil
	switch {
	case m.fault != nil:
		reason, err = brio.ParseError, m.fault
	case reason == brio.Reason(engineio.ForcedClose) && !released:
		reason, err = brio.TransportError, fmt.Errorf("connection given up: %w", ErrBacklog)
	}
	m.conn, m.serving, m.session = nil, nil, nil
	for _, s := range m.sockets {
		if !s.left(reason) && s.active && !released {
			s.fail(err)
		}
	}
	if released {
		return nil
	}
	return err
}

// unreachable tells the sockets that an attempt has failed.
func (m *manager) unreachable(ctx context.Context, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.sockets {
		if s.active && ctx.Err() == nil {
			s.fail(err)
		}
	}
}

// giveUp ends what the sockets wait for.
func (m *manager) giveUp(err error) {
	m.mu.Lock()
	for _, s := range m.sockets {
		if s.active {
			s.rest(&ConnectError{s.namespace, err})
		}
	}
	m.mu.Unlock()
	m.config.OnState(State{Phase: Failed, Err: err})
}

// wait returns when it is time for the next attempt, or nobody wants it.
func (m *manager) wait(ctx context.Context, s State) {
	m.config.OnState(s)
	ctx, cancel := context.WithTimeout(ctx, s.Delay)
	defer cancel()
	<-ctx.Done()
}

// message takes one message: a packet, or a part of one.
func (m *manager) message(data []byte, binary bool) {
	if m.fault != nil {
		return
	}
	p, done, err := m.decode(data, binary)
	if err != nil {
		m.config.Logger.Debug("packet refused", "error", err)
		m.abort(err)
		return
	}
	if !done {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.sockets[p.Namespace]
	if s == nil || m.conn == nil {
		return
	}
	if err := s.packet(&p); err != nil {
		m.abort(err)
		return
	}
	for c := m.conn; c != nil && m.conn == c && s.inbox.bytes > m.config.MaxBacklog; {
		m.room.Wait()
	}
}

// abort ends the connection because of what the server sent.
func (m *manager) abort(err error) {
	m.fault = err
	m.serving.Abort() // which only this goroutine sets
}

func (m *manager) decode(data []byte, binary bool) (p protocol.Packet, done bool, err error) {
	codec := m.config.Codec
	switch {
	case codec != nil && binary:
		p, err = codec.Decode(data, *m.decoder.Limits)
		return p, true, err
	case codec != nil:
		p, err = codec.DecodeText(data, *m.decoder.Limits)
		return p, true, err
	case binary:
		return m.decoder.Binary(data)
	default:
		return m.decoder.Text(data)
	}
}

// encode returns the messages of a packet.
func (m *manager) encode(p *protocol.Packet) ([]engineio.Message, error) {
	if codec := m.config.Codec; codec != nil {
		b, err := codec.Append(nil, p)
		return []engineio.Message{{Data: b, Binary: true}}, err
	}
	messages := []engineio.Message{{Data: p.AppendText(make([]byte, 0, p.TextSize()))}}
	for _, a := range p.Attachments {
		messages = append(messages, engineio.Message{Data: a, Binary: true})
	}
	return messages, nil
}

// send sends a packet of the protocol's own, or an acknowledgement. It is called with
// mu held. If there is no room for it, the connection is given up.
func (m *manager) send(p *protocol.Packet) error {
	messages, err := m.encode(p)
	if err != nil || m.conn == nil {
		return err
	}
	if err = m.conn.Send(messages...); errors.Is(err, engineio.ErrBacklog) {
		m.conn.Abort()
	}
	return err
}

// close ends all, and waits for that.
func (m *manager) close() {
	m.mu.Lock()
	for _, s := range m.sockets {
		s.leave()
	}
	m.closed = true
	m.cancel(ErrClosed)
	for _, s := range m.sockets {
		s.abandon()
	}
	m.release()
	m.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), m.config.Timeout)
	defer cancel()
	if m.group.Wait(ctx) != nil {
		m.mu.Lock()
		if m.serving != nil {
			m.serving.Abort()
		}
		m.mu.Unlock()
	}
	_ = m.group.Wait(context.Background())
}
