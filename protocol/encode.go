package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/briohq/brio/internal/jsonstring"
)

// AppendEvent appends the payload of an event, `["event",argument,…]`, to dst and
// its attachments to attachments. Placeholders are numbered from
// len(attachments) on, so attachments are all those of the packet.
//
// Arguments are encoded as encoding/json does, without its HTML escaping, and what
// is not UTF-8 in them, or in what their methods write, becomes U+FFFD. See the
// package comment for what becomes an attachment: it is not copied, and must not
// be modified as long as the packet is in use. A [json.RawMessage] is checked and
// then written as it is. [Args] are written as their elements.
//
// If there are attachments, nothing else may look like a placeholder, as the
// receiver could not tell them apart: that is an error. On an error dst and
// attachments are returned as they were.
func AppendEvent(dst []byte, attachments [][]byte, event string, args ...any) ([]byte, [][]byte, error) {
	return (*JSON)(nil).AppendEvent(dst, attachments, event, args...)
}

// AppendArgs appends the payload of an acknowledgement, `[argument,…]`, as
// [AppendEvent] does.
func AppendArgs(dst []byte, attachments [][]byte, args ...any) ([]byte, [][]byte, error) {
	return (*JSON)(nil).AppendArgs(dst, attachments, args...)
}

// AppendEvent is the function [AppendEvent] with the library of j for arguments
// that are neither nil, strings, numbers, booleans nor bytes. If what it writes is
// not JSON, that is an error.
func (j *JSON) AppendEvent(dst []byte, attachments [][]byte, event string, args ...any) ([]byte, [][]byte, error) {
	if Reserved(event) {
		return dst, attachments, fmt.Errorf("%w: %q", ErrReserved, event)
	}
	e := encoder{json: j, out: append(dst, '['), attachments: attachments}
	e.out = jsonstring.Append(e.out, event)
	return e.finish(dst, attachments, args)
}

// AppendArgs is to the function [AppendArgs] what [JSON.AppendEvent] is to
// [AppendEvent].
func (j *JSON) AppendArgs(dst []byte, attachments [][]byte, args ...any) ([]byte, [][]byte, error) {
	e := encoder{json: j, out: append(dst, '['), attachments: attachments}
	return e.finish(dst, attachments, args)
}

// encoder writes one payload.
type encoder struct {
	json        *JSON
	out         []byte
	attachments [][]byte
}

// finish writes the arguments and the closing bracket. It returns dst and
// attachments, what there was before, if it fails.
func (e *encoder) finish(dst []byte, attachments [][]byte, args []any) ([]byte, [][]byte, error) {
	for i, arg := range args {
		if err := e.argument(arg); err != nil {
			return dst, attachments, fmt.Errorf("%w %d: %w", ErrEncode, i, err)
		}
	}
	e.out = append(e.out, ']')
	if text := e.out[len(dst):]; !utf8.Valid(text) {
		e.out = appendValid(dst, bytes.Clone(text))
	}
	if len(e.attachments) == 0 {
		return e.out, e.attachments, nil
	}
	// What was written here is numbered in order and only once, so a foreign
	// placeholder shows as one out of range or named twice.
	err := checkPlaceholders(e.out[len(dst):], len(attachments), len(e.attachments))
	if err != nil {
		return dst, attachments, err
	}
	return e.out, e.attachments, nil
}

// argument writes a comma, unless it is the first element, and one argument.
func (e *encoder) argument(arg any) error {
	if args, ok := arg.(relayed); ok {
		return e.relay(args.relay())
	}
	e.comma()
	switch v := arg.(type) {
	case nil:
		e.out = append(e.out, "null"...)
	case string:
		e.out = jsonstring.Append(e.out, v)
	case bool:
		e.out = strconv.AppendBool(e.out, v)
	case int:
		e.out = strconv.AppendInt(e.out, int64(v), 10)
	case int64:
		e.out = strconv.AppendInt(e.out, v, 10)
	case int32:
		e.out = strconv.AppendInt(e.out, int64(v), 10)
	case uint:
		e.out = strconv.AppendUint(e.out, uint64(v), 10)
	case uint64:
		e.out = strconv.AppendUint(e.out, v, 10)
	case uint32:
		e.out = strconv.AppendUint(e.out, uint64(v), 10)
	case float64:
		return e.float(v, 64)
	case float32:
		return e.float(float64(v), 32)
	case []byte:
		e.attach(v)
	case Binary:
		e.attach(v)
	case json.RawMessage:
		return e.raw(v)
	default:
		return e.marshal(arg)
	}
	return nil
}

// comma separates an element from the one before it. No element ends with a
// bracket that opens.
func (e *encoder) comma() {
	if e.out[len(e.out)-1] != '[' {
		e.out = append(e.out, ',')
	}
}

// attach writes a placeholder for b. Nil is null, as in encoding/json.
func (e *encoder) attach(b []byte) {
	if b == nil {
		e.out = append(e.out, "null"...)
		return
	}
	e.out = appendPlaceholder(e.out, len(e.attachments))
	e.attachments = append(e.attachments, b)
}

// relay writes the elements of args, with their attachments renumbered.
func (e *encoder) relay(args Args) error {
	text, last := args.text, 0
	if len(text) == 0 {
		return nil
	}
	e.comma()
	if len(args.attachments) > 0 {
		found, err := appendPlaceholders(nil, text, 0, len(args.attachments))
		if err != nil {
			return err
		}
		for _, p := range found {
			e.out = append(e.out, text[last:p.start]...)
			e.attach(args.attachments[p.num])
			last = p.end
		}
	}
	e.out = append(e.out, text[last:]...)
	return nil
}

// raw writes JSON text somebody else made.
func (e *encoder) raw(text []byte) error {
	if len(text) == 0 {
		e.out = append(e.out, "null"...)
		return nil
	}
	data, err := document(text, maxDepth)
	e.out = append(e.out, data...)
	return err
}

// float writes a number as encoding/json and JSON.stringify do (ECMA-262,
// Number::toString): exponents only for what is very small or large, and without
// a leading zero.
func (e *encoder) float(f float64, size int) error {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return errors.New("not a finite number")
	}
	abs, format := math.Abs(f), byte('f')
	if abs != 0 && (size == 64 && (abs < 1e-6 || abs >= 1e21) ||
		size == 32 && (float32(abs) < 1e-6 || float32(abs) >= 1e21)) {
		format = 'e'
	}
	e.out = strconv.AppendFloat(e.out, f, format, -1, size)
	if n := len(e.out); format == 'e' && e.out[n-4] == 'e' && e.out[n-2] == '0' {
		e.out[n-2] = e.out[n-1]
		e.out = e.out[:n-1]
	}
	return nil
}

// marshal writes any other value: by the library, after its attachments were
// lifted out.
func (e *encoder) marshal(arg any) error {
	var l lifter
	lifted, ok := l.lift(arg)
	if !ok {
		out, err := e.json.append(e.out, arg)
		e.out = out
		return err
	}
	text, err := e.json.append(nil, lifted)
	if err != nil {
		return err
	}
	// In the order of the text, which is not that of the walk, for maps; and only
	// what is in the text: the library may have left a field out.
	for prefix := markerPrefix(); ; {
		i := bytes.Index(text, prefix)
		if i < 0 {
			break
		}
		index, ok := markerIndex(text[i:])
		if !ok || index >= len(l.found) {
			return errors.New("bytes were altered in encoding")
		}
		e.out = append(e.out, text[:i]...)
		e.attach(l.found[index])
		text = text[i+markerSize:]
	}
	e.out = append(e.out, text...)
	return nil
}
