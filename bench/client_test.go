package bench

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
)

// client is a WebSocket client that costs little: it allocates nothing once it
// is connected, and looks at no more of a frame than its length.
type client struct {
	nc         net.Conn
	buf        []byte
	start, end int // what is unread in buf
	size       int // bytes of the frame that next has returned last
}

// bufferSize is room for all that a client here may have to read at once.
const bufferSize = 4096

var joins = masked("40") // the main namespace

// dial connects a client, which reads into buf, and joins the main namespace.
// Its handshake has the headers too.
func dial(address string, buf []byte, headers ...string) (*client, error) {
	nc, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	c := &client{nc: nc, buf: buf}
	if err := c.handshake(address, headers); err != nil {
		return nil, errors.Join(fmt.Errorf("connect to %s: %w", address, err), nc.Close())
	}
	return c, nil
}

// connect is dial for a client that lives as long as b.
func connect(b *testing.B, address string, buffer int, headers ...string) *client {
	b.Helper()
	c, err := dial(address, make([]byte, buffer), headers...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.nc.Close() })
	return c
}

func (c *client) handshake(address string, headers []string) error {
	if _, err := c.nc.Write([]byte("GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: " + address +
		"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + strings.Join(append(headers, "\r\n"), "\r\n"))); err != nil {
		return err
	}
	for {
		if i := bytes.Index(c.buf[:c.end], []byte("\r\n\r\n")); i >= 0 {
			c.start = i + 4
			break
		}
		if err := c.fill(); err != nil {
			return err
		}
	}
	if head := c.buf[:c.start]; !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
		return fmt.Errorf("answered with %q", head)
	}
	if err := c.expect(`0{"sid":`); err != nil {
		return err
	}
	if _, err := c.nc.Write(joins); err != nil {
		return err
	}
	return c.expect(`40{"sid":`)
}

// expect reads the next frame, which must begin with prefix.
func (c *client) expect(prefix string) error {
	payload, err := c.next()
	if err == nil && !bytes.HasPrefix(payload, []byte(prefix)) {
		err = fmt.Errorf("came %q instead of %s", payload, prefix)
	}
	return err
}

// next returns the payload of the next frame, which is valid until the next
// call.
func (c *client) next() ([]byte, error) {
	for {
		if payload, size := frame(c.buf[c.start:c.end]); size > 0 {
			c.start += size
			c.size = size
			return payload, nil
		}
		if err := c.fill(); err != nil {
			return nil, err
		}
	}
}

// buffered reports whether next would return without reading.
func (c *client) buffered() bool {
	_, size := frame(c.buf[c.start:c.end])
	return size > 0
}

func (c *client) fill() error {
	c.end, c.start = copy(c.buf, c.buf[c.start:c.end]), 0
	if c.end == len(c.buf) {
		return fmt.Errorf("a frame of more than %d bytes", len(c.buf))
	}
	n, err := c.nc.Read(c.buf[c.end:])
	c.end += n
	return err
}

// frame returns the payload of the frame that b begins with, and the size of
// the frame, 0 if it is not complete.
func frame(b []byte) (payload []byte, size int) {
	if len(b) < 2 {
		return nil, 0
	}
	head, length := 2, int(b[1])
	if length >= 126 {
		if len(b) < 4 {
			return nil, 0
		}
		head, length = 4, int(binary.BigEndian.Uint16(b[2:]))
	}
	if len(b) < head+length {
		return nil, 0
	}
	return b[head : head+length], head + length
}

// masked returns the text frame with which a client sends a short payload.
func masked(payload string) []byte {
	mask := [4]byte{0x5a, 0xc3, 0x96, 0x0f}
	b := append([]byte{0x81, 0x80 | byte(len(payload))}, mask[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^mask[i%4])
	}
	return b
}
