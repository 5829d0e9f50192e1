package brio

import (
	"sync/atomic"

	"github.com/briohq/brio/protocol"
)

// Binary is a byte slice that travels as a binary attachment, wherever it
// stands in an argument. A plain []byte does so as an argument of its own, and
// in maps and slices of any; in a struct it is base64, as encoding/json has it.
type Binary = protocol.Binary

// Args are the arguments of an event, or of an acknowledgement. They are
// decoded only by Scan, and may be kept and emitted as they are.
type Args struct {
	protocol.Args
	json *JSON            // the server's, nil for encoding/json
	ack  *acknowledgement // what the client asked for, nil for nothing
}

// Scan decodes argument i into the variable dest[i] points to, as
// [protocol.Args.Scan] does, with the library of [Config].JSON.
func (a Args) Scan(dest ...any) error { return a.json.Scan(a.Args, dest...) }

// args returns what handlers get of the arguments of a packet.
func (s *Server) args(a protocol.Args) Args { return Args{Args: a, json: &s.config.JSON} }

// acknowledgement is the answer that somebody waits for.
type acknowledgement struct {
	to   interface{ acknowledge(p protocol.Packet) error } // a socket, or who asked this server
	id   uint64
	sent atomic.Bool
}

// WantsAck reports whether the other end, or the server of another node, asked for
// an acknowledgement that has not been sent yet.
func (a Args) WantsAck() bool { return a.ack != nil && !a.ack.sent.Load() }

// Ack answers the acknowledgement that was asked for, once: if none was, or if
// it has been answered, Ack does nothing. It may be called after the handler has
// returned, and fails with [ErrDisconnected] if the socket has disconnected.
func (a Args) Ack(values ...any) error {
	if !a.WantsAck() {
		return nil
	}
	p := protocol.Packet{Type: protocol.Ack, ID: a.ack.id, HasID: true}
	var err error
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	p.Data, p.Attachments, err = a.json.AppendArgs((*buf)[:0], nil, values...)
	if err != nil {
		return err
	}
	*buf = p.Data
	if a.ack.sent.Swap(true) {
		return nil
	}
	return a.ack.to.acknowledge(p)
}

// Redirect returns the same arguments, with an acknowledgement that goes to answer:
// for who puts something before a handler and has to know what that answers. It is
// asked for, whether the other end wants one or not. Answer gets a packet that it must
// not keep, at most once; [protocol.Packet.Args] of a copy can be given to Ack.
func (a Args) Redirect(answer func(protocol.Packet) error) Args {
	a.ack = &acknowledgement{to: answerer(answer)}
	return a
}

// acknowledge sends an acknowledgement to the client, of which p has all but the
// namespace. It doesn't keep p.
func (s *Socket) acknowledge(p protocol.Packet) error {
	p.Namespace = s.namespace.name
	frames, err := s.namespace.server.encode(&p)
	if err != nil {
		return err
	}
	return s.send(frames)
}
