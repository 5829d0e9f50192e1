package engineio

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// Conn is one connection. Its methods may be called concurrently, but Serve once.
type Conn struct {
	nc        net.Conn
	in        io.Reader
	handshake handshake

	mu      sync.Mutex // guards what follows
	out     []Message
	queued  int
	writing bool
	closed  bool
}

func dialWebSocket(ctx context.Context, address *url.URL, config Config) (*Conn, error) {
	u := *address
	switch u.Scheme {
	case "http":
		u.Scheme = "ws"
	case "https":
		u.Scheme = "wss"
	}
	q := u.Query()
	q.Set("EIO", "4")
	q.Set("transport", "websocket")
	u.RawQuery = q.Encode()
	d := ws.Dialer{NetDial: config.Dial, Header: ws.HandshakeHeaderHTTP(config.Header)}
	nc, early, _, err := d.Dial(ctx, u.String())
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", address.Redacted(), err)
	}
	c := &Conn{nc: nc, in: nc}
	if early != nil {
		c.in = early
	}
	data, _, err := wsutil.ReadServerData(struct {
		io.Reader
		io.Writer
	}{c.in, nc})
	if err == nil && (len(data) == 0 || data[0] != '0') {
		err = errors.New("not a Socket.IO server")
	}
	if err == nil {
		err = json.Unmarshal(data[1:], &c.handshake)
	}
	if err != nil {
		_ = nc.Close()
		return nil, fmt.Errorf("connect to %s: %w", address.Redacted(), err)
	}
	return c, nil
}

// ID returns the connection's id.
func (c *Conn) ID() string { return c.handshake.ID }

// Transport returns the name of what carries the connection now.
func (c *Conn) Transport() string { return "websocket" }

// Serve hands each message to f, in order; its bytes are borrowed until f
// returns, and nothing more is read before. It returns when the connection has
// ended, with a *[CloseError].
func (c *Conn) Serve(f func(data []byte, binary bool)) error {
	for {
		_ = c.nc.SetReadDeadline(time.Now().Add(c.handshake.patience()))
		data, op, err := wsutil.ReadServerData(struct {
			io.Reader
			io.Writer
		}{c.in, c.nc})
		if err != nil {
			return c.end(err)
		}
		switch {
		case op == ws.OpBinary:
			f(data, true)
		case len(data) > 0 && data[0] == '4':
			f(data[1:], false)
		case len(data) > 0 && data[0] == '2':
			c.write([]byte("3"), ws.OpText)
		case len(data) > 0 && data[0] == '1':
			return c.end(io.EOF)
		case len(data) > 0 && data[0] == '6':
		default:
			_ = c.nc.Close()
			return &CloseError{ParseError, fmt.Errorf("unexpected packet %.20q", data)}
		}
	}
}

func (c *Conn) end(err error) error {
	c.mu.Lock()
	forced := c.closed
	c.closed = true
	c.mu.Unlock()
	_ = c.nc.Close()
	switch {
	case forced:
		return &CloseError{Reason: ForcedClose}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &CloseError{PingTimeout, nil}
	case errors.Is(err, io.EOF):
		return &CloseError{TransportClose, nil}
	}
	return &CloseError{TransportError, err}
}

// Writable reports whether what is sent now can leave at once.
func (c *Conn) Writable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.closed && len(c.out) == 0 && !c.writing
}

// Send queues messages, in order and as one: nothing comes between them. It
// doesn't block, and takes the bytes over.
func (c *Conn) Send(messages ...Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrClosed
	}
	for _, m := range messages {
		op := ws.OpText
		data := m.Data
		if m.Binary {
			op = ws.OpBinary
		} else {
			data = append([]byte("4"), data...)
		}
		c.write(data, op)
	}
	return nil
}

// Close sends what waits, says goodbye and ends the connection.
func (c *Conn) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.closed = true
	c.write([]byte("1"), ws.OpText)
	_ = c.nc.Close()
}

// Abort ends the connection at once.
func (c *Conn) Abort() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	_ = c.nc.Close()
}

func (c *Conn) write(data []byte, op ws.OpCode) {
	var b bytes.Buffer
	_ = wsutil.WriteClientMessage(&b, op, data)
	_, _ = c.nc.Write(b.Bytes())
}
