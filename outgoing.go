package brio

import (
	"slices"
	"sync"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/protocol"
	"github.com/briohq/brio/transport"
)

// encode returns the frames of a packet: its text and one for each attachment,
// or the one message that the server's codec makes of it.
func (s *Server) encode(p *protocol.Packet) ([]*transport.Frame, error) {
	if s.config.Codec != nil {
		buf := scratch.Get().(*[]byte)
		defer scratch.Put(buf)
		own := *p // so that p need not be on the heap for those without a codec
		message, err := s.config.Codec.Append((*buf)[:0], &own)
		if err != nil {
			return nil, err
		}
		*buf = message
		return transport.NewBinary(message).Alone(), nil
	}
	first, buf := transport.Begin(transport.Message, p.TextSize())
	first.End(p.AppendText(buf))
	if len(p.Attachments) == 0 {
		return first.Alone(), nil
	}
	frames := make([]*transport.Frame, 1, 1+len(p.Attachments))
	frames[0] = first
	for _, a := range p.Attachments {
		frames = append(frames, transport.NewBinary(a))
	}
	return frames, nil
}

// encodeFor is encode, with what the options say of frames.
func (s *Server) encodeFor(p *protocol.Packet, o adapter.Options) ([]*transport.Frame, error) {
	frames, err := s.encode(p)
	if o.Uncompressed {
		for _, f := range frames {
			f.NoCompression()
		}
	}
	return frames, err
}

// scratch are buffers in which payloads are built before their size is known.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

// encodeEvent returns the frames of an event without the detour through a packet
// that owns its bytes.
func (s *Server) encodeEvent(p *protocol.Packet, event string, args []any) ([]*transport.Frame, error) {
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	data, attachments, err := s.config.JSON.AppendEvent((*buf)[:0], nil, event, args...)
	if err != nil {
		return nil, err
	}
	*buf = data
	p.Type, p.Data, p.Attachments = protocol.Event, data, attachments
	return s.encode(p)
}

// newEvent returns the packet of an event, which owns its bytes: attachments
// too, for the caller may go on with what it passed.
func (ns *Namespace) newEvent(event string, args []any) (*protocol.Packet, error) {
	data, attachments, err := ns.server.config.JSON.AppendEvent(nil, nil, event, args...)
	if err != nil {
		return nil, err
	}
	for i, b := range attachments {
		attachments[i] = slices.Clone(b)
	}
	return &protocol.Packet{Type: protocol.Event, Namespace: ns.name, Data: data, Attachments: attachments}, nil
}
