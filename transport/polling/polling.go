// Package polling is Engine.IO's HTTP long-polling transport (Engine.IO
// protocol v4, "HTTP long-polling"; v3, "Polling").
//
// The client holds a GET, which is answered as soon as something waits for it,
// with everything that waits; it sends with POST. There is at most one of each
// at a time: a second one ends the session. A [Conn] has no goroutine of its
// own; the handlers of its requests are all there is.
package polling

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/briohq/brio/transport"
)

// What ends a Conn, other than an orderly close.
var (
	ErrOverlap     = errors.New("overlap from client")
	ErrAborted     = errors.New("request aborted by the client")
	ErrContentType = errors.New("invalid content type")
)

var (
	noop      = transport.NewText(transport.Noop, "")
	closeOnly = transport.NewText(transport.Close, "")
)

// Conn is the polling transport of one session.
type Conn struct {
	receiver transport.Receiver
	limit    int  // bytes of a POST body
	compress bool // large answers
	format   transport.Format
	callback string // of a JSONP client, else empty

	mu      sync.Mutex          // guards what follows
	get     chan payload        // of the held GET, else nil; has room for its one answer
	spare   chan payload        // of the last one, for the next, once that has got its answer
	posting bool                // a POST is being read
	left    bool                // the client has sent a close packet
	ended   bool                // no further packet comes or goes
	hurried bool                // there is a deadline for writing large
	body    http.ResponseWriter // of the POST whose body is being read, else nil
	large   http.ResponseWriter // of the GET whose large answer is being written, else nil
	paused  chan struct{}       // closed by Resume; nil unless paused
}

var _ transport.Conn = (*Conn)(nil)

// payload is the body of an answer to a GET.
type payload struct {
	body   *buffer
	binary bool
	plain  bool // not to be compressed
}

// New returns a Conn that pushes into receiver and refuses POST bodies of more
// than limit bytes. If compress is set, answers of 1024 bytes and more are
// compressed for clients that accept that, unless none of their frames may be.
// It becomes ready with its first GET.
func New(receiver transport.Receiver, limit int, compress bool) *Conn {
	return &Conn{receiver: receiver, limit: limit, compress: compress}
}

// Name returns "polling".
func (c *Conn) Name() string { return "polling" }

// ServeHTTP answers one GET or POST of the session.
func (c *Conn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		c.serveGet(w, r)
	case http.MethodPost:
		c.servePost(w, r)
	default:
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// serveGet holds the request until there is something to answer.
func (c *Conn) serveGet(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	switch {
	case c.ended:
		c.mu.Unlock()
		w.WriteHeader(http.StatusBadRequest)
		return
	case c.get != nil:
		c.mu.Unlock()
		w.WriteHeader(http.StatusBadRequest)
		c.fail(ErrOverlap, closeOnly)
		return
	}
	answer := c.spare
	c.spare = nil
	if answer == nil {
		answer = make(chan payload, 1)
	}
	c.get = answer
	c.mu.Unlock()

	c.receiver.Ready(c)
	select {
	case p := <-answer:
		c.mu.Lock()
		c.spare = answer
		c.mu.Unlock()
		c.deliver(w, r, p)
		p.body.free()
	case <-r.Context().Done():
		c.abandon(answer)
	}
}

// abandon ends the Conn because the client has given up a GET, unless that was
// answered meanwhile: then the client has gone without hearing the answer,
// which it is for the heartbeat to notice.
func (c *Conn) abandon(answer chan payload) {
	c.mu.Lock()
	held := c.get == answer
	if held {
		c.get = nil
	}
	c.mu.Unlock()
	if held {
		c.fail(ErrAborted, nil)
	}
}

func (c *Conn) servePost(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	ended, overlap := c.ended, c.posting
	c.posting = true
	if !ended && !overlap {
		c.body = w
	}
	c.mu.Unlock()
	if ended || overlap {
		w.WriteHeader(http.StatusBadRequest)
		if !ended {
			c.fail(ErrOverlap, closeOnly)
		}
		return
	}
	defer c.posted()

	binary := isBinary(r.Header.Get("Content-Type"))
	if binary && !c.takesBinary() {
		w.WriteHeader(http.StatusBadRequest)
		c.fail(ErrContentType, closeOnly)
		return
	}
	if err := c.take(w, r, binary); err != nil {
		c.refuse(w, err)
		return
	}
	_ = c.wait(r.Context()) // nobody is there for the answer then
	noXSSFilter(w, r)
	writeBody(w, typeHTML, okay)
}

// take pushes the packets of a POST, each when the Conn is not paused: many small
// ones take far more memory where they wait than the body does. A client that goes
// before all have been pushed ends the Conn. It lets go of the body when it returns,
// before the answer waits for anything.
func (c *Conn) take(w http.ResponseWriter, r *http.Request, binary bool) error {
	body := newBuffer()
	defer body.free()
	err := body.read(http.MaxBytesReader(w, r.Body, int64(c.limit)))
	c.bodyRead()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAborted, err)
	}
	var gone error
	err = c.decode(body.b, binary, func(p transport.Packet) bool {
		gone = c.wait(r.Context())
		return gone == nil && c.receive(p)
	})
	return errors.Join(gone, err)
}

