package webtransport

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/briohq/brio/transport"
)

// maxLength is the largest length that a frame may state, 2^53-1: the largest
// integer that every client can count to.
const maxLength = 1<<53 - 1

// frame is one frame as it came in: a packet.
type frame struct {
	binary  bool
	payload []byte
}

// cut takes the first frame off b and reports how many bytes that is, none if
// not all of it is there yet. The highest bit of a frame's first byte says
// whether the packet is binary. The other seven are its length in bytes; 126
// stands for a length in the next two bytes, 127 for one in the next eight
// (Engine.IO protocol v4, "WebTransport"). A length of 0, or of more than limit,
// is an [transport.ErrParse], before the payload is waited for.
func cut(b []byte, limit int) (f frame, size int, err error) {
	if len(b) == 0 {
		return frame{}, 0, nil
	}
	size = 1
	length := uint64(b[0] & 0x7f)
	switch length {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if len(b) < size {
		return frame{}, 0, nil
	}
	switch size {
	case 3:
		length = uint64(binary.BigEndian.Uint16(b[1:]))
	case 9:
		length = binary.BigEndian.Uint64(b[1:])
	}
	if length == 0 || length > maxLength || length > uint64(min(limit, math.MaxInt32)) {
		return frame{}, 0, fmt.Errorf("%w: frame of %d bytes, of at most %d", transport.ErrParse, length, limit)
	}
	end := size + int(length)
	if len(b) < end {
		return frame{}, 0, nil
	}
	return frame{b[0]&0x80 != 0, b[size:end]}, end, nil
}
