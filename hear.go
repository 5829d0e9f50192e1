package brio

import "github.com/briohq/brio/protocol"

// OnAnyOutgoing adds a listener for all events that are sent to a socket of this
// node: emitted to it, broadcast, or asked of it, also by other nodes. Not
// acknowledgements. It runs in the goroutine that emits, before that goes on, once
// for each socket; so it must not block, nor emit to the sockets that it hears of. Events that one goroutine emits are heard in that order;
// those that several emit to a socket at once may be sent in another order than
// they are heard. An event may still be dropped, because it is volatile,
// because a newer one of its key replaces it, or because the connection is slow, or breaks. The arguments may be kept.
//
// Without listeners this costs nothing. With one, an event that is emitted to a
// single socket is encoded twice.
func (ns *Namespace) OnAnyOutgoing(f func(s *Socket, event string, args Args)) {
	ns.register(func(t *table) { t.onOutgoing = append(t.onOutgoing[:len(t.onOutgoing):len(t.onOutgoing)], f) })
}

// hear tells the listeners of an event that is sent to those of the
// sockets that are connected.
func (ns *Namespace) hear(p *protocol.Packet, to []*Socket) {
	if len(ns.table.Load().onOutgoing) == 0 || p.Type != protocol.Event {
		return
	}
	event, args := p.Event()
	for _, s := range to {
		if s.connected.Load() {
			s.heard(event, ns.server.args(args))
		}
	}
}

// hear tells them of an event that is about to be sent to the socket.
func (s *Socket) hear(event string, args []any) {
	if len(s.namespace.table.Load().onOutgoing) == 0 || s.ended() {
		return
	}
	if p, err := s.namespace.newEvent(event, args); err == nil {
		s.heard(event, s.namespace.server.args(p.Args()))
	}
}

func (s *Socket) heard(event string, args Args) {
	for _, f := range s.namespace.table.Load().onOutgoing {
		_ = s.guard("outgoing", func() error { // a panic has been logged
			f(s, event, args)
			return nil
		})
	}
}
