package protocol

import (
	"fmt"
	"math"
)

// Decoder turns the messages of one connection into packets. Its zero value is
// ready for use. It must not be used by two goroutines at once.
//
// An error drops whatever was awaited. The caller is expected to close the
// connection; a Decoder used nevertheless starts afresh.
type Decoder struct {
	// Limits are set before the first message, and may be shared. Nil stands
	// for their defaults.
	Limits *Limits

	pending   *pending // nil if no packet awaits attachments
	namespace *string  // the last one seen but the main one, so that a repeated one costs nothing
}

// pending is a packet that awaits attachments.
type pending struct {
	packet Packet
	want   int // attachments
	size   int // bytes so far
	pulses int // since the last of them
}

func (d *Decoder) limits() Limits {
	if d.Limits == nil {
		return Limits{}.withDefaults()
	}
	return d.Limits.withDefaults()
}

// Text takes a text message. It returns a packet and true, or false if the packet
// awaits attachments, which [Decoder.Binary] takes. The Data of the packet borrows
// b; that of a packet that awaits attachments does not.
//
// The text must be valid UTF-8, which is the transport's to check; anything else
// is safe but not looked for.
func (d *Decoder) Text(b []byte) (p Packet, done bool, err error) {
	if w := d.pending; w != nil {
		d.pending = nil
		return Packet{}, false, fmt.Errorf("%w: %d of %d came", ErrUnexpectedText, len(w.packet.Attachments), w.want)
	}
	limits := d.limits()
	if len(b) > limits.Bytes {
		return Packet{}, false, fmt.Errorf("%w: %d bytes of text", ErrTooLarge, len(b))
	}

	attachments, rest, err := d.header(&p, b, limits)
	if err != nil {
		return Packet{}, false, err
	}
	if p.Data, err = payload(p.Type, rest, limits.Depth); err != nil {
		return Packet{}, false, err
	}
	if attachments < 0 {
		return p, true, nil
	}

	// The number of attachments is known, so a wrong placeholder is refused here,
	// before anything is kept for the packet.
	if err := checkPlaceholders(p.Data, 0, attachments); err != nil {
		return Packet{}, false, err
	}
	if attachments == 0 {
		return p, true, nil
	}
	d.pending = &pending{packet: p.Clone(), want: attachments, size: len(b)}
	return Packet{}, false, nil
}

// Binary takes a binary message, an attachment of the packet that awaits it, and
// copies it. It returns the packet and true if none is missing any more.
func (d *Decoder) Binary(b []byte) (p Packet, done bool, err error) {
	w := d.pending
	if w == nil {
		return Packet{}, false, fmt.Errorf("%w: %d bytes", ErrUnexpectedBinary, len(b))
	}
	if limit := d.limits().Bytes; len(b) > limit-w.size {
		d.pending = nil
		return Packet{}, false, fmt.Errorf("%w: %d bytes and an attachment of %d", ErrTooLarge, w.size, len(b))
	}
	w.size += len(b)
	w.pulses = 0
	// Not bytes.Clone: an empty attachment is not a nil one.
	w.packet.Attachments = append(w.packet.Attachments, append([]byte{}, b...))
	if len(w.packet.Attachments) < w.want {
		return Packet{}, false, nil
	}
	d.pending = nil
	return w.packet, true, nil
}

// Pulse is called now and then, and reports whether a packet awaits an attachment
// for so long that none came between the last two calls: it would be kept for ever.
func (d *Decoder) Pulse() bool {
	if d.pending == nil {
		return false
	}
	d.pending.pulses++
	return d.pending.pulses > 1
}

