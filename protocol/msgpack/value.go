package msgpack

import (
	"cmp"
	"fmt"

	"github.com/briohq/brio/protocol"
)

// AppendValue appends a JSON value as MessagePack, with attachments in the place of
// their placeholders, as [Append] does with the payload of a packet: for what nodes
// of a cluster say to each other. On an error dst is returned as it was.
func AppendValue(dst, value []byte, attachments [][]byte) ([]byte, error) {
	w := writer{out: dst, data: value, attachments: attachments}
	if err := w.document(); err != nil {
		return dst, err
	}
	return w.out, nil
}

// DecodeValue returns the value b is as JSON, and its attachments: those of
// placeholders, which are numbered in the order in which they come. The limits, and
// the errors, are those of [Decode].
func DecodeValue(b []byte, limits protocol.Limits) (value []byte, attachments [][]byte, err error) {
	limits.Bytes = cmp.Or(limits.Bytes, 1e6)
	limits.Depth = min(cmp.Or(limits.Depth, 64), 1024)
	if len(b) > limits.Bytes {
		return nil, nil, fmt.Errorf("%w: %d bytes", protocol.ErrTooLarge, len(b))
	}
	r := reader{limits: limits, out: make([]byte, 0, min(len(b), 512))}
	rest, err := r.value(b, limits.Depth)
	switch {
	case err != nil:
		return nil, nil, wrap(err)
	case len(rest) > 0:
		return nil, nil, fmt.Errorf("%w: %d bytes after it", protocol.ErrSyntax, len(rest))
	case r.claimed && len(r.attachments) > 0:
		return nil, nil, fmt.Errorf("%w: an object looks like a placeholder", protocol.ErrAttachments)
	}
	return r.out, r.attachments, nil
}
