package protocol

import (
	"bytes"
	"fmt"
	"strconv"
)

// Type is the type of a packet: its first character on the wire.
type Type byte

// The packet types ("Socket.IO protocol v5, exchange protocol").
const (
	Connect Type = iota
	Disconnect
	Event
	Ack
	ConnectError
	BinaryEvent
	BinaryAck
)

var typeNames = [...]string{
	Connect: "connect", Disconnect: "disconnect", Event: "event", Ack: "ack",
	ConnectError: "connect error", BinaryEvent: "binary event", BinaryAck: "binary ack",
}

// String returns the name of the type.
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("type %d", byte(t))
}

// Packet is one message of the protocol with its attachments. Its methods only
// read, so a packet may be shared by goroutines once nobody writes to its fields.
type Packet struct {
	// Type is never BinaryEvent or BinaryAck in a decoded packet: these are an
	// Event and an Ack with Attachments.
	Type Type

	Namespace string // "/" when the text has none
	ID        uint64 // the acknowledgement id, if HasID
	HasID     bool

	// Data is the JSON payload as it came, without surrounding white space; nil
	// if there is none.
	Data []byte

	// Attachments are what the placeholders of Data stand for, by number. If
	// there are none, an object of Data that looks like a placeholder is just an
	// object.
	Attachments [][]byte
}

// Reserved reports whether event is a name no peer may emit, because the
// JavaScript implementation gives it a meaning of its own.
func Reserved(event string) bool {
	switch event {
	case "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener":
		return true
	}
	return false
}

// Event returns the name and the arguments of an event. A name that is a JSON
// number is returned as its text. The arguments alias Data; the name does not.
func (p *Packet) Event() (name string, args Args) {
	return string(p.EventName()), p.Args()
}

// EventName returns the name of an event as [Packet.Event] does, but without
// allocating for it: the bytes alias Data unless the name has escapes in it. It
// is nil if the packet is not an event.
func (p *Packet) EventName() []byte {
	token, _ := p.split()
	return unquote(token)
}

// Args returns the arguments of an acknowledgement, or those of an event without
// its name. They alias Data. Packets of other types have none.
func (p *Packet) Args() Args {
	switch p.Type {
	case Event, BinaryEvent:
		_, text := p.split()
		return Args{text, p.Attachments}
	case Ack, BinaryAck:
		return Args{p.elements(), p.Attachments}
	}
	return Args{}
}

// Clone returns a packet that no longer borrows Data from anyone. Attachments
// are shared: nobody writes to them.
func (p *Packet) Clone() Packet {
	c := *p
	c.Data = bytes.Clone(p.Data)
	return c
}

// AppendText appends the text of the packet, header and payload; the attachments
// follow it as messages of their own.
func (p *Packet) AppendText(dst []byte) []byte {
	dst = AppendHeader(dst, p.Type, len(p.Attachments), p.Namespace, p.ID, p.HasID)
	return append(dst, p.Data...)
}

// TextSize returns a bound of the size in bytes of the packet's text.
func (p *Packet) TextSize() int {
	size := len("2,") + len(p.Namespace) + len(p.Data)
	if p.HasID {
		size += len("18446744073709551615")
	}
	if len(p.Attachments) > 0 {
		size += len("18446744073709551615-")
	}
	return size
}

// AppendHeader appends what precedes the payload of a packet. An Event or an Ack
// with attachments becomes a BinaryEvent or a BinaryAck; other types have no
// attachments. The namespace begins with a slash and contains no comma; "/" and
// "" are the main one, which is not written.
func AppendHeader(dst []byte, t Type, attachments int, namespace string, id uint64, hasID bool) []byte {
	if attachments > 0 {
		switch t {
		case Event:
			t = BinaryEvent
		case Ack:
			t = BinaryAck
		}
	}
	dst = append(dst, '0'+byte(t))
	if t == BinaryEvent || t == BinaryAck {
		dst = strconv.AppendInt(dst, int64(attachments), 10)
		dst = append(dst, '-')
	}
	if namespace != "" && namespace != "/" {
		dst = append(dst, namespace...)
		dst = append(dst, ',')
	}
	if hasID {
		dst = strconv.AppendUint(dst, id, 10)
	}
	return dst
}

// elements returns what stands between the brackets of Data.
func (p *Packet) elements() []byte {
	n := len(p.Data)
	if n < 2 || p.Data[0] != '[' || p.Data[n-1] != ']' {
		return nil
	}
	text := p.Data[1 : n-1 : n-1]
	return text[space(text, 0):]
}

// split returns the JSON token that names an event, and the text of its
// arguments. Data may be anything: packets are not only made by a [Decoder].
func (p *Packet) split() (name, args []byte) {
	if p.Type != Event && p.Type != BinaryEvent {
		return nil, nil
	}
	name, args, _ = next(p.elements())
	if len(name) == 0 || name[0] != '"' && !isNumber(name[0]) {
		return nil, nil
	}
	return name, args
}

// unquote returns the value of a JSON string, aliasing it if it has no escapes,
// and any other token as it is.
func unquote(token []byte) []byte {
	if len(token) < 2 || token[0] != '"' {
		return token
	}
	if bytes.IndexByte(token, '\\') < 0 {
		n := len(token) - 1
		return token[1:n:n]
	}
	return appendUnquoted(make([]byte, 0, len(token)), token)
}
