package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/briohq/brio/transport"
)

type answer struct {
	status int
	header http.Header
	body   string
	close  bool // the connection
	err    error
}

func (a answer) is(t *testing.T, status int, body string) {
	t.Helper()
	if a.err != nil || a.status != status || a.body != body {
		t.Errorf("answer %d %q, error %v; want %d %q", a.status, a.body, a.err, status, body)
	}
}

// request makes one HTTP request; the headers are pairs.
func request(h *httptest.Server, method, query, body string, headers ...string) answer {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, h.URL+"/?"+query, strings.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := h.Client().Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(b), response.Close, err}
}

// poller is a client on long-polling.
type poller struct {
	h  *httptest.Server
	id string
}

const newPoll = "EIO=4&transport=polling"

func fetch(t *testing.T, h *httptest.Server) poller {
	t.Helper()
	a := request(h, "GET", newPoll, "")
	if a.err != nil || a.status != 200 {
		t.Fatalf("handshake: %+v", a)
	}
	return poller{h, sid(t, a.body)}
}

func sid(t *testing.T, open string) string {
	t.Helper()
	var handshake struct{ Sid string }
	if err := json.Unmarshal([]byte(strings.TrimPrefix(open, "0")), &handshake); err != nil || handshake.Sid == "" {
		t.Fatalf("open packet %q: %v", open, err)
	}
	return handshake.Sid
}

func (p poller) query() string { return newPoll + "&sid=" + p.id }

func (p poller) get() answer { return request(p.h, "GET", p.query(), "") }

// hold begins a GET and returns when the session has it.
func (p poller) hold(t *testing.T, l *layer) <-chan answer {
	t.Helper()
	got := make(chan answer, 1)
	go func() { got <- p.get() }()
	until(t, func() bool {
		l.session.mu.Lock()
		defer l.session.mu.Unlock()
		return l.session.ready
	})
	return got
}

func (p poller) post(body string) answer { return request(p.h, "POST", p.query(), body) }

// cable is a client on a WebSocket.
type cable struct {
	net.Conn
	in io.Reader
}

func connect(h *httptest.Server, query string) (*cable, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	nc, buffered, _, err := ws.Dial(ctx, "ws"+strings.TrimPrefix(h.URL, "http")+"/?"+query)
	if err != nil {
		return nil, err
	}
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	c := &cable{nc, nc}
	if buffered != nil {
		early, _ := buffered.Peek(buffered.Buffered())
		c.in = io.MultiReader(bytes.NewReader(bytes.Clone(early)), nc)
		ws.PutReader(buffered)
	}
	return c, nil
}

func dial(t *testing.T, h *httptest.Server, query string) *cable {
	t.Helper()
	c, err := connect(h, query)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func (c *cable) say(packet string) error {
	return ws.WriteFrame(c, ws.MaskFrameInPlace(ws.NewTextFrame([]byte(packet))))
}

// hear returns the next packet, or what has ended the connection.
func (c *cable) hear() string {
	f, err := ws.ReadFrame(c.in)
	switch {
	case err != nil:
		return fmt.Sprintf("error: %v", err)
	case f.Header.OpCode == ws.OpClose:
		return "close frame"
	case f.Header.OpCode == ws.OpBinary:
		return "b" + string(f.Payload)
	}
	return string(f.Payload)
}

func (c *cable) hears(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := c.hear(); got != w {
			t.Fatalf("heard %q, want %q", got, w)
		}
	}
}

// packets splits a payload.
func packets(body string) []string { return strings.Split(body, "\x1e") }

// until waits for what another goroutine is about to bring about.
func until(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !done(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
	}
}

func binary(b string) []*transport.Frame { return []*transport.Frame{transport.NewBinary([]byte(b))} }
