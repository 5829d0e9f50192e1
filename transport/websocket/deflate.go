package websocket

import (
	"errors"
	"fmt"
	"sync"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"

	"github.com/briohq/brio/internal/deflate"
	"github.com/briohq/brio/transport"
)

// Deflate has messages compressed for clients that offer it (RFC 7692,
// permessage-deflate). Neither side keeps a context from one message to the
// next: so a connection holds no window, and a frame is compressed once for all
// that get it. Its fields have defaults for their zero values.
type Deflate struct {
	// Threshold is the size in bytes from which on a message is compressed.
	// Default 1024.
	Threshold int
}

func (d *Deflate) threshold() int {
	if d.Threshold <= 0 {
		return deflate.Threshold
	}
	return d.Threshold
}

// negotiation is that of permessage-deflate in one handshake.
type negotiation struct{ agreed bool }

// negotiate answers one offer of an extension. The first that we can meet is
// taken; all others are declined by silence, never with an error (RFC 7692,
// section 5).
func (n *negotiation) negotiate(offer httphead.Option) (httphead.Option, error) {
	if n.agreed || string(offer.Name) != wsflate.ExtensionName {
		return httphead.Option{}, nil
	}
	answer, ok := meet(offer)
	if !ok {
		return httphead.Option{}, nil
	}
	n.agreed = true
	return answer.Option(), nil
}

// keep is the capacity of the largest buffer that goes back to its pool.
const keep = 64 << 10

// window is the only one that we compress with, in bits: compress/flate has no
// other. We read all there are, as they are not larger.
const window = 15

// meet returns our answer to an offer of permessage-deflate. It declines one
// that has an unknown parameter, one of a wrong value, or the same one twice, and
// one that asks for a smaller window (RFC 7692, sections 7 and 7.1).
func meet(offer httphead.Option) (answer wsflate.Parameters, ok bool) {
	answer = wsflate.Parameters{
		ServerNoContextTakeover: true,
		ClientNoContextTakeover: true, // whether offered or not (section 7.1.1.2)
	}
	ok = true
	seen := map[string]bool{}
	offer.Parameters.ForEach(func(name, value []byte) bool {
		switch string(name) {
		case "server_no_context_takeover", "client_no_context_takeover":
			ok = value == nil
		case "client_max_window_bits":
			ok = value == nil || bits(string(value)) > 0
		case "server_max_window_bits":
			answer.ServerMaxWindowBits = bits(string(value))
			ok = answer.ServerMaxWindowBits == window
		default:
			ok = false
		}
		ok = ok && !seen[string(name)]
		seen[string(name)] = true
		return ok
	})
	return answer, ok
}

// bits reads the size of a window: 8 to 15, without leading zeros. It returns 0
// for what is none (RFC 7692, section 7.1.2).
func bits(s string) wsflate.WindowBits {
	switch {
	case len(s) == 1 && s >= "8" && s <= "9":
		return wsflate.WindowBits(s[0] - '0')
	case len(s) == 2 && s >= "10" && s <= "15":
		return wsflate.WindowBits(10 + s[1] - '0')
	}
	return 0
}

// unmarked returns a header without the mark, where it may have one.
func (c *Conn) unmarked(h ws.Header) ws.Header {
	if c.deflate > 0 && (h.OpCode == ws.OpText || h.OpCode == ws.OpBinary) {
		h.Rsv &^= deflate.Mark
	}
	return h
}

// bound returns how many bytes of a message are read.
func (c *Conn) bound(h ws.Header) int {
	if h.Rsv == 0 && !c.parser.compressed {
		return c.limit
	}
	return deflate.Bound(c.limit)
}

// whole delivers a message that is complete.
func (c *Conn) whole(message []byte, binary, compressed bool) error {
	if !compressed {
		return c.deliver(message, binary)
	}
	buf := inflated.Get().(*[]byte)
	defer inflated.Put(buf)
	message, err := inflate((*buf)[:0], message, c.limit)
	if cap(message) <= keep {
		*buf = message
	}
	if err != nil {
		return err
	}
	return c.deliver(message, binary)
}

// inflated are buffers for messages that have been compressed.
var inflated = sync.Pool{New: func() any { return new([]byte) }}

// inflate appends a message of at most limit bytes to dst, given its compressed
// form. The error is a violation.
func inflate(dst, message []byte, limit int) ([]byte, error) {
	dst, err := deflate.Inflate(dst, message, limit)
	switch {
	case errors.Is(err, deflate.ErrTooLong):
		err = &violation{ws.StatusMessageTooBig, fmt.Errorf("message exceeds %d bytes", limit)}
	case err != nil:
		err = &violation{ws.StatusInvalidFramePayloadData, err}
	}
	return dst, err
}

// form returns a frame as it is sent on this connection.
func (c *Conn) form(f *transport.Frame) []byte {
	if c.deflate == 0 || len(f.Payload()) < c.deflate || !f.Compressible() {
		return f.WebSocket()
	}
	return f.Compressed(compress)
}

// compressed are buffers for what is compressed.
var compressed = sync.Pool{New: func() any { return new([]byte) }}

// compress returns the compressed form of a frame, and the other one if it is not
// shorter.
func compress(f *transport.Frame) []byte {
	buf := compressed.Get().(*[]byte)
	defer compressed.Put(buf)
	b := deflate.Append((*buf)[:0], f.Payload())
	if cap(b) <= keep {
		*buf = b
	}
	plain := f.WebSocket()
	if len(b) >= len(f.Payload()) {
		return plain
	}
	frame := ws.NewFrame(ws.OpCode(plain[0]&0x0f), true, b)
	frame.Header.Rsv = deflate.Mark
	return compile(frame)
}
