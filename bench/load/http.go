package load

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// maxHead is the largest head of an answer, in bytes.
const maxHead = 64 << 10

var errResponse = errors.New("not an answer in HTTP/1.1")

// A response is an answer to an HTTP request (RFC 9112), or its head.
type response struct {
	status int
	body   []byte // borrowed
	size   int    // of all of it
	length int    // of the body, -1 if it is in chunks
	last   bool   // the server closes the connection
}

// parseResponse reads the answer that b begins with. It is ok once all of it is
// there.
func parseResponse(b []byte) (r response, ok bool, err error) {
	r, ok, err = parseHead(b)
	if err != nil || !ok {
		return r, false, err
	}
	if r.length < 0 {
		return r.chunks(b)
	}
	if r.length > len(b)-r.size {
		return r, false, nil
	}
	r.body = b[r.size : r.size+r.length]
	r.size += r.length

	return r, true, nil
}

// parseHead reads the head alone.
func parseHead(b []byte) (r response, ok bool, err error) {
	end := bytes.Index(b[:min(len(b), maxHead)], []byte("\r\n\r\n"))
	if end < 0 {
		if len(b) >= maxHead {
			err = fmt.Errorf("%w: a head of more than %d bytes", errResponse, maxHead)
		}
		return r, false, err
	}
	r.size = end + 4
	line, rest, _ := bytes.Cut(b[:end], []byte("\r\n"))
	status, ok := bytes.CutPrefix(line, []byte("HTTP/1.1 "))
	if !ok || len(status) < 3 {
		return r, false, fmt.Errorf("%w: %.60q", errResponse, line)
	}
	if r.status, err = strconv.Atoi(string(status[:3])); err != nil {
		return r, false, fmt.Errorf("%w: %.60q", errResponse, line)
	}
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		if err := r.field(line); err != nil {
			return r, false, err
		}
	}

	return r, true, nil
}

func (r *response) field(line []byte) error {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimSpace(value)
	switch {
	case bytes.EqualFold(name, []byte("Content-Length")):
		n, err := strconv.ParseUint(string(value), 10, 31)
		if err != nil || n >= readBuffer {
			return fmt.Errorf("%w: a body of %.20q bytes", errResponse, value)
		}
		r.length = int(n)
	case bytes.EqualFold(name, []byte("Transfer-Encoding")):
		r.length = -1
	case bytes.EqualFold(name, []byte("Connection")):
		r.last = bytes.EqualFold(value, []byte("close"))
	}

	return nil
}

// chunks reads a body in chunks (section 7.1), whose trailer must be empty.
func (r response) chunks(b []byte) (response, bool, error) {
	var body []byte
	rest := b[r.size:]
	for {
		line, after, ok := bytes.Cut(rest, []byte("\r\n"))
		if !ok {
			return r, false, nil
		}
		size, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseUint(string(bytes.TrimSpace(size)), 16, 31)
		if err != nil || n >= readBuffer {
			return r, false, fmt.Errorf("%w: a chunk of %.20q bytes", errResponse, size)
		}
		if len(after) < int(n)+2 {
			return r, false, nil
		}
		body = append(body, after[:n]...)
		rest = after[n+2:]
		if n == 0 {
			r.body, r.size = body, len(b)-len(rest)
			return r, true, nil
		}
	}
}
