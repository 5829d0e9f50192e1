package polling_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/briohq/brio/transport"
	"github.com/briohq/brio/transport/polling"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const limit = 64

func TestGetIsHeldUntilThereIsSomething(t *testing.T) {
	p := newPeer(t)
	get := p.get(t.Context())
	p.await(t, p.ready)
	if p.conn.Write(frames("4hello", "b\x01\x02\x03", "2")) {
		t.Error("a conn with no GET held says it is ready")
	}
	got := <-get
	got.is(t, 200, "4hello\x1ebAQID\x1e2")
	if c := got.header.Get("Content-Type"); c != "text/plain; charset=UTF-8" {
		t.Errorf("content type %q", c)
	}
	if c := got.header.Get("Cache-Control"); c != "no-store" {
		t.Errorf("cache control %q", c)
	}
	if c := got.header.Get("Content-Length"); c != "14" {
		t.Errorf("content length %q", c)
	}

	get = p.get(t.Context())
	p.await(t, p.ready)
	p.conn.Write(frames("4again"))
	(<-get).is(t, 200, "4again")
}

func TestPost(t *testing.T) {
	p := newPeer(t)
	got := p.post("4hello\x1ebAQID\x1e3")
	got.is(t, 200, "ok")
	if c := got.header.Get("Content-Type"); c != "text/html" {
		t.Errorf("content type %q", c)
	}
	if c := got.header.Get("Content-Length"); c != "2" {
		t.Errorf("content length %q", c)
	}
	p.received(t, "4hello", "b\x01\x02\x03", "3")
}

func TestGetAndPostGoSideBySide(t *testing.T) {
	p := newPeer(t)
	get := p.get(t.Context())
	p.await(t, p.ready)
	p.post("4hello").is(t, 200, "ok")
	p.conn.Write(frames("4answer"))
	(<-get).is(t, 200, "4answer")
}

func TestSecondGetEndsTheConn(t *testing.T) {
	p := newPeer(t)
	first := p.get(t.Context())
	p.await(t, p.ready)
	(<-p.get(t.Context())).is(t, 400, "")
	(<-first).is(t, 200, "1")
	p.ended(t, polling.ErrOverlap)
	p.post("4late").is(t, 400, "")
	(<-p.get(t.Context())).is(t, 400, "")
	p.received(t)
}

func TestSecondPostEndsTheConn(t *testing.T) {
	p := newPeer(t)
	get := p.get(t.Context())
	p.await(t, p.ready)
	body, begun := newSlowBody("4first")
	first := p.serve(httptest.NewRequest("POST", "/", body))
	<-begun
	p.post("4second").is(t, 400, "")
	p.ended(t, polling.ErrOverlap)
	(<-get).is(t, 200, "1")
	close(body.release)
	<-first
}

func TestClientGivesUpItsGet(t *testing.T) {
	p := newPeer(t)
	ctx, cancel := context.WithCancel(t.Context())
	get := p.get(ctx)
	p.await(t, p.ready)
	cancel()
	if got := <-get; !errors.Is(got.err, context.Canceled) {
		t.Errorf("answer %+v", got)
	}
	p.ended(t, polling.ErrAborted)
}

func TestClientBreaksOffItsPost(t *testing.T) {
	p := newPeer(t)
	get := p.get(t.Context())
	p.await(t, p.ready)
	r := httptest.NewRequest("POST", "/", io.MultiReader(strings.NewReader("4he"), failing{}))
	(<-p.serve(r)).is(t, 400, "")
	p.ended(t, polling.ErrAborted)
	(<-get).is(t, 200, "1")
	p.received(t)
}

func TestTooLargePostIsRefusedAlone(t *testing.T) {
	p := newPeer(t)
	p.post("4"+strings.Repeat("x", limit)).is(t, 413, "")
	p.received(t)
	largest := "4" + strings.Repeat("x", limit-1)
	p.post(largest).is(t, 200, "ok")
	p.received(t, largest)
}

