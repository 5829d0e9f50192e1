package transport

import "fmt"

// Type is the type of an Engine.IO packet. On the wire it is one ASCII digit
// (Engine.IO protocol v4, "Packet encoding").
type Type byte

// The packet types.
const (
	Open    Type = iota // the handshake, server to client
	Close               // the transport can be closed
	Ping                // a heartbeat, server to client; also the probe of an upgrade
	Pong                // the answer to a ping
	Message             // a message of the layer above
	Upgrade             // the client has changed transports
	Noop                // releases a held polling request
)

func (t Type) String() string {
	names := [...]string{"open", "close", "ping", "pong", "message", "upgrade", "noop"}
	if int(t) < len(names) {
		return names[t]
	}
	return fmt.Sprintf("type(%d)", byte(t))
}

// Packet is one Engine.IO packet, as it came in or as a client sends it.
type Packet struct {
	Type         Type
	Binary       bool // Data is binary; only of a Message
	Uncompressed bool // it is sent as it is
	// Data is the payload. It is borrowed from the transport's read buffer:
	// whoever receives the packet copies what is kept.
	Data []byte
}

// Size is the size of the packet in bytes: its type, except that of a binary
// message, and its payload, without what carries it.
func (p *Packet) Size() int {
	if p.Binary {
		return len(p.Data)
	}
	return 1 + len(p.Data)
}

// Decode reads the packet of one WebSocket message, or of one member of a
// polling payload (Engine.IO protocol v4, "Packet encoding"). Binary messages
// have no type byte. Data borrows b. The error is an [ErrParse].
func Decode(b []byte, binary bool) (Packet, error) {
	if binary {
		return Packet{Type: Message, Binary: true, Data: b}, nil
	}
	if len(b) == 0 {
		return Packet{}, fmt.Errorf("%w: empty packet", ErrParse)
	}
	if b[0] == 'b' {
		return decodeBase64(b[1:])
	}
	t := Type(b[0] - '0')
	if t > Noop {
		return Packet{}, fmt.Errorf("%w: unknown packet type %q", ErrParse, b[0])
	}
	return Packet{Type: t, Data: b[1:]}, nil
}
