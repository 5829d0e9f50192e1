package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// socketIO is Socket.IO protocol 5 on Engine.IO protocol 4, by hand.
type socketIO struct {
	run       *run
	transport string
	namespace string // as packets have it: "" or "/name,"
	auth      []byte

	// What the packets that matter begin with, as servers write them.
	msg, echo []byte
}

func newSocketIO(r *run) *socketIO {
	d := &socketIO{run: r, transport: "websocket", auth: r.config.Auth}
	if r.config.Mode == Polling {
		d.transport = "polling"
	}
	if r.site.namespace != "" {
		d.namespace = r.site.namespace + ","
	}
	d.msg = []byte("42" + d.namespace + `["msg","`)
	d.echo = []byte("42" + d.namespace + `["echo","`)

	return d
}

func (d *socketIO) target(c *client) string {
	t := d.run.site.path + "?" + d.run.site.query + "EIO=4&transport=" + d.transport
	if d.run.plan.rooms {
		t += "&room=" + d.run.roomName(c)
	}

	return t
}

// opened does nothing: the server speaks first.
func (d *socketIO) opened(*client) {}

func (d *socketIO) message(c *client, p []byte) error {
	if len(p) == 0 {
		return fmt.Errorf("%w: an empty packet", errPacket)
	}
	switch p[0] {
	case '0': // open
		c.pipe.send(append([]byte("40"+d.namespace), d.auth...))
	case '1': // close
		return fmt.Errorf("the server closed the session")
	case '2': // ping
		c.pipe.send([]byte("3"))
	case '4': // message
		return d.packet(c, p)
	case '6', 'b': // noop, an attachment
	default:
		return fmt.Errorf("%w: %.40q", errPacket, p)
	}

	return nil
}

// packet takes a Socket.IO packet, with the 4 before it.
func (d *socketIO) packet(c *client, p []byte) error {
	if len(p) < 2 {
		return fmt.Errorf("%w: %q", errPacket, p)
	}
	switch p[1] {
	case '0': // CONNECT
		if _, ok := d.mine(p); ok {
			d.run.joined(c)
		}
	case '1': // DISCONNECT
		return fmt.Errorf("the server disconnected the socket")
	case '2': // EVENT
		d.event(c, p)
	case '3': // ACK
		d.acknowledged(c, p)
	case '4': // CONNECT_ERROR
		return fmt.Errorf("the server refuses the namespace: %.200q", p[2:])
	}

	return nil
}

// mine returns what follows the type and the namespace of a packet, false if it
// is of another namespace than the clients are in.
func (d *socketIO) mine(p []byte) (rest []byte, ok bool) {
	if d.namespace == "" {
		return p[2:], len(p) == 2 || p[2] != '/'
	}
	return bytes.CutPrefix(p[2:], []byte(d.namespace))
}

func (d *socketIO) event(c *client, p []byte) {
	if rest, ok := bytes.CutPrefix(p, d.msg); ok {
		d.run.delivery(c, rest)
		return
	}
	if rest, ok := bytes.CutPrefix(p, d.echo); ok {
		d.run.delivery(c, rest)
		return
	}
	// Written otherwise, or something else.
	rest, ok := d.mine(p)
	if !ok {
		return
	}
	var name, text string
	var list []json.RawMessage
	if json.Unmarshal(bytes.TrimLeft(rest, digits[:10]), &list) != nil || len(list) == 0 || json.Unmarshal(list[0], &name) != nil {
		d.run.ledger.faults.Malformed++
		return
	}
	if name != "msg" && name != "echo" {
		return
	}
	if len(list) == 1 || json.Unmarshal(list[1], &text) != nil {
		d.run.ledger.faults.Malformed++
		return
	}
	d.run.delivery(c, []byte(text+`"`))
}

func (d *socketIO) acknowledged(c *client, p []byte) {
	rest, ok := d.mine(p)
	if !ok {
		return
	}
	rest, ok = bytes.CutPrefix(bytes.TrimLeft(rest, digits[:10]), []byte(`["`))
	if !ok {
		d.run.ledger.faults.Malformed++
		return
	}
	d.run.delivery(c, rest)
}

func (d *socketIO) appendEcho(dst []byte, s stamp) []byte {
	dst = append(append(dst, "42"...), d.namespace...)
	if d.run.config.Ack {
		dst = strconv.AppendUint(dst, uint64(s.sequence), 10)
	}

	return append(s.append(append(dst, `["echo","`...), d.run.config.Size), `"]`...)
}

func (d *socketIO) appendPublish(dst []byte, s stamp) []byte {
	dst = append(append(append(dst, "42"...), d.namespace...), `["pub","`...)

	return append(s.append(dst, d.run.config.Size), `"]`...)
}
