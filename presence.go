package brio

import (
	"errors"

	"github.com/briohq/brio/engine"
	"github.com/briohq/brio/protocol"
	"github.com/briohq/brio/transport"
)

// presence is a socket as the gate of what is sent to it. It closes when the
// socket disconnects, though its connection may stay open: what comes later would
// reach a client that is not in the namespace any more, or is there again, with
// another socket.
type presence Socket

// Open reports whether the socket has not disconnected.
func (s *presence) Open() bool { return !s.gone.Load() && s.cause.Load() == nil }

// farewell is a socket as the gate of the packet that disconnects it, which
// passes once, and closes the other gate behind it.
type farewell Socket

// Open reports whether the client has to be told.
func (s *farewell) Open() bool { return s.cause.Load() == nil && !s.gone.Swap(true) }

// send sends frames that have to arrive, or the client is disconnected.
func (s *Socket) send(frames []*transport.Frame) error {
	return s.queue(frames, s.when(), nil)
}

// when has frames written at once, or left to the flusher if more events of this
// socket wait for their handlers, which are likely to have more to say.
func (s *Socket) when() engine.Sending {
	if s.more.Load() {
		return engine.Later
	}
	return 0
}

// queue sends frames; then is called as [engine.Session.SendIf] does.
func (s *Socket) queue(frames []*transport.Frame, how engine.Sending, then func()) error {
	if cause := s.cause.Load(); cause != nil {
		return cause
	}
	err := s.connection.session.SendIf(frames, how, (*presence)(s), then)
	if err == nil {
		return nil
	}
	s.dropped(err, how)
	if errors.Is(err, engine.ErrClosed) {
		return ErrDisconnected
	}
	return err
}

// dropped counts an event for which there was no room.
func (s *Socket) dropped(err error, how engine.Sending) {
	if how&engine.Drop == 0 || !errors.Is(err, engine.ErrBacklog) {
		return // the client has gone
	}
	server := s.namespace.server
	server.dropped.Add(1)
	server.config.Logger.Debug("event dropped", "error", err, "socket", s.id, "namespace", s.namespace.name)
}

// sayGoodbye tells the client that the server has disconnected the socket.
func (s *Socket) sayGoodbye() {
	frames, err := s.namespace.server.encode(&protocol.Packet{Type: protocol.Disconnect, Namespace: s.namespace.name})
	if err == nil {
		_ = s.connection.session.SendIf(frames, 0, (*farewell)(s), nil) // if the connection is gone, so is the socket
	}
}
