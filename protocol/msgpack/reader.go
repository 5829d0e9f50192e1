package msgpack

import (
	"fmt"
	"strconv"

	"github.com/tinylib/msgp/msgp"

	"github.com/briohq/brio/protocol"
)

// reader turns a MessagePack value into JSON and attachments.
type reader struct {
	limits      protocol.Limits
	out         []byte // JSON
	attachments [][]byte
	claimed     bool // an object looks like a placeholder
}

// value reads the value b begins with, in which depth arrays and maps may be inside
// one another, and returns what follows it.
func (r *reader) value(b []byte, depth int) (rest []byte, err error) {
	switch msgp.NextType(b) {
	case msgp.NilType:
		r.out = append(r.out, "null"...)
		return b[1:], nil
	case msgp.BoolType:
		v, rest, err := msgp.ReadBoolBytes(b)
		r.out = strconv.AppendBool(r.out, v)
		return rest, err
	case msgp.IntType, msgp.UintType:
		return r.integer(b)
	case msgp.Float32Type, msgp.Float64Type:
		v, rest, err := msgp.ReadFloat64Bytes(b)
		r.out = appendFloat(r.out, v)
		return rest, err
	case msgp.StrType:
		return r.string(b)
	case msgp.BinType:
		v, rest, err := msgp.ReadBytesZC(b)
		if err != nil {
			return b, err
		}
		return rest, r.attach(v)
	case msgp.ArrayType:
		return r.array(b, depth)
	case msgp.MapType:
		return r.object(b, depth)
	}
	return r.extension(b, depth)
}

func (r *reader) integer(b []byte) (rest []byte, err error) {
	if msgp.NextType(b) == msgp.UintType {
		v, rest, err := msgp.ReadUint64Bytes(b)
		r.out = strconv.AppendUint(r.out, v, 10)
		return rest, err
	}
	v, rest, err := msgp.ReadInt64Bytes(b)
	r.out = strconv.AppendInt(r.out, v, 10)
	return rest, err
}

func (r *reader) string(b []byte) (rest []byte, err error) {
	v, rest, err := msgp.ReadStringZC(b)
	if err != nil {
		return b, err
	}
	r.out, err = appendString(r.out, v)
	return rest, err
}

// array reads an array. The length it claims costs nothing: each element takes a
// byte of b.
func (r *reader) array(b []byte, depth int) (rest []byte, err error) {
	if depth <= 0 {
		return b, errDepth(r.limits)
	}
	n, b, err := msgp.ReadArrayHeaderBytes(b)
	if err != nil {
		return b, err
	}
	r.out = append(r.out, '[')
	for i := range n {
		if i > 0 {
			r.out = append(r.out, ',')
		}
		if b, err = r.value(b, depth-1); err != nil {
			return b, err
		}
	}
	r.out = append(r.out, ']')
	return b, nil
}

// object reads a map, without the members that are undefined.
func (r *reader) object(b []byte, depth int) (rest []byte, err error) {
	if depth <= 0 {
		return b, errDepth(r.limits)
	}
	n, b, err := msgp.ReadMapHeaderBytes(b)
	if err != nil {
		return b, err
	}
	r.out = append(r.out, '{')
	start := len(r.out)
	for range n {
		before := len(r.out)
		if before > start {
			r.out = append(r.out, ',')
		}
		key := len(r.out)
		if b, err = r.key(b); err != nil {
			return b, err
		}
		if isUndefined(b) {
			b, r.out = b[undefinedSize:], r.out[:before]
			continue
		}
		if string(r.out[key:]) == `"_placeholder"` && len(b) > 0 && b[0] == codeTrue {
			r.claimed = true
		}
		r.out = append(r.out, ':')
		if b, err = r.value(b, depth-1); err != nil {
			return b, err
		}
	}
	r.out = append(r.out, '}')
	return b, nil
}

const codeTrue = 0xc3

// key reads the key of a map: a string, or an integer, which is a string to
// JavaScript.
func (r *reader) key(b []byte) (rest []byte, err error) {
	switch t := msgp.NextType(b); t {
	case msgp.StrType:
		return r.string(b)
	case msgp.IntType, msgp.UintType:
		r.out = append(r.out, '"')
		rest, err = r.integer(b)
		r.out = append(r.out, '"')
		return rest, err
	case msgp.InvalidType:
		_, err = msgp.Skip(b)
		return b, err
	default:
		return b, fmt.Errorf("%w: a map key of type %v", protocol.ErrSyntax, t)
	}
}

// attach writes a placeholder for a copy of v. The placeholder and what holds the
// attachment take far more than an empty one, so their number is bounded.
func (r *reader) attach(v []byte) error {
	num := len(r.attachments)
	if num >= r.limits.Bytes/64 {
		return fmt.Errorf("%w: more than %d", protocol.ErrTooManyAttachments, num)
	}
	r.out = append(r.out, `{"_placeholder":true,"num":`...)
	r.out = strconv.AppendInt(r.out, int64(num), 10)
	r.out = append(r.out, '}')
	// Not bytes.Clone: an empty attachment is not a nil one.
	r.attachments = append(r.attachments, append([]byte{}, v...))
	return nil
}

func errDepth(limits protocol.Limits) error {
	return fmt.Errorf("%w: more than %d", protocol.ErrTooDeep, limits.Depth)
}
