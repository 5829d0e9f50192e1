package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client/engineio"
	"github.com/briohq/brio/protocol"
)

// outgoing is an event that has been encoded.
type outgoing struct {
	messages []engineio.Message
	size     int
	ack      uint64    // if expected
	expected *expected // nil if no acknowledgement is asked for
}

// expected is an acknowledgement that somebody waits for.
type expected struct {
	to   chan<- answer // has room for it
	sent bool          // so that it fails when the connection does
}

// answer is an acknowledgement that has come, or will not.
type answer struct {
	args brio.Args
	err  error
}

// Emit sends an event. It doesn't block. While the socket is not connected the event
// waits, also before the first Connect and after a Disconnect. Emit fails if the
// arguments can't be encoded or the protocol reserves the event, with [ErrBacklog] if
// too much waits, and with [ErrClosed].
func (s *Socket) Emit(event string, args ...any) error {
	return emitter{socket: s}.Emit(event, args...)
}

// Do sends an event as Emit does, and returns the server's acknowledgement of it. It
// fails with the cause of ctx if that ends before the answer is there: then an
// event that still waits for a connection is not sent any more. It fails with a
// [*brio.Disconnect] if the socket disconnects after the event was sent, unless
// Config.Retries has it sent again. Without a deadline it waits as long as that. A
// handler may wait for its own socket.
//
// If the answer is the one with which brio tells that a handler has failed,
// {"error":{"message":…,"data":…}}, it is returned with a [*brio.Error] that says the
// same, whose Data is a [json.RawMessage] or nil.
func (s *Socket) Do(ctx context.Context, event string, args ...any) (brio.Args, error) {
	p, err := s.newEvent(event, args)
	var a answer
	switch {
	case err != nil:
	case s.manager.config.Retries > 0:
		a, err = s.insist(ctx, event, p)
	default:
		a, err = s.ask(ctx, p)
	}
	if err == nil {
		err = a.err
	}
	if err != nil {
		return brio.Args{}, fmt.Errorf("%s: %w", event, err)
	}
	return a.args, failure(a.args)
}

// Volatile returns the socket for events that may be dropped: they are sent only if
// it is connected and nothing waits to be sent.
func (s *Socket) Volatile() brio.Emitter { return emitter{s, flags{volatile: true}} }

// Uncompressed returns the socket for events that are sent as they are where others
// are compressed, see engineio.Config.Deflate: images, and secrets beside what others
// may choose, as how well the two compress would tell of them.
func (s *Socket) Uncompressed() brio.Emitter { return emitter{s, flags{uncompressed: true}} }

// flags are how an event is sent.
type flags struct{ volatile, uncompressed bool }

type emitter struct {
	socket *Socket
	flags  flags
}

func (e emitter) Emit(event string, args ...any) error {
	s := e.socket
	p, err := s.newEvent(event, args)
	switch {
	case err != nil:
	case s.manager.config.Retries > 0 && !e.flags.volatile:
		_, err = s.retry(&attempt{event: event, packet: p, flags: e.flags})
	default:
		s.manager.mu.Lock()
		defer s.manager.mu.Unlock()
		_, err = s.emit(p, nil, e.flags)
	}
	if err != nil {
		return fmt.Errorf("emit %s: %w", event, err)
	}
	return nil
}

// newEvent returns the packet of an event, which owns its bytes: attachments too, for
// the caller may go on with what it passed. Who listens to what goes out hears of it.
func (s *Socket) newEvent(event string, args []any) (*protocol.Packet, error) {
	if protocol.Reserved(event) {
		return nil, errors.New("the name is reserved by the protocol: choose another")
	}
	data, attachments, err := s.manager.config.JSON.AppendEvent(nil, nil, event, args...)
	if err != nil {
		return nil, err
	}
	p := &protocol.Packet{Type: protocol.Event, Namespace: s.namespace, Data: data, Attachments: cloneAll(attachments)}
	all, _ := s.registered("")
	for _, f := range all.onOutgoing {
		_ = s.guard("outgoing", func() error { // a panic has been logged
			name, args := p.Event()
			f(name, brio.NewArgs(args, &s.manager.config.JSON, nil))
			return nil
		})
	}
	return p, nil
}

func cloneAll(list [][]byte) [][]byte {
	own := slices.Clone(list)
	for i, b := range own {
		own[i] = slices.Clone(b)
	}
	return own
}

