package brio

import (
	"slices"
	"sync/atomic"

	"github.com/briohq/brio/protocol"
	"github.com/briohq/brio/transport"
)

// Binary is a byte slice that travels as a binary attachment, wherever it
// stands in an argument. A plain []byte does so as an argument of its own, and
// in maps and slices of any; in a struct it is base64, as encoding/json has it.
type Binary = protocol.Binary

// Args are the arguments of an event, or of an acknowledgement. They are
// decoded only by Scan, and may be kept and emitted as they are.
type Args struct {
	protocol.Args
	ack *acknowledgement // what the client asked for, nil for nothing
}

// acknowledgement is the answer that a client waits for.
type acknowledgement struct {
	socket *Socket
	id     uint64
	sent   atomic.Bool
}

// WantsAck reports whether the client asked for an acknowledgement that has not
// been sent yet.
func (a Args) WantsAck() bool { return a.ack != nil && !a.ack.sent.Load() }

// Ack answers the acknowledgement that the client asked for, once: if it asked
// for none, or has its answer, Ack does nothing. It may be called after the
// handler has returned.
func (a Args) Ack(values ...any) error {
	if !a.WantsAck() {
		return nil
	}
	s := a.ack.socket
	p := protocol.Packet{Type: protocol.Ack, Namespace: s.namespace.name, ID: a.ack.id, HasID: true}
	var err error
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	p.Data, p.Attachments, err = protocol.AppendArgs((*buf)[:0], nil, unwrap(values)...)
	if err != nil {
		return err
	}
	*buf = p.Data
	frames, err := s.namespace.server.encode(&p)
	if err != nil || a.ack.sent.Swap(true) {
		return err
	}
	return s.send(frames)
}

// unwrap makes Args something that package protocol knows how to relay.
func unwrap(args []any) []any {
	for i, arg := range args {
		if _, ok := arg.(Args); !ok {
			continue
		}
		args = slices.Clone(args)
		for ; i < len(args); i++ {
			if a, ok := args[i].(Args); ok {
				args[i] = a.Args
			}
		}
		return args
	}
	return args
}

// send writes frames at once, or leaves them to the flusher if more events of
// this socket wait for their handlers, which are likely to have more to say.
func (s *Socket) send(frames []*transport.Frame) error {
	return s.connection.send(frames, s.more.Load())
}
