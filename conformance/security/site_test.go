package security

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
	"github.com/briohq/brio/client/engineio"
)

// patience is how long a test waits for what must come. It is no measure of how
// quickly that should be.
const patience = 20 * time.Second

// A silent client is cut off after 2.3 s, in tests that are about that.
const (
	pingInterval = 300 * time.Millisecond
	pingTimeout  = 2 * time.Second
)

// site is a server on loopback, with an honest client that must not notice what
// others do.
type site struct {
	*brio.Server
	t       *testing.T
	http    *http.Server
	address string
	served  chan struct{} // closed when http has ended
	log     buffer

	honest *client.Socket
	asked  int
	lost   atomic.Int64 // connections of the honest client

	mu    sync.Mutex // guards conns
	conns []io.Closer
}

// serve puts a server on a free port until the test ends, which fails if anything of
// the attack is left then, or the honest client was not served. The server logs what
// it has to say at debug level.
func serve(t *testing.T, config brio.Config, prepare ...func(*site)) *site {
	t.Helper()
	before := goleak.IgnoreCurrent()
	w := &site{t: t, served: make(chan struct{})}
	if config.Logger == nil {
		config.Logger = slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	if config.PingInterval == 0 { // who leaves a session on polling behind is given up soon
		config.PingInterval, config.PingTimeout = 3*time.Second, 3*time.Second
	}
	w.Server = brio.NewServer(config)
	w.http = &http.Server{Handler: w.Server, ReadHeaderTimeout: patience, ErrorLog: slog.NewLogLogger(slog.NewTextHandler(&w.log, nil), slog.LevelError)}
	w.Of("/").On("echo", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
		var text string
		if err := args.Scan(&text); err != nil {
			return err
		}
		return args.Ack(text)
	})
	for _, f := range prepare {
		f(w)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.address = listener.Addr().String()
	go func() {
		defer close(w.served)
		_ = w.http.Serve(listener) // until it is closed
	}()
	t.Cleanup(func() {
		w.close()
		// net/http waits half a second behind what it cuts.
		goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
	})
	w.honest = client.New("http://"+w.address, client.Config{Engine: engineio.Config{Transports: []string{"websocket"}}})
	w.honest.OnDisconnect(func(context.Context, brio.Reason) error { w.lost.Add(1); return nil })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := w.honest.Connect(ctx); err != nil {
		t.Fatal(err)
	}
	w.serves()
	return w
}

// serves fails the test unless the honest client is answered, on the connection that
// it has had from the start.
func (w *site) serves() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	w.asked++
	text := fmt.Sprint("honest ", w.asked)
	args, err := w.honest.Do(ctx, "echo", text)
	var got string
	if err == nil {
		err = args.Scan(&got)
	}
	if err != nil || got != text || w.lost.Load() > 0 {
		w.t.Errorf("the honest client asked %q, was told %q, %v, and lost its connection %d times", text, got, err, w.lost.Load())
	}
}

// alone waits until the honest client is the only one.
func (w *site) alone() {
	w.t.Helper()
	eventually(w.t, "only the honest client is left", func() bool {
		s := w.Stats()
		return s.Connections == 1 && s.Sockets == 1
	})
}

func (w *site) close() {
	w.serves()
	w.mu.Lock()
	conns := w.conns
	w.mu.Unlock()
	for _, c := range conns {
		_ = c.Close() // perhaps it was cut off
	}
	w.alone()
	if n := w.Stats().Panics; n > 0 {
		w.t.Errorf("%d panics", n)
	}
	_ = w.honest.Close()
	eventually(w.t, "nobody is left", func() bool { s := w.Stats(); return s.Connections == 0 && s.Sockets == 0 })
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := w.Shutdown(ctx); err != nil {
		w.t.Error("shutdown: ", err)
	}
	_ = w.http.Close()
	<-w.served
}

// dial opens a bare connection, which lasts as long as the test at most.
func (w *site) dial() net.Conn {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	w.keep(conn)
	return conn
}

func (w *site) keep(c io.Closer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns = append(w.conns, c)
}

// answer is one to a request.
type answer struct {
	status int
	body   string
	header http.Header
}

// request does one request; the headers are pairs. Its query is that of a polling
// client, and more.
func (w *site) request(method, query, body string, headers ...string) answer {
	w.t.Helper()
	a, err := w.try(method, query, body, headers...)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *site) try(method, query, body string, headers ...string) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+w.address+"/socket.io/?EIO=4&transport=polling"+query, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := c.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	b, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, string(b), response.Header}, err
}

// is fails the test unless that was the answer.
func (a answer) is(t *testing.T, status int, body string) {
	t.Helper()
	if a.status != status || a.body != body {
		t.Errorf("answered %d %.200q, want %d %q", a.status, a.body, status, body)
	}
}

// poll begins a session on polling and joins the main namespace.
func (w *site) poll() (sid string) {
	w.t.Helper()
	sid = w.begin()
	w.request("POST", "&sid="+sid, "40").is(w.t, 200, "ok")
	if a := w.request("GET", "&sid="+sid, ""); !strings.HasPrefix(a.body, "40{") {
		w.t.Fatal("not let in: ", a)
	}
	return sid
}

// begin begins a session on polling, which is in no namespace.
func (w *site) begin() (sid string) {
	w.t.Helper()
	_, rest, ok := strings.Cut(w.request("GET", "", "").body, `"sid":"`)
	sid, _, _ = strings.Cut(rest, `"`)
	if !ok {
		w.t.Fatal("no handshake")
	}
	return sid
}

// eventually waits until a condition that nobody announces holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			t.Error("never: ", what)
			return
		}
	}
}

// buffer is a log.
type buffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