// ask sends an event and waits for its acknowledgement.
func (s *Socket) ask(ctx context.Context, p *protocol.Packet) (answer, error) {
	m := s.manager
	to := make(chan answer, 1)
	m.mu.Lock()
	o, err := s.emit(p, to, flags{})
	m.mu.Unlock()
	if err != nil {
		return answer{}, err
	}
	select {
	case a := <-to:
		return a, nil
	case <-ctx.Done():
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(s.acks, o.ack)
	if i := slices.Index(s.backlog, o); i >= 0 {
		s.backlog = slices.Delete(s.backlog, i, i+1)
		m.backlog -= o.size
	}
	select {
	case a := <-to: // just before
		return a, nil
	default:
		return answer{}, context.Cause(ctx)
	}
}

// What follows is called with the manager's mu held.

// emit sends an event, or keeps it for when there is a connection.
func (s *Socket) emit(p *protocol.Packet, to chan<- answer, how flags) (*outgoing, error) {
	m := s.manager
	if how.volatile && (s.phase != in || m.conn == nil || !m.conn.Writable()) {
		return nil, m.open()
	}
	o, err := s.encode(p, to, how)
	if err != nil {
		return nil, err
	}
	err = s.send(o)
	if errors.Is(err, engineio.ErrClosed) && !how.volatile {
		err = s.keep(o)
	}
	if err != nil {
		delete(s.acks, o.ack)
		if how.volatile {
			err = nil // there was no room for it, or no connection any more
		}
	}
	return o, err
}

// encode makes the messages of an event, which asks for an acknowledgement if
// somebody waits for that.
func (s *Socket) encode(p *protocol.Packet, to chan<- answer, how flags) (*outgoing, error) {
	o := &outgoing{}
	own := *p
	if to != nil {
		own.ID, own.HasID = s.next, true
		s.next++
	}
	var err error
	if o.messages, err = s.manager.encode(&own); err != nil {
		return nil, err
	}
	for i := range o.messages {
		o.messages[i].Uncompressed = how.uncompressed
		o.size += 64 + len(o.messages[i].Data)
	}
	if to != nil {
		o.ack, o.expected = own.ID, &expected{to: to}
		s.acks[o.ack] = o.expected
	}
	return o, nil
}

// send hands an event to the connection. Without one it fails with
// engineio.ErrClosed.
func (s *Socket) send(o *outgoing) error {
	if s.phase != in || s.manager.conn == nil {
		return engineio.ErrClosed
	}
	err := s.manager.conn.Send(o.messages...)
	switch {
	case errors.Is(err, ErrBacklog):
		return fmt.Errorf("%w: the connection is slower than what is emitted; emit less, or Volatile, or raise Config.MaxBacklog", err)
	case err == nil && o.expected != nil:
		o.expected.sent = true
	}
	return err
}

// keep adds an event to the backlog.
func (s *Socket) keep(o *outgoing) error {
	m := s.manager
	if m.closed {
		return ErrClosed
	}
	if limit := m.config.MaxBacklog; m.backlog+o.size > limit {
		return fmt.Errorf("%w: %d of %d bytes are taken and there is no connection; emit less until OnConnect, or raise Config.MaxBacklog",
			ErrBacklog, m.backlog, limit)
	}
	s.backlog = append(s.backlog, o)
	m.backlog += o.size
	return nil
}

// flush sends the backlog, then what is to be sent again. A connection that doesn't
// take it is given up.
func (s *Socket) flush() {
	for len(s.backlog) > 0 {
		o := s.backlog[0]
		if s.send(o) != nil {
			s.manager.conn.Abort()
			return
		}
		s.backlog[0] = nil
		s.backlog = s.backlog[1:]
		s.manager.backlog -= o.size
	}
	s.backlog = nil
	s.resume()
}

func (s *Socket) clearBacklog() {
	for _, o := range s.backlog {
		s.manager.backlog -= o.size
	}
	s.backlog = nil
}

// acknowledged takes an answer. One that nobody waits for, any more or at all, is
// ignored.
func (s *Socket) acknowledged(p *protocol.Packet) {
	e := s.acks[p.ID]
	if !p.HasID || e == nil || !e.sent {
		return
	}
	delete(s.acks, p.ID)
	own := p.Clone()
	e.to <- answer{args: brio.NewArgs(own.Args(), &s.manager.config.JSON, nil)}
}

// forsake takes that acknowledgements will not come: those of what was sent, or all.
func (s *Socket) forsake(all bool, err error) {
	for id, e := range s.acks {
		if all || e.sent {
			delete(s.acks, id)
			e.to <- answer{err: err}
		}
	}
}

// text returns a JSON string, "" if it is none.
func text(raw []byte) string {
	var s string
	_ = json.Unmarshal(raw, &s)
	return s
}
