package briotest

import (
	"sync/atomic"
	"time"

	"github.com/briohq/brio/internal/memnet"
)

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// conn is the client's end of a connection.
type conn struct {
	*memnet.Conn
	site   *Site
	of     *Client // nil for none
	silent atomic.Bool
}

// Read reads what has arrived. On a silent connection nothing does.
func (c *conn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if err != nil || !c.silent.Load() {
			return n, err
		}
	}
}

// Write writes. On a silent connection it is lost.
func (c *conn) Write(b []byte) (int, error) {
	if c.silent.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// Close closes the connection. Of a silent one, the server does not hear even that.
func (c *conn) Close() error {
	if c.silent.Load() {
		_ = c.Conn.SetDeadline(past)
		return nil
	}
	c.site.forget(c)
	return c.Conn.Close()
}

// Reset breaks the connection.
func (c *conn) Reset() {
	c.site.forget(c)
	c.Conn.Reset()
}
