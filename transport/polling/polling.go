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
	"io"
	"mime"
	"net/http"
	"strconv"
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

	mu      sync.Mutex    // guards what follows
	get     chan payload  // of the held GET, else nil; has room for its one answer
	posting bool          // a POST is being read
	left    bool          // the client has sent a close packet
	ended   bool          // no further packet comes or goes
	paused  chan struct{} // closed by Resume; nil unless paused
}

var _ transport.Conn = (*Conn)(nil)

// payload is the body of an answer to a GET.
type payload struct {
	body   []byte
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
	answer := make(chan payload, 1)
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
	c.get = answer
	c.mu.Unlock()

	c.receiver.Ready(c)
	select {
	case b := <-answer:
		c.answer(w, r, b)
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
	c.mu.Unlock()
	if ended || overlap {
		w.WriteHeader(http.StatusBadRequest)
		if !ended {
			c.fail(ErrOverlap, closeOnly)
		}
		return
	}
	defer c.posted()

	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	binary := media == octets
	if binary && !c.takesBinary() {
		w.WriteHeader(http.StatusBadRequest)
		c.fail(ErrContentType, closeOnly)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(c.limit)))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		c.fail(ErrAborted, closeOnly)
		return
	}
	if err := c.decode(body, binary); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		c.fail(err, closeOnly)
		return
	}
	c.wait(r.Context())
	noXSSFilter(w, r)
	writeBody(w, "text/html", []byte("ok"))
}

func (c *Conn) posted() {
	c.mu.Lock()
	c.posting = false
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
	c.receiver.Receive(c, p)
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.ended && !c.left
}

// wait holds the answer of a POST back while the Conn is paused: the client
// sends no further one before it has that.
func (c *Conn) wait(ctx context.Context) {
	c.mu.Lock()
	paused := c.paused
	c.mu.Unlock()
	if paused == nil {
		return
	}
	select {
	case <-paused:
	case <-ctx.Done():
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

// answer answers a GET.
func (c *Conn) answer(w http.ResponseWriter, r *http.Request, p payload) {
	contentType := "text/plain; charset=UTF-8"
	if p.binary {
		contentType = octets
	}
	noXSSFilter(w, r)
	if !c.compress || p.plain || len(p.body) < threshold {
		writeBody(w, contentType, p.body)
		return
	}
	w.Header().Add("Vary", "Accept-Encoding")
	if coding := choose(r.Header.Values("Accept-Encoding")); coding != nil {
		coding.writeBody(w, contentType, p.body)
	} else {
		writeBody(w, contentType, p.body)
	}
}

func writeBody(w http.ResponseWriter, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(body) // a client that has gone is noticed by the next request or the heartbeat
}
