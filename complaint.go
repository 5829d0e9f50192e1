package brio

import (
	"encoding/json"

	"github.com/briohq/brio/internal/jsonfield"
	"github.com/briohq/brio/protocol"
)

// Failed is what a client gets when an event of its own has been refused for which it
// had asked no acknowledgement, see [Config].NoErrorEvents.
const Failed Event[Failure] = "error"

// Failure says which event was refused, and with which [Error].
type Failure struct {
	Event string `json:"event"` // its name, at most 64 bytes of it
	Error struct {
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data,omitempty"`
	} `json:"error"`
}

// complaint is a Failure as it is sent.
type complaint struct {
	Event string  `json:"event"`
	Error refusal `json:"error"`
}

// The bounds of a complaint, in bytes. One that would be larger is sent without the
// error's data.
const (
	maxComplaint = 8 << 10
	maxMessage   = 1 << 10
)

// complain tells the client of an event that has failed, if it asked for no
// acknowledgement of it. That is one packet for one, smaller than a bound, and none for
// an event of the same name, lest two that answer each other's errors do so forever.
// Recovery doesn't keep it: who was not there has no use for it.
func (s *Socket) complain(event string, e *Error) {
	server := s.namespace.server
	if server.config.NoErrorEvents || event == string(Failed) {
		return
	}
	c := complaint{jsonfield.Cut(event, 64), refusal(*e)}
	p, err := s.complaint(c)
	if err != nil {
		s.log("error data", err, "event", c.Event)
	}
	if err != nil || size(p) > maxComplaint {
		c.Error = refusal{Message: jsonfield.Cut(e.Message, maxMessage)}
		if p, err = s.complaint(c); err != nil {
			return
		}
	}
	frames, err := server.encode(p)
	if err != nil {
		return
	}
	s.namespace.hear(p, []*Socket{s})
	if s.queue(frames, s.when()|server.config.SlowClient.sending(), nil) == nil { // else it has gone
		s.namespace.emitted(string(Failed), p, 1)
	}
}

// complaint returns the packet. What the application put into the error may panic when
// it is encoded.
func (s *Socket) complaint(c complaint) (p *protocol.Packet, err error) {
	err = s.guard("error data", func() (err error) {
		p, err = s.namespace.newEvent(string(Failed), []any{c})
		return err
	})
	return p, err
}