// refuse answers a POST that could not be taken. One that is too large harms
// nothing else, any other ends the Conn.
func (c *Conn) refuse(w http.ResponseWriter, err error) {
	if errors.As(err, new(*http.MaxBytesError)) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	w.WriteHeader(http.StatusBadRequest)
	c.fail(err, closeOnly)
}

func (c *Conn) posted() {
	c.mu.Lock()
	c.posting, c.body = false, nil
	c.mu.Unlock()
}

// receive pushes one packet and reports whether the next may follow. After a
// close packet none does.
func (c *Conn) receive(p transport.Packet) bool {
	if p.Type == transport.Close {
		c.mu.Lock()
		c.left = true
		c.mu.Unlock()
	}
	c.mu.Lock()
	ended := c.ended
	c.mu.Unlock()
	if ended {
		return false // while the packet waited
	}
	c.receiver.Receive(c, p)
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.ended && !c.left
}

// wait holds a POST back while the Conn is paused: the client sends no further one
// before it has the answer. It fails if the client goes meanwhile.
func (c *Conn) wait(ctx context.Context) error {
	c.mu.Lock()
	paused := c.paused
	c.mu.Unlock()
	if paused == nil {
		return nil
	}
	select {
	case <-paused:
		return nil
	case <-ctx.Done():
		return ErrAborted
	}
}

// fail ends the Conn from the client's side and tells the receiver why.
func (c *Conn) fail(err error, last *transport.Frame) {
	if c.end(last) {
		c.receiver.Closed(c, err)
	}
}

// end ends the Conn, answers the held GET with last, and reports whether it
// had not ended before.
func (c *Conn) end(last *transport.Frame) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	c.ended = true
	c.cut()
	if c.get != nil && last != nil {
		c.get <- c.encode([]*transport.Frame{last})
		c.get = nil
	}
	if c.paused != nil {
		close(c.paused)
		c.paused = nil
	}
	return true
}

// Write answers the held GET with frames. The Conn is ready again with the
// next GET.
func (c *Conn) Write(frames []*transport.Frame) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.get != nil {
		c.get <- c.encode(frames)
		c.get = nil
	}
	return false
}

// Close answers the held GET with frames and a close packet: with a noop if it
// was the client that closed.
func (c *Conn) Close(frames []*transport.Frame) {
	c.mu.Lock()
	last := closeOnly
	if c.left {
		last = noop
	}
	c.mu.Unlock()
	c.Write(append(frames[:len(frames):len(frames)], last))
	c.end(nil)
}

// Abort ends the Conn, with a close packet for the held GET.
func (c *Conn) Abort() { c.end(closeOnly) }

// Release ends the Conn, with a noop packet for the held GET: the session has
// changed to another transport.
func (c *Conn) Release() { c.end(noop) }

// Pause makes POST requests wait for Resume before they are answered.
func (c *Conn) Pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.paused == nil && !c.ended {
		c.paused = make(chan struct{})
	}
}

// Resume ends a Pause.
func (c *Conn) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.paused != nil {
		close(c.paused)
		c.paused = nil
	}
}
