package msgpack

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"

	"github.com/briohq/brio/protocol"
)

// Decode returns the packet b is, which must be one message and nothing else. The
// packet does not alias b. A field of limits that is zero stands for its default;
// see the package comment for what they mean here.
//
// An error wraps one of the sentinels of package protocol. As with the text codec,
// the peer is broken or hostile, and the caller is expected to close its
// connection.
func Decode(b []byte, limits protocol.Limits) (protocol.Packet, error) {
	limits.Bytes = cmp.Or(limits.Bytes, 1e6)
	limits.Depth = min(cmp.Or(limits.Depth, 64), 1024)
	limits.Namespace = cmp.Or(limits.Namespace, 512)
	if len(b) > limits.Bytes {
		return protocol.Packet{}, fmt.Errorf("%w: %d bytes", protocol.ErrTooLarge, len(b))
	}

	p, err := message(b, limits)
	if err == nil {
		err = checkPayload(&p)
	}
	if err != nil {
		return protocol.Packet{}, wrap(err)
	}
	return p, nil
}

// wrap gives an error of msgp the sentinel it deserves.
func wrap(err error) error {
	var malformed msgp.Error
	if errors.As(err, &malformed) && !errors.Is(err, protocol.ErrType) {
		return fmt.Errorf("%w: %w", protocol.ErrSyntax, err)
	}
	return err
}

// message reads the map that is a packet. Its members come in any order, and those
// that are unknown mean nothing: JavaScript clients add their options.
func message(b []byte, limits protocol.Limits) (p protocol.Packet, err error) {
	p.Type = unknown
	members, b, err := msgp.ReadMapHeaderBytes(b)
	if err != nil {
		return p, err
	}
	for range members {
		var name []byte
		if msgp.NextType(b) == msgp.StrType {
			name, b, err = msgp.ReadStringZC(b)
		} else {
			b, err = msgp.Skip(b)
		}
		if err != nil {
			return p, err
		}
		if isUndefined(b) { // as if it were not there
			b = b[undefinedSize:]
			continue
		}
		switch string(name) {
		case "type":
			p.Type, b, err = packetType(b)
		case "nsp":
			p.Namespace, b, err = namespace(b, limits.Namespace)
		case "id":
			p.ID, b, err = msgp.ReadUint64Bytes(b)
			p.HasID = true
		case "data":
			// Enough for most payloads; bytes of b may be those of attachments.
			r := reader{limits: limits, out: make([]byte, 0, min(len(b), 512))}
			b, err = r.value(b, limits.Depth)
			p.Data, p.Attachments = r.out, r.attachments
			if err == nil && r.claimed && len(r.attachments) > 0 {
				err = fmt.Errorf("%w: an object looks like a placeholder", protocol.ErrAttachments)
			}
		default:
			b, err = msgp.Skip(b)
		}
		if err != nil {
			return p, err
		}
	}
	switch {
	case len(b) > 0:
		return p, fmt.Errorf("%w: %d bytes after it", protocol.ErrSyntax, len(b))
	case p.Type == unknown:
		return p, fmt.Errorf("%w: none", protocol.ErrType)
	case p.Namespace == "":
		return p, fmt.Errorf("%w: no namespace", protocol.ErrSyntax)
	}
	return p, nil
}

// unknown is the type of a packet that has none yet.
const unknown = protocol.Type(255)

// packetType reads a type. Only clients of Socket.IO 2 use those of packets with
// attachments: they mean the same as those without.
func packetType(b []byte) (protocol.Type, []byte, error) {
	n, rest, err := msgp.ReadUint64Bytes(b)
	switch {
	case err != nil:
		return unknown, b, fmt.Errorf("%w: %w", protocol.ErrType, err)
	case n > uint64(protocol.BinaryAck):
		return unknown, b, fmt.Errorf("%w: %d", protocol.ErrType, n)
	case n >= uint64(protocol.BinaryEvent):
		n -= uint64(protocol.BinaryEvent - protocol.Event)
	}
	return protocol.Type(n), rest, nil
}

// namespace reads a namespace. It must be one that the text protocol can name.
func namespace(b []byte, limit int) (string, []byte, error) {
	name, rest, err := msgp.ReadStringZC(b)
	if err == nil {
		err = checkNamespace(name, limit)
	}
	switch {
	case err != nil:
		return "", b, err
	case len(name) == 1:
		return "/", rest, nil
	}
	return string(name), rest, nil
}

func checkNamespace(name []byte, limit int) error {
	switch {
	case len(name) > limit:
		return fmt.Errorf("%w: %d bytes", protocol.ErrNamespace, len(name))
	case len(name) == 0 || name[0] != '/' || bytes.IndexByte(name, ',') >= 0 || !utf8.Valid(name):
		return fmt.Errorf("%w: %.16q for a namespace", protocol.ErrSyntax, name)
	}
	return nil
}

// checkPayload checks that the payload fits the type, as the text codec does.
//
// Socket.IO protocol v5, exchange protocol: what may and must be there.
func checkPayload(p *protocol.Packet) error {
	first := byte(0)
	if len(p.Data) > 0 {
		first = p.Data[0]
	}
	switch p.Type {
	case protocol.Event:
		if first == '[' {
			return checkName(p)
		}
	case protocol.Ack:
		if first == '[' {
			return nil
		}
	default:
		if len(p.Attachments) > 0 {
			return fmt.Errorf("%w: %d in a packet of type %v", protocol.ErrAttachments, len(p.Attachments), p.Type)
		}
		if first == 0 && p.Type != protocol.ConnectError ||
			first == '{' && p.Type != protocol.Disconnect ||
			first == '"' && p.Type == protocol.ConnectError {
			return nil
		}
	}
	return fmt.Errorf("%w: %.16q in a packet of type %v", protocol.ErrPayload, p.Data, p.Type)
}

func checkName(p *protocol.Packet) error {
	name := p.EventName()
	if name == nil {
		return fmt.Errorf("%w: %.16q for an event and its name", protocol.ErrPayload, p.Data)
	}
	if protocol.Reserved(string(name)) {
		return fmt.Errorf("%w: %q", protocol.ErrReserved, name)
	}
	return nil
}
