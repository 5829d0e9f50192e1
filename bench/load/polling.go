package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// A longPoll is a pipe of HTTP requests (Engine.IO protocol, "HTTP
// long-polling"): on one connection a GET always waits for messages, on another
// a POST carries those of the client.
type longPoll struct {
	client   *client
	down, up exchange
	target   string
	queue    []byte // for the next POST
}

// separator stands between the packets of one body.
const separator = 0x1e

func dialLongPoll(c *client) (*longPoll, error) {
	p := &longPoll{client: c, target: c.run.dialect.target(c)}
	p.down = exchange{pipe: p, answered: p.handshake}
	p.up = exchange{pipe: p, answered: p.posted}

	return p, p.down.ask("GET", nil)
}

func (p *longPoll) handshake(body []byte) error {
	var open struct {
		SID string `json:"sid"`
	}
	if len(body) == 0 || body[0] != '0' || json.Unmarshal(body[1:], &open) != nil || open.SID == "" {
		return fmt.Errorf("%w: %.100q for a handshake", errPacket, body)
	}
	p.target += "&sid=" + open.SID
	p.down.answered = p.polled
	if err := p.polled(body); err != nil {
		return err
	}

	return nil
}

// polled takes the messages of a GET, and begins the next.
func (p *longPoll) polled(body []byte) error {
	for more := true; more; {
		var packet []byte
		packet, body, more = bytes.Cut(body, []byte{separator})
		if err := p.client.run.dialect.message(p.client, packet); err != nil {
			return err
		}
		if p.client.gone {
			return nil
		}
	}

	return p.down.ask("GET", nil)
}

// posted sends what has gathered since the last POST.
func (p *longPoll) posted([]byte) error {
	if len(p.queue) == 0 {
		return nil
	}
	err := p.up.ask("POST", p.queue)
	p.queue = p.queue[:0]

	return err
}

func (p *longPoll) send(payload []byte) {
	if len(p.queue) > 0 {
		p.queue = append(p.queue, separator)
	}
	p.queue = append(p.queue, payload...)
	var err error
	if len(p.queue) > maxWaiting {
		err = errNotReading
	} else if !p.up.busy {
		err = p.posted(nil)
	}
	if err != nil {
		p.fail(err)
	}
}

func (p *longPoll) backlog() int { return len(p.queue) }

func (p *longPoll) close() {
	p.down.close()
	p.up.close()
}

func (p *longPoll) fail(err error) {
	p.close()
	p.client.run.lost(p.client, err)
}

// An exchange is one request after the other, on one connection as long as it
// lasts.
type exchange struct {
	pipe     *longPoll
	answered func(body []byte) error
	conn     *conn
	request  []byte // that could not be written yet
	busy     bool
}

func (x *exchange) ask(method string, body []byte) error {
	r := x.pipe.client.run
	x.busy = true
	x.request = fmt.Appendf(x.request[:0], "%s %s HTTP/1.1\r\nHost: %s\r\n%s", method, x.pipe.target, r.site.host, r.site.header)
	if method == "POST" {
		x.request = fmt.Appendf(x.request, "Content-Type: text/plain;charset=UTF-8\r\nContent-Length: %d\r\n", len(body))
	}
	x.request = append(append(x.request, "\r\n"...), body...)
	if x.conn == nil {
		conn, err := r.loop.dial(r.site.address, x)
		x.conn = conn
		return err
	}
	x.write()

	return nil
}

func (x *exchange) write() {
	if !x.conn.opening {
		x.conn.out = append(x.conn.out, x.request...)
		x.conn.touch()
	}
}

func (x *exchange) opened() { x.write() }

func (x *exchange) feed(b []byte) (used int, err error) {
	answer, ok, err := parseResponse(b)
	if err != nil || !ok {
		return 0, err
	}
	switch {
	case !x.busy:
		return 0, errors.New("the server answers what was not asked")
	case answer.status != 200:
		return 0, fmt.Errorf("HTTP %d %.200q", answer.status, answer.body)
	}
	x.busy = false
	if answer.last {
		x.close()
	}

	return answer.size, x.answered(answer.body)
}

// ended forgets a connection. A server may end one that is not used.
func (x *exchange) ended(err error) {
	x.conn = nil
	if x.busy {
		x.pipe.fail(err)
	}
}

func (x *exchange) close() {
	if x.conn != nil {
		x.conn.close()
		x.conn = nil
	}
}