func TestBinaryPostIsRefused(t *testing.T) {
	for _, contentType := range []string{"application/octet-stream", "Application/Octet-Stream; x=y"} {
		p := newPeer(t)
		get := p.get(t.Context())
		p.await(t, p.ready)
		r := httptest.NewRequest("POST", "/", strings.NewReader("4hello"))
		r.Header.Set("Content-Type", contentType)
		(<-p.serve(r)).is(t, 400, "")
		p.ended(t, polling.ErrContentType)
		(<-get).is(t, 200, "1")
		p.received(t)
	}
}

func TestMalformedPost(t *testing.T) {
	for body, want := range map[string][]string{
		"":                   nil,
		"9":                  nil,
		"4a\x1e\x1e4b":       {"4a"},
		"4a\x1ebnot base64!": {"4a"},
		"4\xff":              nil,
	} {
		p := newPeer(t)
		get := p.get(t.Context())
		p.await(t, p.ready)
		p.post(body).is(t, 400, "")
		p.ended(t, transport.ErrParse)
		(<-get).is(t, 200, "1")
		p.received(t, want...)
	}
}

func TestOtherMethods(t *testing.T) {
	p := newPeer(t)
	for _, method := range []string{"PUT", "DELETE", "OPTIONS", "HEAD"} {
		(<-p.serve(httptest.NewRequest(method, "/", nil))).is(t, 500, "")
	}
	p.post("4still here").is(t, 200, "ok")
}

func TestClosePacketReleasesTheGet(t *testing.T) {
	p := newPeer(t)
	p.onPacket = func(packet string) {
		if packet == "1" {
			p.conn.Close(nil)
		}
	}
	get := p.get(t.Context())
	p.await(t, p.ready)
	p.post("4bye\x1e1\x1e4late").is(t, 200, "ok")
	(<-get).is(t, 200, "6")
	p.received(t, "4bye", "1")
}

func TestClosePacketWithoutAGet(t *testing.T) {
	p := newPeer(t)
	p.post("1").is(t, 200, "ok")
	p.received(t, "1")
	get := p.get(t.Context())
	p.await(t, p.ready)
	p.conn.Close(frames("4last"))
	(<-get).is(t, 200, "4last\x1e6")
	(<-p.get(t.Context())).is(t, 400, "")
}

func TestEnds(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(*polling.Conn)
		want string
	}{
		"Close":              {func(c *polling.Conn) { c.Close(nil) }, "1"},
		"Close with frames":  {func(c *polling.Conn) { c.Close(frames("4a", "4b")) }, "4a\x1e4b\x1e1"},
		"Abort":              {func(c *polling.Conn) { c.Abort() }, "1"},
		"Release":            {func(c *polling.Conn) { c.Release() }, "6"},
		"Release, Abort":     {func(c *polling.Conn) { c.Release(); c.Abort() }, "6"},
		"Write, then Abort":  {func(c *polling.Conn) { c.Write(frames("4a")); c.Abort() }, "4a"},
		"Abort, Pause again": {func(c *polling.Conn) { c.Abort(); c.Pause(); c.Resume() }, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t)
			get := p.get(t.Context())
			p.await(t, p.ready)
			c.end(p.conn)
			(<-get).is(t, 200, c.want)
			(<-p.get(t.Context())).is(t, 400, "")
			p.post("4late").is(t, 400, "")
			p.received(t)
			select {
			case err := <-p.closed:
				t.Errorf("the receiver was told what it did: %v", err)
			default:
			}
		})
	}
}

func TestCloseKeepsTheCallersFrames(t *testing.T) {
	p := newPeer(t)
	get := p.get(t.Context())
	p.await(t, p.ready)
	all := frames("4a", "4b")
	p.conn.Close(all[:1])
	(<-get).is(t, 200, "4a\x1e1")
	if got := string(all[1].Polling()); got != "4b" {
		t.Errorf("the frame behind the slice became %q", got)
	}
}

