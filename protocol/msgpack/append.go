package msgpack

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"

	"github.com/briohq/brio/protocol"
)

// Append appends p as one message. Attachments take the place of their placeholders
// in Data; one that is not named there is not sent. Members are in the order a
// JavaScript server sends those of an event.
//
// Numbers that have neither fraction nor exponent, and fit, become 64-bit integers,
// all others float64. What is not UTF-8, and half a surrogate pair, becomes U+FFFD.
//
// The error is about what no [protocol.Decoder] returns: Data that is not JSON, a
// placeholder that is wrong or named twice, a type that does not exist. Then dst is
// returned as it was.
func Append(dst []byte, p *protocol.Packet) ([]byte, error) {
	w := writer{out: dst, data: p.Data}
	t := p.Type
	switch t {
	case protocol.Event, protocol.Ack:
		w.attachments = p.Attachments
	case protocol.BinaryEvent, protocol.BinaryAck:
		w.attachments = p.Attachments
		t -= protocol.BinaryEvent - protocol.Event
	case protocol.Connect, protocol.Disconnect, protocol.ConnectError:
	default:
		return dst, fmt.Errorf("%w: %d", protocol.ErrType, t)
	}

	members := uint32(2)
	if len(p.Data) > 0 {
		members++
	}
	if p.HasID {
		members++
	}
	w.out = msgp.AppendMapHeader(w.out, members)
	w.out = msgp.AppendString(w.out, "type")
	w.out = msgp.AppendUint64(w.out, uint64(t))
	if len(p.Data) > 0 {
		w.out = msgp.AppendString(w.out, "data")
		if err := w.document(); err != nil {
			return dst, err
		}
	}
	if p.HasID {
		w.out = msgp.AppendString(w.out, "id")
		w.out = msgp.AppendUint64(w.out, p.ID)
	}
	w.out = msgp.AppendString(w.out, "nsp")
	namespace := cmp.Or(p.Namespace, "/")
	return msgp.AppendString(w.out, strings.ToValidUTF8(namespace, "\uFFFD")), nil
}

// document writes the value that data is.
func (w *writer) document() error {
	if !json.Valid(w.data) { // nothing below looks for mistakes
		return fmt.Errorf("%w: invalid JSON", protocol.ErrSyntax)
	}
	if !utf8.Valid(w.data) {
		w.data = bytes.ToValidUTF8(w.data, []byte("\uFFFD"))
	}
	if len(w.attachments) > 0 {
		w.named = make([]bool, len(w.attachments))
	}
	_, err := w.value(w.space(0))
	return err
}
