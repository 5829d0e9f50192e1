package msgpack

import "github.com/briohq/brio/protocol"

// Codec is MessagePack as a [protocol.Codec]. Its zero value is ready.
type Codec struct{}

var _ protocol.Codec = Codec{}

// Append is the function [Append].
func (Codec) Append(dst []byte, p *protocol.Packet) ([]byte, error) { return Append(dst, p) }

// Decode is the function [Decode].
func (Codec) Decode(message []byte, limits protocol.Limits) (protocol.Packet, error) {
	return Decode(message, limits)
}

// DecodeText is the function [DecodeText].
func (Codec) DecodeText(message []byte, limits protocol.Limits) (protocol.Packet, error) {
	return DecodeText(message, limits)
}
