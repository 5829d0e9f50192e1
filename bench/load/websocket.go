package load

import (
	"encoding/binary"
	"fmt"

	"github.com/briohq/brio/bench/internal/frame"
)

// A webSocket is a pipe of WebSocket frames (RFC 6455).
type webSocket struct {
	conn      *conn
	client    *client
	upgraded  bool
	fragments []byte // of a message that is not complete
}

func dialWebSocket(c *client) (*webSocket, error) {
	w := &webSocket{client: c}
	conn, err := c.run.loop.dial(c.run.site.address, w)
	w.conn = conn

	return w, err
}

func (w *webSocket) send(payload []byte) {
	w.conn.out = frame.AppendMasked(w.conn.out, frame.Text, payload)
	w.conn.touch()
}

func (w *webSocket) backlog() int { return len(w.conn.out) }

func (w *webSocket) close() { w.conn.close() }

func (w *webSocket) opened() {
	r := w.client.run
	w.conn.out = fmt.Appendf(w.conn.out, "GET %s HTTP/1.1\r\nHost: %s\r\n%sConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
		r.dialect.target(w.client), r.site.host, r.site.header)
	w.conn.touch()
}

func (w *webSocket) ended(err error) { w.client.run.lost(w.client, err) }

func (w *webSocket) feed(b []byte) (used int, err error) {
	if !w.upgraded {
		head, ok, err := parseHead(b)
		if err != nil || !ok {
			return 0, err
		}
		if head.status != 101 {
			return 0, fmt.Errorf("the server refuses the WebSocket: HTTP %d %.200q", head.status, b[head.size:])
		}
		w.upgraded = true
		used = head.size
		w.client.run.dialect.opened(w.client)
	}
	for !w.conn.closed {
		h, ok, err := frame.Parse(b[used:])
		if err != nil {
			return used, err
		}
		if !ok || h.Length > len(b)-used-h.Size {
			return used, nil
		}
		used += h.Size
		if err := w.frame(h, b[used:used+h.Length]); err != nil {
			return used, err
		}
		used += h.Length
	}

	return used, nil
}

func (w *webSocket) frame(h frame.Header, payload []byte) error {
	switch {
	case h.Masked:
		return fmt.Errorf("%w: a masked frame", errPacket)
	case h.Opcode == frame.Ping:
		w.conn.out = frame.AppendMasked(w.conn.out, frame.Pong, payload)
		w.conn.touch()
		return nil
	case h.Opcode == frame.Pong:
		return nil
	case h.Opcode == frame.Close:
		if len(payload) < 2 {
			return fmt.Errorf("the server closed the WebSocket")
		}
		return fmt.Errorf("the server closed the WebSocket: %d %.200q", binary.BigEndian.Uint16(payload), payload[2:])
	case h.Final && w.fragments == nil:
		return w.client.run.dialect.message(w.client, payload)
	}
	if w.fragments = append(w.fragments, payload...); len(w.fragments) > frame.MaxLength {
		return frame.ErrTooLarge
	}
	if !h.Final {
		return nil
	}
	payload, w.fragments = w.fragments, nil

	return w.client.run.dialect.message(w.client, payload)
}