// header reads what precedes the payload into p, and returns the number of
// attachments announced, -1 for a type that has none, and the rest of the text.
//
// Socket.IO protocol v5, packet encoding, format.
func (d *Decoder) header(p *Packet, b []byte, limits Limits) (attachments int, rest []byte, err error) {
	if len(b) == 0 {
		return 0, nil, fmt.Errorf("%w: it is empty", ErrSyntax)
	}
	p.Type = Type(b[0] - '0')
	if p.Type > BinaryAck {
		return 0, nil, fmt.Errorf("%w: %q", ErrType, b[0])
	}
	b, attachments = b[1:], -1
	if p.Type == BinaryEvent || p.Type == BinaryAck {
		p.Type -= BinaryEvent - Event
		n, digits, ok := number(b)
		if !ok || digits == 0 || digits == len(b) || b[digits] != '-' {
			return 0, nil, fmt.Errorf("%w: no count of them", ErrAttachments)
		}
		if n > uint64(limits.Attachments) {
			return 0, nil, fmt.Errorf("%w: %d", ErrTooManyAttachments, n)
		}
		b, attachments = b[digits+1:], int(n)
	}
	if b, err = d.readNamespace(p, b, limits.Namespace); err != nil {
		return 0, nil, err
	}
	id, digits, ok := number(b)
	if !ok {
		return 0, nil, fmt.Errorf("%w: acknowledgement id out of range", ErrSyntax)
	}
	p.ID, p.HasID = id, digits > 0
	return attachments, b[digits:], nil
}

// readNamespace reads a namespace and its comma, if there is one. It is taken
// verbatim: a query string is part of it since version 5.
func (d *Decoder) readNamespace(p *Packet, b []byte, limit int) (rest []byte, err error) {
	p.Namespace = "/"
	if len(b) == 0 || b[0] != '/' {
		return b, nil
	}
	end := 0
	for end < len(b) && b[end] != ',' {
		end++
	}
	if end > limit {
		return nil, fmt.Errorf("%w: %d bytes", ErrNamespace, end)
	}
	name := b[:end]
	if end > 1 {
		if d.namespace == nil || *d.namespace != string(name) {
			own := string(name)
			d.namespace = &own
		}
		p.Namespace = *d.namespace
	}
	return b[min(end+1, len(b)):], nil
}

// number reads the decimal digits b begins with. It reports false if they exceed
// 64 bits.
func number(b []byte) (n uint64, digits int, ok bool) {
	for digits < len(b) && b[digits]-'0' <= 9 {
		v := uint64(b[digits] - '0')
		if n > (math.MaxUint64-v)/10 {
			return 0, digits, false
		}
		n = n*10 + v
		digits++
	}
	return n, digits, true
}

// payload checks the payload of a packet and returns it without the white space
// around it.
//
// Socket.IO protocol v5, exchange protocol: what may and must be there. Like the
// JavaScript implementation it lets an Ack without an id pass, which answers
// nothing.
func payload(t Type, b []byte, depth int) ([]byte, error) {
	if len(b) == 0 {
		if t == Connect || t == Disconnect {
			return nil, nil
		}
		return nil, fmt.Errorf("%w: none in a packet of type %v", ErrPayload, t)
	}
	if t == Disconnect {
		return nil, fmt.Errorf("%w: %.16q in a packet of type %v", ErrPayload, b, t)
	}
	data, err := document(b, depth)
	if err != nil {
		return nil, err
	}
	switch first := data[0]; {
	case t == Event && first == '[':
		return data, checkName(data)
	case t == Ack && first == '[',
		t == Connect && first == '{',
		t == ConnectError && (first == '{' || first == '"'):
		return data, nil
	}
	return nil, fmt.Errorf("%w: %.16q in a packet of type %v", ErrPayload, data, t)
}

// checkName checks the name of an event, the first element of data: a number, or
// a string that is not reserved.
func checkName(data []byte) error {
	token, _, _ := next(data[1 : len(data)-1])
	switch {
	case len(token) == 0:
		return fmt.Errorf("%w: an event without a name", ErrPayload)
	case isNumber(token[0]):
		return nil
	case token[0] != '"':
		return fmt.Errorf("%w: %.16q for the name of an event", ErrPayload, token)
	}
	// The conversions do not allocate, as they are only compared with.
	if name := unquote(token); Reserved(string(name)) {
		return fmt.Errorf("%w: %q", ErrReserved, name)
	}
	return nil
}