// peer is a Conn behind an HTTP server, its receiver, and the client.
type peer struct {
	conn     *polling.Conn
	server   *httptest.Server
	onPacket func(string)

	packets chan string
	ready   chan struct{}
	closed  chan error
}

func newPeer(t *testing.T) *peer {
	p := &peer{packets: make(chan string, 100), ready: make(chan struct{}, 100), closed: make(chan error, 100)}
	p.conn = polling.New(p, limit, true)
	p.server = httptest.NewServer(p.conn)
	t.Cleanup(p.server.Close)
	t.Cleanup(p.conn.Abort)
	return p
}

func (p *peer) Receive(_ transport.Conn, packet transport.Packet) {
	text := string('0'+rune(packet.Type)) + string(packet.Data)
	if packet.Binary {
		text = "b" + string(packet.Data)
	}
	p.packets <- text
	if p.onPacket != nil {
		p.onPacket(text)
	}
}

func (p *peer) Ready(transport.Conn) { p.ready <- struct{}{} }

func (p *peer) Closed(_ transport.Conn, err error) { p.closed <- err }

func (p *peer) await(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(10 * time.Second):
		t.Fatal("it did not happen")
	}
}

// received checks which packets have come since the last call.
func (p *peer) received(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		select {
		case got := <-p.packets:
			if got != w {
				t.Errorf("received %q, want %q", got, w)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%q did not arrive", w)
		}
	}
	select {
	case got := <-p.packets:
		t.Errorf("received %q too", got)
	default:
	}
}

func (p *peer) ended(t *testing.T, want error) {
	t.Helper()
	select {
	case err := <-p.closed:
		if !errors.Is(err, want) {
			t.Errorf("closed with %v, want %v", err, want)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the receiver was not told of the end")
	}
	select {
	case err := <-p.closed:
		t.Errorf("closed twice, with %v", err)
	default:
	}
}

type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

func (a answer) is(t *testing.T, status int, body string) {
	t.Helper()
	if a.err != nil || a.status != status || a.body != body {
		t.Errorf("answer %d %q, error %v; want %d %q", a.status, a.body, a.err, status, body)
	}
}

func (p *peer) get(ctx context.Context) <-chan answer { return p.do(ctx, "GET", nil) }

func (p *peer) post(body string) answer {
	return <-p.do(context.Background(), "POST", strings.NewReader(body))
}

func (p *peer) do(ctx context.Context, method string, body io.Reader) <-chan answer {
	done := make(chan answer, 1)
	go func() {
		r, _ := http.NewRequestWithContext(ctx, method, p.server.URL, body)
		response, err := p.server.Client().Do(r)
		if err != nil {
			done <- answer{err: err}
			return
		}
		defer response.Body.Close()
		b, err := io.ReadAll(response.Body)
		done <- answer{response.StatusCode, response.Header, string(b), err}
	}()
	return done
}

// serve has the Conn answer a request that no HTTP client would make.
func (p *peer) serve(r *http.Request) <-chan answer {
	done := make(chan answer, 1)
	go func() {
		w := httptest.NewRecorder()
		p.conn.ServeHTTP(w, r)
		done <- answer{status: w.Code, header: w.Header(), body: w.Body.String()}
	}()
	return done
}

func frames(packets ...string) (fs []*transport.Frame) {
	for _, p := range packets {
		if p[0] == 'b' {
			fs = append(fs, transport.NewBinary([]byte(p[1:])))
			continue
		}
		fs = append(fs, transport.NewText(transport.Type(p[0]-'0'), p[1:]))
	}
	return fs
}

// slowBody is a request body that comes when it is released.
type slowBody struct {
	io.Reader
	begun   chan struct{}
	release chan struct{}
}

func newSlowBody(content string) (body *slowBody, begun <-chan struct{}) {
	b := &slowBody{strings.NewReader(content), make(chan struct{}), make(chan struct{})}
	return b, b.begun
}

func (b *slowBody) Read(p []byte) (int, error) {
	select {
	case <-b.begun:
	default:
		close(b.begun)
	}
	<-b.release
	return b.Reader.Read(p)
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
