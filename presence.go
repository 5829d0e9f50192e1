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

// send writes frames at once, or leaves them to the flusher if more events of
// this socket wait for their handlers, which are likely to have more to say.
func (s *Socket) send(frames []*transport.Frame) error {
	return s.queue(frames, s.more.Load(), nil)
}

// queue is send; then is called as [engine.Session.SendIf] does.
func (s *Socket) queue(frames []*transport.Frame, later bool, then func()) error {
	if cause := s.cause.Load(); cause != nil {
		return cause
	}
	var how engine.Sending
	if later {
		how = engine.Later
	}
	err := s.connection.session.SendIf(frames, how, (*presence)(s), then)
	if errors.Is(err, engine.ErrClosed) {
		return ErrDisconnected
	}
	return err
}

// sayGoodbye tells the client that the server has disconnected the socket.
func (s *Socket) sayGoodbye() {
	frames, err := s.namespace.server.encode(&protocol.Packet{Type: protocol.Disconnect, Namespace: s.namespace.name})
	if err == nil {
		_ = s.connection.session.SendIf(frames, 0, (*farewell)(s), nil) // if the connection is gone, so is the socket
	}
}
