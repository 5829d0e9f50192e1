package msgpack

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/tinylib/msgp/msgp"

	"github.com/briohq/brio/protocol"
)

// First bytes of extensions (MessagePack specification, ext format family).
const (
	ext8    = 0xc7
	ext16   = 0xc8
	ext32   = 0xc9
	fixext1 = 0xd4
	fixext8 = 0xd7
)

// undefinedSize is the size of an undefined: its code, the type and a byte that
// means nothing.
const undefinedSize = 3

// isUndefined reports whether b begins with what notepack.io 2 has for undefined.
func isUndefined(b []byte) bool {
	return len(b) >= undefinedSize && b[0] == fixext1 && b[1] == 0
}

// extension reads an extension, the only values left, or finds out why b does not
// begin with a value at all.
func (r *reader) extension(b []byte, depth int) (rest []byte, err error) {
	rest, err = msgp.Skip(b)
	if err != nil {
		return b, err
	}
	header := 2
	switch b[0] {
	case ext8:
		header = 3
	case ext16:
		header = 4
	case ext32:
		header = 6
	}
	kind, data := int8(b[header-1]), b[header:len(b)-len(rest)]
	switch {
	case kind == 0 && b[0] == fixext1:
		r.out = append(r.out, "null"...)
	case kind == 0 && b[0] == fixext8:
		r.out = appendDate(r.out, int64(binary.BigEndian.Uint64(data)))
	case kind == 0 && header > 2:
		return rest, r.attach(data)
	case kind == -1:
		ms, ok := timestamp(data)
		if !ok {
			return b, fmt.Errorf("%w: a timestamp of %d bytes", protocol.ErrSyntax, len(data))
		}
		r.out = appendDate(r.out, ms)
	default:
		return rest, r.foreign(kind, data, depth)
	}
	return rest, nil
}

// foreign writes an extension nobody knows as notepack.io does: its type and its
// bytes, in an array.
func (r *reader) foreign(kind int8, data []byte, depth int) error {
	if depth <= 0 {
		return errDepth(r.limits)
	}
	r.out = append(r.out, '[')
	r.out = strconv.AppendInt(r.out, int64(kind), 10)
	r.out = append(r.out, ',')
	err := r.attach(data)
	r.out = append(r.out, ']')
	return err
}

// timestamp returns the time, in milliseconds since 1970, that an extension -1
// holds (MessagePack specification, timestamp extension type).
func timestamp(data []byte) (ms int64, ok bool) {
	var seconds, nanoseconds int64
	switch len(data) {
	case 4:
		seconds = int64(binary.BigEndian.Uint32(data))
	case 8:
		both := binary.BigEndian.Uint64(data)
		seconds, nanoseconds = int64(both&(1<<34-1)), int64(both>>34)
	case 12:
		seconds = int64(binary.BigEndian.Uint64(data[4:]))
		nanoseconds = int64(binary.BigEndian.Uint32(data))
	default:
		return 0, false
	}
	// What is no date at all stays none, and does not overflow.
	seconds = max(min(seconds, 2*maxDate/1000), -2*maxDate/1000)
	return seconds*1000 + nanoseconds/1e6, true
}
