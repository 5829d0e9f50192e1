package polling

import (
	"net/http"
	"time"
)

// A client that sends the body of a POST slowly, or does not read an answer, is
// found out by the heartbeat; but what ends its session does not end the request,
// which net/http keeps for as long as it has no timeouts. So the requests of a Conn
// that may wait for their client are known, and are cut when it has ended.

const (
	// buffered is how many bytes of an answer net/http takes without writing them.
	buffered = 2 << 10
	// lastTimeout is how long a client may take to read an answer, from when its
	// session has ended.
	lastTimeout = 5 * time.Second
)

// cut has the requests end that wait for their client. It is called with mu held,
// when the Conn has ended.
func (c *Conn) cut() {
	if c.body != nil {
		_ = http.NewResponseController(c.body).SetReadDeadline(time.Unix(1, 0)) // what can't be cut has to have a timeout of its own
	}
	if c.large != nil {
		c.hurry(c.large)
	}
}

// hurry bounds the writing of an answer. It is called with mu held.
func (c *Conn) hurry(w http.ResponseWriter) {
	c.hurried = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(lastTimeout)) == nil
}

// bodyRead says that a POST waits for its client no more.
func (c *Conn) bodyRead() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.body = nil
}

// deliver answers a GET.
func (c *Conn) deliver(w http.ResponseWriter, r *http.Request, p payload) {
	if len(p.body.b) >= buffered && !timed(r) {
		c.mu.Lock()
		c.large = w
		if c.ended {
			c.hurry(w)
		}
		c.mu.Unlock()
		defer c.delivered(w)
	}
	c.answer(w, r, p)
}

// delivered lets an answer go that has left. Its connection has further ones.
func (c *Conn) delivered(w http.ResponseWriter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.large = nil
	if c.hurried {
		c.hurried = false
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // as it was
	}
}

// timed reports whether the server bounds the writing of answers itself.
func timed(r *http.Request) bool {
	s, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
	return ok && s.WriteTimeout > 0
}
