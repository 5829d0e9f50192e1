package load

import (
	"bytes"
	"fmt"
	"strconv"
)

// centrifuge is the JSON protocol of github.com/centrifugal/centrifuge: commands
// and replies, each a line. An echo is an RPC, and what is for the room is sent
// without asking for a reply. The server subscribes a client to its room.
type centrifuge struct{ run *run }

func (d centrifuge) target(c *client) string {
	t := d.run.site.path + "?" + d.run.site.query
	if d.run.plan.rooms {
		t += "room=" + d.run.roomName(c)
	}

	return t
}

func (d centrifuge) opened(c *client) { c.pipe.send([]byte(`{"id":1,"connect":{}}`)) }

func (d centrifuge) message(c *client, p []byte) error {
	for len(p) > 0 {
		var line []byte
		line, p, _ = bytes.Cut(p, []byte("\n"))
		if err := d.reply(c, line); err != nil {
			return err
		}
	}

	return nil
}

func (d centrifuge) reply(c *client, line []byte) error {
	if i := bytes.Index(line, []byte(`"data":"`)); i >= 0 {
		d.run.delivery(c, line[i+len(`"data":"`):])
		return nil
	}
	switch {
	case string(line) == "{}": // ping
		c.pipe.send([]byte("{}"))
	case bytes.HasPrefix(line, []byte(`{"id":1,"connect":`)):
		d.run.joined(c)
	case bytes.Contains(line, []byte(`"error":{`)) || bytes.Contains(line, []byte(`"disconnect":{`)):
		return fmt.Errorf("the server answers %.200q", line)
	}

	return nil
}

func (d centrifuge) appendEcho(dst []byte, s stamp) []byte {
	dst = strconv.AppendUint(append(dst, `{"id":`...), uint64(s.sequence)+2, 10)
	dst = s.append(append(dst, `,"rpc":{"method":"echo","data":"`...), d.run.config.Size)

	return append(dst, `"}}`...)
}

func (d centrifuge) appendPublish(dst []byte, s stamp) []byte {
	return append(s.append(append(dst, `{"send":{"data":"`...), d.run.config.Size), `"}}`...)
}
