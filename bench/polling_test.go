package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"testing"
)

func BenchmarkPolling(b *testing.B) {
	s := start(b)
	s.echoes()
	c := poll(b, s.address)
	post := c.post(echoed)
	b.ReportAllocs()
	for b.Loop() {
		c.send(b, c.down, c.get)
		c.send(b, c.up, post)
		if body := c.receive(b, c.down); len(body) != len(echoed) {
			b.Fatalf("came %q", body)
		}
		c.receive(b, c.up)
	}
}

// poller is a long-polling client with a connection for its GET requests and
// another for its POST requests. It allocates nothing once it is connected.
type poller struct {
	address  string
	path     string
	get      []byte
	down, up *bufio.ReadWriter
	body     []byte
}

// poll connects a poller, which lives as long as b, and joins the main
// namespace.
func poll(b *testing.B, address string) *poller {
	b.Helper()
	c := &poller{address: address, body: make([]byte, bufferSize)}
	c.down, c.up = c.open(b), c.open(b)

	c.aim("/socket.io/?EIO=4&transport=polling")
	c.send(b, c.down, c.get)
	_, rest, ok := bytes.Cut(c.receive(b, c.down), []byte(`0{"sid":"`))
	id, _, _ := bytes.Cut(rest, []byte(`"`))
	if !ok {
		b.Fatal("no session id")
	}
	c.aim(c.path + "&sid=" + string(id))
	c.send(b, c.up, c.post("40"))
	c.receive(b, c.up)
	c.send(b, c.down, c.get)
	if body := c.receive(b, c.down); !bytes.HasPrefix(body, []byte(`40{"sid":`)) {
		b.Fatalf("came %q", body)
	}
	return c
}

func (c *poller) open(b *testing.B) *bufio.ReadWriter {
	b.Helper()
	nc, err := net.Dial("tcp", c.address)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { nc.Close() })
	return bufio.NewReadWriter(bufio.NewReader(nc), bufio.NewWriter(nc))
}

func (c *poller) aim(path string) {
	c.path = path
	c.get = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, c.address)
}

func (c *poller) post(body string) []byte {
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: %d\r\n\r\n%s",
		c.path, c.address, len(body), body)
}

func (c *poller) send(b *testing.B, on *bufio.ReadWriter, request []byte) {
	_, err := on.Write(request)
	if err == nil {
		err = on.Flush()
	}
	if err != nil {
		b.Fatal(err)
	}
}

// receive returns the body of the next answer, which is valid until the next
// call.
func (c *poller) receive(b *testing.B, on *bufio.ReadWriter) []byte {
	length, first := 0, true
	for {
		line, err := on.ReadSlice('\n')
		if err != nil {
			b.Fatal(err)
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
			b.Fatalf("answered with %q", line)
		}
		first = false
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			length, _ = strconv.Atoi(string(value))
		}
	}
	if length > len(c.body) {
		b.Fatalf("a body of %d bytes", length)
	}
	if _, err := io.ReadFull(on, c.body[:length]); err != nil {
		b.Fatal(err)
	}
	return c.body[:length]
}
