package cluster

import (
	"encoding/binary"
	"encoding/json"
	"errors"
)

// AppendBare appends the message in a form of brio's own, for buses on which there are
// no nodes on Node.js: event and attachments are carried as they are, without being
// read. It is a head, then the event, then each attachment, each with its length before
// it. The head of what there is most of, broadcasts that nobody answers, is as short as
// its options; that of others is the message as JSON.
func (m *Message) AppendBare(dst []byte) ([]byte, error) {
	var head []byte
	if m.brief() {
		head = m.appendBrief(make([]byte, 0, 256))
	} else {
		own := *m
		if m.Event != nil {
			data := *m.Data
			own.Data, data.Packet = &data, nil
		}
		var err error
		if head, err = own.appendText(make([]byte, 0, 256)); err != nil {
			return dst, err
		}
	}
	size := len(head) + len(m.Event) + (2+len(m.Attachments))*binary.MaxVarintLen32
	for _, one := range m.Attachments {
		size += len(one)
	}
	if cap(dst)-len(dst) < size {
		dst = append(make([]byte, 0, len(dst)+size), dst...)
	}
	dst = appendPart(appendPart(dst, head), m.Event)
	for _, one := range m.Attachments {
		dst = appendPart(dst, one)
	}
	return dst, nil
}

func appendPart[T string | []byte | json.RawMessage](dst []byte, part T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(part))), part...)
}

// What the first byte of a brief head may be: no JSON begins like this.
const (
	isBrief byte = 1 << iota
	isVolatile
	isUncompressed

	isAny = isBrief | isVolatile | isUncompressed
)

// brief reports whether the message has no more than its head can say briefly.
func (m *Message) brief() bool {
	return m.Type == Broadcast && m.Event != nil && m.Data.RequestID == "" && m.Data.Options != nil && m.Data.Options.Flags.Timeout == nil
}

func (m *Message) appendBrief(dst []byte) []byte {
	o := m.Data.Options
	flags := isBrief
	if o.Flags.Volatile {
		flags |= isVolatile
	}
	if o.Flags.Compress != nil && !*o.Flags.Compress {
		flags |= isUncompressed
	}
	dst = append(dst, flags)
	for _, text := range []string{m.From, m.Namespace, o.Flags.Latest} {
		dst = appendPart(dst, text)
	}
	dst = binary.AppendUvarint(dst, uint64(len(o.Rooms)))
	for _, list := range [][]string{o.Rooms, o.Except} {
		for _, room := range list {
			dst = appendPart(dst, room)
		}
	}
	return dst
}

func decodeBrief(b []byte) (*Message, error) {
	flags := b[0]
	o := &Options{Flags: Flags{Volatile: flags&isVolatile != 0}}
	if flags&isUncompressed != 0 {
		o.Flags.Compress = new(bool)
	}
	m := &Message{Type: Broadcast, Data: &Data{Options: o}}
	b = b[1:]
	for _, text := range []*string{&m.From, &m.Namespace, &o.Flags.Latest} {
		part, rest, err := cutPart(b)
		if err != nil {
			return nil, err
		}
		*text, b = string(part), rest
	}
	rooms, n := binary.Uvarint(b)
	if n <= 0 {
		return nil, errCut
	}
	for b = b[n:]; len(b) > 0; {
		room, rest, err := cutPart(b)
		switch b = rest; {
		case err != nil:
			return nil, err
		case uint64(len(o.Rooms)) < rooms:
			o.Rooms = append(o.Rooms, string(room))
		default:
			o.Except = append(o.Except, string(room))
		}
	}
	if uint64(len(o.Rooms)) < rooms {
		return nil, errCut
	}
	return m, nil
}

// DecodeBare returns the message that b is, which has parts of it. Events and
// attachments are what the other node has sent, whatever that is.
func DecodeBare(b []byte) (*Message, error) {
	head, b, err := cutPart(b)
	if err != nil {
		return nil, err
	}
	var m *Message
	if len(head) > 0 && head[0]&^isAny == 0 && head[0]&isBrief != 0 {
		m, err = decodeBrief(head)
	} else {
		m, err = decodeJSON(head)
	}
	if err != nil {
		return nil, err
	}
	event, b, err := cutPart(b)
	if err != nil {
		return nil, err
	}
	if len(event) > 0 {
		m.Event = event
	}
	for len(b) > 0 {
		var one []byte
		if one, b, err = cutPart(b); err != nil {
			return nil, err
		}
		m.Attachments = append(m.Attachments, one)
	}
	return m, nil
}

var errCut = errors.New("cluster: message: cut short")

func cutPart(b []byte) (part, rest []byte, err error) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return nil, nil, errCut
	}
	end := n + int(size)
	return b[n:end:end], b[end:], nil
}
