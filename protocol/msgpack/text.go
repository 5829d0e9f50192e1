package msgpack

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/briohq/brio/protocol"
)

// DecodeText returns the packet that a text message is. Clients of Socket.IO 2,
// with version 2 of the parser, join and leave namespaces by such: the members of
// the packet as a JSON object. They have no payload, and one that has is refused,
// as is any other packet.
func DecodeText(b []byte, limits protocol.Limits) (protocol.Packet, error) {
	if len(b) > cmp.Or(limits.Bytes, 1e6) {
		return protocol.Packet{}, fmt.Errorf("%w: %d bytes", protocol.ErrTooLarge, len(b))
	}
	var m struct {
		Type      *protocol.Type  `json:"type"`
		Namespace string          `json:"nsp"`
		Data      json.RawMessage `json:"data"`
		ID        json.RawMessage `json:"id"`
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return protocol.Packet{}, fmt.Errorf("%w: %w", protocol.ErrSyntax, err)
	}
	switch {
	case m.Type == nil || *m.Type != protocol.Connect && *m.Type != protocol.Disconnect:
		return protocol.Packet{}, fmt.Errorf("%w: in a text message", protocol.ErrType)
	case m.Data != nil || m.ID != nil:
		return protocol.Packet{}, fmt.Errorf("%w: in a text message", protocol.ErrPayload)
	}
	if err := checkNamespace([]byte(m.Namespace), cmp.Or(limits.Namespace, 512)); err != nil {
		return protocol.Packet{}, err
	}
	return protocol.Packet{Type: *m.Type, Namespace: m.Namespace}, nil
}
