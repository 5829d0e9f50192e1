package client

import (
	"context"

	"github.com/briohq/brio"
	"github.com/briohq/brio/protocol"
)

// On sets the handler of an event. It panics if there is one already, or if the
// protocol reserves the name. The context ends with [Socket.Close], not when
// the connection is lost. If the server asked for an acknowledgement, the handler
// gives it with [brio.Args.Ack]; an error that it returns answers for it, as
// Config.AckError has it, and is logged. A panic is logged and ends nothing but that
// event.
//
// See [brio.Event.On] and [brio.Call.On] for events with types, and
// [Socket.Receive] for events that are wanted for some time only.
func (s *Socket) On(event string, f func(ctx context.Context, args brio.Args) error) {
	if protocol.Reserved(event) {
		panic("client: event " + event + " is reserved by the protocol; there are OnConnect, OnConnectError and OnDisconnect")
	}
	s.register(func(h *handlers) {
		if h.on[event] != nil {
			panic("client: event " + event + " of namespace " + s.namespace + " has a handler already")
		}
		h.on[event] = f
	})
}

// OnAny adds a handler of all events, which is called before that of the event. An
// error that it returns keeps the event from those behind it.
func (s *Socket) OnAny(f func(ctx context.Context, event string, args brio.Args) error) {
	s.register(func(h *handlers) { h.onAny = append(h.onAny, f) })
}

// OnAnyOutgoing adds a listener for all events that are emitted, acknowledgements not
// included, before they are sent or put into a backlog. It runs in the goroutine that
// emits; a volatile event that it hears of may still be dropped.
func (s *Socket) OnAnyOutgoing(f func(event string, args brio.Args)) {
	s.register(func(h *handlers) { h.onOutgoing = append(h.onOutgoing, f) })
}

// OnConnect adds a handler that is called each time that the socket has been let into
// its namespace, after those of the events that a recovery has brought. The backlog has
// been sent by then.
func (s *Socket) OnConnect(f func(ctx context.Context) error) {
	s.register(func(h *handlers) { h.onConnect = append(h.onConnect, f) })
}

// OnConnectError adds a handler that is called each time that the socket has not been
// let in: with a [*ConnectError] if it was refused, so that it does not try again by
// itself, see [Socket.Connect]; else with why the server could not be reached. If the
// handlers take longer than an attempt, they hear of the newest only.
func (s *Socket) OnConnectError(f func(ctx context.Context, err error) error) {
	s.register(func(h *handlers) { h.onConnectError = append(h.onConnectError, f) })
}

// OnDisconnect adds a handler that is called each time that the socket was in its
// namespace and is not any more. Unless the reason is [ServerDisconnect] or
// [ClientDisconnect], it comes back by itself, if Config allows that.
func (s *Socket) OnDisconnect(f func(ctx context.Context, reason brio.Reason) error) {
	s.register(func(h *handlers) { h.onDisconnect = append(h.onDisconnect, f) })
}

func (s *Socket) register(f func(h *handlers)) {
	s.manager.mu.Lock()
	defer s.manager.mu.Unlock()
	f(&s.handlers)
}

// registered returns the handlers that there are now, with that of an event.
func (s *Socket) registered(event string) (all handlers, on func(context.Context, brio.Args) error) {
	s.manager.mu.Lock()
	defer s.manager.mu.Unlock()
	return s.handlers, s.handlers.on[event]
}
