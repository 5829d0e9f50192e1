package load

import (
	"errors"
	"fmt"
)

// errPacket is for what a server sends that its protocol does not know.
var errPacket = errors.New("the server breaks the protocol")

// A dialect is how the server is spoken to. What it learns it tells the run:
// joined, lost, delivered.
type dialect interface {
	// target is the path and the query that the client asks for.
	target(c *client) string
	// opened is called when the client's pipe is open.
	opened(c *client)
	// message takes what has come through the pipe. The bytes are borrowed.
	message(c *client, payload []byte) error
	// appendEcho and appendPublish append what is sent to oneself, and to one's
	// room.
	appendEcho(dst []byte, s stamp) []byte
	appendPublish(dst []byte, s stamp) []byte
}

// room is the name of a client's room. Those of one run are no other's.
func (r *run) roomName(c *client) string { return fmt.Sprintf("bench-%s-%d", r.id, c.room) }

// delivery hands over the message that begins with b, of the size all have, and
// goes on with a quote.
func (r *run) delivery(c *client, b []byte) {
	if r.config.Mode == Idle || r.config.Mode == Connect { // which send nothing: it is another run's
		return
	}
	size := r.config.Size
	if len(b) <= size || b[size] != '"' {
		r.ledger.faults.Malformed++
		return
	}
	s, ok := parseStamp(b[:size], size)
	if !ok {
		r.ledger.faults.Malformed++
		return
	}
	r.delivered(c, s)
}
