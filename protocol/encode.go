package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"

	"github.com/briohq/brio/internal/jsonstring"
)

// AppendEvent appends the payload of an event, `["event",argument,…]`, to dst and
// its attachments to attachments. Placeholders are numbered from
// len(attachments) on, so attachments are all those of the packet.
//
// Arguments are encoded as encoding/json does, without its HTML escaping. See the
// package comment for what becomes an attachment: it is not copied, and must not
// be modified as long as the packet is in use. A [json.RawMessage] is checked and
// then written as it is. [Args] are written as their elements.
//
// If there are attachments, nothing else may look like a placeholder, as the
// receiver could not tell them apart: that is an error. On an error dst and
// attachments are returned as they were.
func AppendEvent(dst []byte, attachments [][]byte, event string, args ...any) ([]byte, [][]byte, error) {
	if Reserved(event) {
		return dst, attachments, fmt.Errorf("%w: %q", ErrReserved, event)
	}
	e := encoder{out: append(dst, '['), attachments: attachments}
	e.out = appendString(e.out, event)
	return e.finish(dst, attachments, args)
}

// AppendArgs appends the payload of an acknowledgement, `[argument,…]`, as
// [AppendEvent] does.
func AppendArgs(dst []byte, attachments [][]byte, args ...any) ([]byte, [][]byte, error) {
	e := encoder{out: append(dst, '['), attachments: attachments}
	return e.finish(dst, attachments, args)
}

// encoder writes one payload.
type encoder struct {
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
		e.out = appendString(e.out, v)
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

// marshal writes any other value: by encoding/json, after its attachments were
// lifted out.
func (e *encoder) marshal(arg any) error {
	var l lifter
	lifted, ok := l.lift(arg)
	if !ok {
		out, err := appendJSON(e.out, arg)
		e.out = out
		return err
	}
	text, err := appendJSON(nil, lifted)
	if err != nil {
		return err
	}
	// In the order of the text, which is not that of the walk, for maps; and only
	// what is in the text: encoding/json may have left a field out.
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

// jsonEncoder is a json.Encoder that appends to out.
type jsonEncoder struct {
	out     []byte
	encoder *json.Encoder
}

// Write implements io.Writer.
func (j *jsonEncoder) Write(b []byte) (int, error) {
	j.out = append(j.out, b...)
	return len(b), nil
}

var jsonEncoders = sync.Pool{New: func() any {
	j := new(jsonEncoder)
	j.encoder = json.NewEncoder(j)
	j.encoder.SetEscapeHTML(false)
	return j
}}

// appendJSON appends v as encoding/json writes it, but for the HTML escaping. It
// appends nothing if that fails.
func appendJSON(dst []byte, v any) ([]byte, error) {
	j := jsonEncoders.Get().(*jsonEncoder)
	j.out = dst
	err := j.encoder.Encode(v)
	out := j.out
	j.out = nil
	jsonEncoders.Put(j)
	if err != nil {
		return dst, err
	}
	return out[:len(out)-1], nil // a newline
}

// appendString appends s as a JSON string. What is not UTF-8 becomes U+FFFD.
func appendString(dst []byte, s string) []byte {
	return jsonstring.Append(dst, strings.ToValidUTF8(s, "\uFFFD"))
}
