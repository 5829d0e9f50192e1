package briotest

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
)

// Client is a client of a [Site], which keeps what it gets until the test takes it.
// It can be used as the [client.Socket] that it is, with handlers too. Events of
// other namespaces on the same connection, see [client.Socket.Of], are not kept.
type Client struct {
	*client.Socket
	site *Site

	mu      sync.Mutex // guards what follows
	records []*record
	changed chan struct{} // closed when there is another record
	barrier int           // of the last one that has come
}

// Event is an event that has arrived. If the server wants an acknowledgement, the test
// may give it with Args.Ack.
type Event struct {
	Name string
	Args brio.Args
}

// String returns the name and the arguments, these as JSON.
func (e Event) String() string {
	var args []string
	for i := range e.Args.Len() {
		args = append(args, string(e.Args.Raw(i)))
	}
	return e.Name + "(" + strings.Join(args, ", ") + ")"
}

// record is something that has happened to a client.
type record struct {
	event  Event
	left   brio.Reason // of a disconnect
	failed error       // of an attempt to connect again
	taken  bool
}

func (r *record) String() string {
	text := r.event.String()
	switch {
	case r.left != "":
		text = "disconnected: " + string(r.left)
	case r.failed != nil:
		text = "not connected: " + r.failed.Error()
	}
	const most = 300
	if len(text) > most {
		text = text[:most] + "…"
	}
	if r.taken {
		text += " (taken)"
	}
	return text
}

// barrier is the name of the event behind which nothing is under way.
const barrier = "briotest:barrier"

func (s *Site) newClient(namespace string, config client.Config) *Client {
	c := &Client{site: s, changed: make(chan struct{})}
	config.Engine.Dial = func(context.Context, string, string) (net.Conn, error) { return s.dial(c) }
	if config.Engine.Transports == nil {
		config.Engine.Transports = []string{"websocket"}
	}
	if config.ReconnectDelay == 0 {
		config.ReconnectDelay = 10 * time.Millisecond
	}
	if config.Randomization == 0 {
		config.Randomization = -1
	}
	c.Socket = client.New("http://briotest"+namespace, config)
	c.OnAny(func(_ context.Context, event string, args brio.Args) error {
		if event == barrier {
			return c.passed(args)
		}
		c.add(&record{event: Event{event, args}})
		return nil
	})
	c.OnDisconnect(func(_ context.Context, reason brio.Reason) error {
		c.add(&record{left: reason})
		return nil
	})
	c.OnConnectError(func(_ context.Context, err error) error {
		c.add(&record{failed: err})
		return nil
	})
	return c
}

// enter connects.
func (c *Client) enter(t testing.TB) error {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), Patience, fmt.Errorf("not let in within %v", Patience))
	defer cancel()
	return c.Connect(ctx)
}

// end closes the client, and ends connections of which the server has not heard that.
func (c *Client) end() {
	_ = c.Close()
	c.Drop()
}

func (c *Client) add(r *record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.records = append(c.records, r)
	c.change()
}

// change tells those who wait. It is called with mu held.
func (c *Client) change() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// passed takes a barrier.
func (c *Client) passed(args brio.Args) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := args.Scan(&c.barrier)
	c.change()
	return err
}

// Events returns all events that have arrived, in order, those that the test has taken
// too.
func (c *Client) Events() []Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []Event
	for _, r := range c.records {
		if r.event.Name != "" {
			list = append(list, r.event)
		}
	}
	return list
}

// Drop breaks the client's connection, as a network does: both ends see an error, and
// what was under way is lost. The client comes back by itself, see [Client.Returned].
func (c *Client) Drop() {
	for _, one := range c.site.open() {
		if one.of == c {
			one.Reset()
		}
	}
}

// Silence makes the client's connection lose all data from now on, which neither end
// is told: each finds out when heartbeats fail to come. Connections made later
// work.
func (c *Client) Silence() {
	for _, one := range c.site.open() {
		if one.of == c {
			one.silent.Store(true)
		}
	}
}

// Left waits until the client has left its namespace, as often as that has happened:
// the first call returns the reason of the first time.
func (c *Client) Left(t testing.TB) brio.Reason {
	t.Helper()
	return c.await(t, "disconnect", func(r *record) bool { return r.left != "" }).left
}

// Returned waits until the client has lost its connection, as Left does, and is back in
// its namespace. It returns why it was lost.
func (c *Client) Returned(t testing.TB) brio.Reason {
	t.Helper()
	reason := c.Left(t)
	if err := c.enter(t); err != nil {
		t.Fatalf("briotest: the client does not come back: %v%s", err, c.story())
	}
	return reason
}

// story tells what has happened.
func (c *Client) story() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.records) == 0 {
		return "\nnothing has happened to the client in " + c.Namespace()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nwhat happened to the client in %s:", c.Namespace())
	const most = 20
	if skipped := len(c.records) - most; skipped > 0 {
		fmt.Fprintf(&b, "\n\t(%d more)", skipped)
	}
	for _, r := range c.records[max(0, len(c.records)-most):] {
		fmt.Fprintf(&b, "\n\t%s", r)
	}
	return b.String()
}
