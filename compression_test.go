package brio_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio"
)

// words is long enough to be compressed.
var words = strings.Repeat("words and more ", 100)

func TestUncompressedOverWebSocket(t *testing.T) {
	w := newSite(t, brio.Config{Deflate: new(brio.Deflate)})
	ns := w.Of("/")
	joined := make(chan *brio.Socket, 1)
	ns.OnConnect(func(_ context.Context, s *brio.Socket) error {
		joined <- s
		return nil
	})
	client := newCompressingClient(t, w)
	s := take(t, joined)
	all := ns.Broadcast()

	image := brio.Binary(words)
	for name, c := range map[string]struct {
		send func() error
		want []bool // whether each frame is compressed
	}{
		"a broadcast":                  {func() error { return all.Emit("e", words) }, []bool{true}},
		"an uncompressed one":          {func() error { return all.Uncompressed().Emit("e", words) }, []bool{false}},
		"to a socket":                  {func() error { return s.Emit("e", words) }, []bool{true}},
		"to a socket, uncompressed":    {func() error { return s.Uncompressed().Emit("e", words) }, []bool{false}},
		"binary":                       {func() error { return all.Emit("e", image) }, []bool{false, true}},
		"binary, uncompressed":         {func() error { return all.Uncompressed().Emit("e", image) }, []bool{false, false}},
		"small":                        {func() error { return all.Emit("e", "small") }, []bool{false}},
		"the choice leaves the target": {func() error { _ = all.Uncompressed(); return all.Emit("e", words) }, []bool{true}},
	} {
		if err := c.send(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got []bool
		for range c.want {
			_, compressed := client.read()
			got = append(got, compressed)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestUncompressedQuestion(t *testing.T) {
	w := newSite(t, brio.Config{Deflate: new(brio.Deflate)})
	client := newCompressingClient(t, w)
	all := w.Of("/").Broadcast()
	for _, c := range []struct {
		to   brio.Target
		want bool
	}{{all, true}, {all.Uncompressed(), false}} {
		ctx, cancel := context.WithCancel(t.Context())
		asked := make(chan struct{})
		go func() {
			defer close(asked)
			for range c.to.All(ctx, "e", words) { // ends with ctx
			}
		}()
		if packet, compressed := client.read(); compressed != c.want || !strings.Contains(packet, words) {
			t.Errorf("compressed %v, want %v: %.40q", compressed, c.want, packet)
		}
		cancel()
		<-asked
	}
}

// An answer to a polling request is compressed unless all of its packets are
// not to be.
func TestUncompressedOverPolling(t *testing.T) {
	w := newSite(t, brio.Config{})
	c := newPollingClient(t, w)
	all := w.Of("/").Broadcast()
	for name, each := range map[string]struct {
		send []brio.Target
		want string
	}{
		"compressed":   {[]brio.Target{all}, "gzip"},
		"uncompressed": {[]brio.Target{all.Uncompressed(), all.Uncompressed()}, ""},
		"both":         {[]brio.Target{all.Uncompressed(), all}, "gzip"},
	} {
		for _, to := range each.send {
			if err := to.Emit("e", words); err != nil {
				t.Fatal(err)
			}
		}
		if got := c.get().Header.Get("Content-Encoding"); got != each.want {
			t.Errorf("%s: encoding %q, want %q", name, got, each.want)
		}
	}
}

// pollingClient is a client in the main namespace that accepts gzip.
type pollingClient struct {
	t    *testing.T
	http http.Client
	url  string
}

func newPollingClient(t *testing.T, w *site) *pollingClient {
	t.Helper()
	c := &pollingClient{t: t, url: "http://brio.test/socket.io/?EIO=4&transport=polling"}
	c.http.Timeout = patience
	c.http.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return w.dial() }}
	t.Cleanup(c.http.CloseIdleConnections)
	open, err := io.ReadAll(c.get().Body)
	id, _, ok := strings.Cut(strings.TrimPrefix(string(open), `0{"sid":"`), `"`)
	if err != nil || !ok {
		t.Fatalf("%q, error %v", open, err)
	}
	c.url += "&sid=" + id
	c.post("40")
	c.get()
	t.Cleanup(func() { // so that a shutdown has nobody to wait for
		c.post("1")
		c.get()
	})
	return c
}

func (c *pollingClient) post(body string) {
	c.t.Helper()
	response, err := c.http.Post(c.url, "text/plain", strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	response.Body.Close()
}

func (c *pollingClient) get() *http.Response {
	c.t.Helper()
	r, _ := http.NewRequest("GET", c.url, nil)
	r.Header.Set("Accept-Encoding", "gzip") // so that the body stays as it comes
	response, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { response.Body.Close() })
	return response
}

// compressingClient is a WebSocket client in the main namespace that agrees on
// permessage-deflate.
type compressingClient struct {
	t  *testing.T
	nc net.Conn
	in io.Reader
}

func newCompressingClient(t *testing.T, w *site) *compressingClient {
	t.Helper()
	nc, err := w.dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(2 * patience))
	d := ws.Dialer{
		NetDial:    func(context.Context, string, string) (net.Conn, error) { return nc, nil },
		Extensions: []httphead.Option{wsflate.DefaultParameters.Option()},
	}
	_, early, _, err := d.Dial(t.Context(), "ws://brio.test/socket.io/?EIO=4&transport=websocket")
	if err != nil {
		t.Fatal(err)
	}
	c := &compressingClient{t, nc, nc}
	if early != nil {
		c.in = early
	}
	c.read()
	if err := ws.WriteFrame(nc, ws.MaskFrameInPlace(ws.NewTextFrame([]byte("40")))); err != nil {
		t.Fatal(err)
	}
	c.read()
	return c
}

// read returns the next message, and whether it came compressed.
func (c *compressingClient) read() (message string, compressed bool) {
	c.t.Helper()
	f, err := ws.ReadFrame(c.in)
	if err != nil {
		c.t.Fatal(err)
	}
	compressed = f.Header.Rsv != 0
	if f, err = wsflate.DecompressFrame(f); err != nil {
		c.t.Fatal(err)
	}
	return string(f.Payload), compressed
}
