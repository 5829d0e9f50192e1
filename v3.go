package brio

import (
	"net/url"
	"strings"

	"github.com/briohq/brio/engine"
	"github.com/briohq/brio/internal/jsonstring"
	"github.com/briohq/brio/protocol"
	"github.com/briohq/brio/transport"
)

// This file has what is different for clients of Socket.IO 2, which speak
// Engine.IO 3 and Socket.IO protocol 4: they are in the main namespace from the
// start, bring a query instead of auth, and know their sockets' ids beforehand.

// maxName is the length of a namespace's name in bytes, as in [protocol.Limits];
// maxQuery is that of a name with its query.
const (
	maxName  = 512
	maxQuery = 8 << 10
)

// old reports whether the client is one of them.
func (c *connection) old() bool { return c.brief.revision == transport.V3 }

// Opened lets an old client into the main namespace, which it does not ask for.
func (c *connection) Opened() {
	if c.old() {
		c.connect(&protocol.Packet{Type: protocol.Connect, Namespace: "/"})
	}
}

// split takes the query of an old client from the namespace that it has been
// added to, and makes it the auth object of a CONNECT. It reports whether the
// name is short enough.
func (c *connection) split(p *protocol.Packet) bool {
	name, query, _ := strings.Cut(p.Namespace, "?")
	p.Namespace = name
	if p.Type == protocol.Connect {
		p.Data = appendQuery(nil, query)
	}
	return len(name) <= maxName
}

// appendQuery appends a URL's query as a JSON object of strings, nothing if it
// is empty. What is no valid escape stands for itself, as in the browsers' URL.
func appendQuery(dst []byte, query string) []byte {
	separator := byte('{')
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		dst = append(dst, separator)
		dst = jsonstring.Append(dst, unescape(key))
		dst = append(dst, ':')
		dst = jsonstring.Append(dst, unescape(value))
		separator = ','
	}
	if separator == ',' {
		dst = append(dst, '}')
	}
	return dst
}

func unescape(s string) string {
	if text, err := url.QueryUnescape(s); err == nil {
		s = text
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// newID returns the id of a new socket. An old client makes it up itself, of the
// session's, which is no secret then.
func (c *connection) newID(namespace string) string {
	switch {
	case !c.old():
		return engine.NewID()
	case namespace == "/":
		return c.session.ID()
	default:
		return namespace + "#" + c.session.ID()
	}
}

// greeting returns the payload of the answer to a CONNECT: none for an old client,
// which knows its id.
func (c *connection) greeting(payload any) []any {
	if c.old() {
		return nil
	}
	return []any{payload}
}

// explain returns the payload of a CONNECT_ERROR.
func (c *connection) explain(e *Error) any {
	switch {
	case !c.old():
		return refusal(*e)
	case e.Data != nil && c.server.config.Codec == nil: // their MessagePack parser takes a string only
		return e.Data
	default:
		return e.Message
	}
}

// turn keeps the sockets apart that an old client has, one after the other, in
// the same namespace: they have the same id, so that the work of each must be
// done before that of the next begins.
type turn struct {
	before <-chan struct{} // closed when it has come, nil if it has at once
	over   chan struct{}
}

// turns are those of a connection: the last one in each namespace, and that of
// each socket.
type turns struct {
	last map[string]*turn
	of   map[*Socket]*turn
}

// queue gives a socket its turn. It is called with mu held.
func (c *connection) queue(s *Socket) {
	if !c.old() {
		return
	}
	name := s.namespace.name
	if c.turns == nil {
		c.turns = &turns{last: map[string]*turn{}, of: map[*Socket]*turn{}}
	}
	one := &turn{over: make(chan struct{})}
	if last := c.turns.last[name]; last != nil {
		one.before = last.over
	}
	c.turns.last[name], c.turns.of[s] = one, one
}

// turn returns the turn of a socket, nil if it need not wait for any.
func (c *connection) turn(s *Socket) *turn {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.turns == nil {
		return nil
	}
	return c.turns.of[s]
}

// await returns when a socket's turn has come.
func (s *Socket) await() {
	if one := s.connection.turn(s); one != nil && one.before != nil {
		<-one.before
	}
}

// pass ends a socket's turn.
func (c *connection) pass(s *Socket) {
	one := c.turn(s)
	if one == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.turns.last[s.namespace.name] == one {
		delete(c.turns.last, s.namespace.name)
	}
	delete(c.turns.of, s)
	close(one.over)
}
