package cluster

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// AppendBare appends the message in a form of brio's own, for buses on which there are
// no nodes on Node.js: event and attachments are carried as they are, without being
// read. It is the message as JSON, without these, then the event, then each attachment,
// each with its length before it.
func (m *Message) AppendBare(dst []byte) ([]byte, error) {
	own := *m
	if m.Event != nil {
		data := *m.Data
		own.Data, data.Packet = &data, nil
	}
	head, err := own.appendText(make([]byte, 0, 256))
	if err != nil {
		return dst, err
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

func appendPart(dst, part []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(part))), part...)
}

// DecodeBare returns the message that b is, which has parts of it. Events and
// attachments are what the other node has sent, whatever that is.
func DecodeBare(b []byte) (*Message, error) {
	head, b, err := cutPart(b)
	if err != nil {
		return nil, err
	}
	var m Message
	if err := json.Unmarshal(head, &m); err != nil {
		return nil, fmt.Errorf("cluster: message: %w", err)
	}
	if m.Data == nil {
		m.Data = &Data{}
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
	return &m, nil
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
