package main

import (
	"net/http"

	"github.com/briohq/brio/engine"
	"github.com/briohq/brio/transport"
)

// engineEcho returns the server that the Engine.IO suites expect: every message
// comes back as it was sent.
func (c command) engineEcho() *engine.Server {
	return engine.NewServer(engine.Config{
		PingInterval: c.PingInterval,
		PingTimeout:  c.PingTimeout,
		MaxPayload:   c.MaxPayload,
		AllowEIO3:    c.EIO3,
		Origins:      c.Origin,
		Deflate:      c.deflate(),
		Logger:       logger(),
		Open: func(s *engine.Session, _ *http.Request) engine.Receiver {
			return echo{s}
		},
	})
}

// echo sends each message of a session back to it.
type echo struct{ session *engine.Session }

func (e echo) Message(data []byte, binary bool) {
	frame := transport.NewText(transport.Message, string(data))
	if binary {
		frame = transport.NewBinary(data)
	}
	_ = e.session.Send([]*transport.Frame{frame}, 0) // refused if the session has closed: so be it
}

func (e echo) Closed(engine.Reason) {}
