package main

import (
	"bytes"
	"fmt"
)

// A poll is how a socket that polls is reached.
type poll struct {
	queue   []byte // packets that no request has taken
	waiting *conn  // whose GET has no answer yet
}

// poll handles a request without an upgrade.
func (s *server) poll(c *conn, request, body []byte) {
	sid := query(request, "sid=", "")
	k := s.polls[sid]
	switch {
	case sid == "":
		k = s.newSocket(query(request, "room=", "room"))
		k.poll = &poll{}
		s.polls[k.sid()] = k
		c.answer(k.handshake(`"websocket"`))
	case k == nil:
		c.out = append(c.out, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"...)
		c.send(nil, true)
	case bytes.HasPrefix(request, []byte("POST ")):
		for more := true; more; {
			var p []byte
			p, body, more = bytes.Cut(body, []byte{separator})
			k.message(s, p)
		}
		c.answer([]byte("ok"))
	default:
		k.poll.waiting = c
		k.poll.flush()
	}
}

// separator stands between the packets of one body.
const separator = 0x1e

func (p *poll) send(packet []byte) {
	if len(p.queue) > 0 {
		p.queue = append(p.queue, separator)
	}
	p.queue = append(p.queue, packet...)
	p.flush()
}

func (p *poll) flush() {
	if p.waiting == nil || p.waiting.closed || len(p.queue) == 0 {
		return
	}
	p.waiting.answer(p.queue)
	p.waiting, p.queue = nil, p.queue[:0]
}

func (c *conn) answer(body []byte) {
	c.out = fmt.Appendf(c.out, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: %d\r\n\r\n", len(body))
	c.out = append(c.out, body...)
	c.send(nil, true)
}
