package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"strconv"

	"github.com/briohq/brio/bench/internal/frame"
)

// handle takes one frame or one request that b begins with, and returns its
// size, 0 if it is not complete.
func (c *conn) handle(b []byte) int {
	if c.socket == nil {
		return c.request(b)
	}
	h, ok, err := frame.Parse(b)
	if err != nil || ok && !h.Masked {
		c.close()
		return len(b)
	}
	if !ok || len(b)-h.Size < h.Length {
		return 0
	}
	payload := b[h.Size : h.Size+h.Length]
	frame.Mask(payload, h.Key)
	switch h.Opcode {
	case frame.Text:
		c.socket.message(c.server, payload)
	case frame.Ping:
		c.out = frame.Append(c.out, frame.Pong, payload)
		c.send(nil, true)
	case frame.Close:
		c.close()
	}

	return h.Size + h.Length
}

func (c *conn) request(b []byte) int {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		return 0
	}
	first, rest, _ := bytes.Cut(b[:end], []byte("\r\n"))
	key, length := "", 0
	for len(rest) > 0 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Sec-WebSocket-Key")):
			key = string(value)
		case bytes.EqualFold(name, []byte("Content-Length")):
			length, _ = strconv.Atoi(string(value)) // 0 if it is none
		}
	}
	size := end + 4 + length
	if length < 0 || size > len(b) {
		return 0
	}
	if key != "" {
		c.upgrade(first, key)
	} else {
		c.server.poll(c, first, b[end+4:size])
	}

	return size
}

func (c *conn) upgrade(request []byte, key string) {
	c.socket = c.server.newSocket(query(request, "room=", "room"))
	c.socket.conn = c
	hash := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	c.out = fmt.Appendf(c.out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(hash[:]))
	c.out = frame.Append(c.out, frame.Text, c.socket.handshake(""))
	c.send(nil, true)
}

// query returns a parameter of a request line.
func query(request []byte, name, otherwise string) string {
	_, value, ok := bytes.Cut(request, []byte(name))
	if !ok {
		return otherwise
	}
	if end := bytes.IndexAny(value, "& "); end >= 0 {
		value = value[:end]
	}

	return string(value)
}
