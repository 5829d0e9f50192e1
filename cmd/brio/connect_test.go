package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/briohq/brio"
)

// fragile accepts connections that a test can break.
type fragile struct {
	net.Listener

	mu    sync.Mutex // guards conns
	conns []net.Conn
}

func (f *fragile) Accept() (net.Conn, error) {
	c, err := f.Listener.Accept()
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conns = append(f.conns, c)
	return struct{ net.Conn }{c}, nil
}

func (f *fragile) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		c.Close()
	}
	f.conns = nil
}

// startCommandSite starts a server that echoes, asks, and lets nobody into /closed
// but who knows the word.
func startCommandSite(t *testing.T) (url string, server *brio.Server, network *fragile) {
	t.Helper()
	server = brio.NewServer(brio.Config{})
	root := server.Of("/")
	root.On("echo", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		if args.WantsAck() {
			return args.Ack(args)
		}
		return s.Emit("echo", args)
	})
	root.On("fail", func(context.Context, *brio.Socket, brio.Args) error { return brio.Errorf("no \x1b[31mway") })
	root.On("silence", func(context.Context, *brio.Socket, brio.Args) error { return nil })
	root.On("leave", func(_ context.Context, s *brio.Socket, _ brio.Args) error { s.Disconnect(); return nil })
	root.On("ask me", func(ctx context.Context, s *brio.Socket, _ brio.Args) error {
		answer, err := s.Do(ctx, "question", "why\u009b?")
		if err != nil {
			return err
		}
		return s.Emit("so", answer)
	})
	closed := server.Of("/closed")
	closed.Use(func(_ context.Context, s *brio.Socket) error {
		var auth struct{ Word, Who string }
		if err := json.Unmarshal(s.Handshake().Auth, &auth); err != nil || auth.Word != "sesame" {
			return &brio.Error{Message: "who are you?", Data: map[string]int{"code": 7}}
		}
		return nil
	})
	closed.On("echo", func(_ context.Context, s *brio.Socket, args brio.Args) error { return args.Ack(args) })

	site := httptest.NewUnstartedServer(server)
	network = &fragile{Listener: site.Listener}
	site.Listener = network
	site.Start()
	t.Cleanup(func() {
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		site.Close()
		http.DefaultClient.CloseIdleConnections()
	})

	return site.URL, server, network
}

// parseCommand returns what the arguments of brio mean.
func parseCommand(t *testing.T, args ...string) *commands {
	t.Helper()
	var all commands
	parser, err := kong.New(&all)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(args); err != nil {
		t.Fatal(err)
	}

	return &all
}

// session is a brio connect that runs.
type session struct {
	t        *testing.T
	in       *io.PipeWriter
	out, err *lines
	ended    chan error
}

// lines are what a command writes.
type lines struct {
	*io.PipeWriter
	got chan string
}

func newLines(t *testing.T) *lines {
	r, w := io.Pipe()
	l := &lines{w, make(chan string, 100)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(l.got)
		for s := bufio.NewScanner(r); s.Scan(); {
			l.got <- s.Text()
		}
	}()
	t.Cleanup(func() { w.Close(); <-done })

	return l
}

func startConnect(t *testing.T, terminal bool, args ...string) *session {
	t.Helper()
	r, w := io.Pipe()
	s := &session{t: t, in: w, out: newLines(t), err: newLines(t), ended: make(chan error, 1)}
	noon := time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)
	std := streams{in: r, out: s.out, err: s.err, now: func() time.Time { return noon }, terminal: terminal}
	c := parseCommand(t, append([]string{"connect"}, args...)...).Connect
	go func() {
		s.ended <- c.run(t.Context(), std)
		s.out.Close()
		s.err.Close()
	}()
	t.Cleanup(func() { w.Close() })

	return s
}

func (s *session) types(lines ...string) {
	s.t.Helper()
	for _, l := range lines {
		if _, err := io.WriteString(s.in, l+"\n"); err != nil {
			s.t.Fatal(err)
		}
	}
}

var (
	changing = regexp.MustCompile(`as [\w-]{10,}`)
	editing  = regexp.MustCompile("\x1b\\[[0-9]*[A-Z]|> |\r")
)

// expect reads lines until it has the ones that are wanted, in this order.
func expect(t *testing.T, from *lines, want ...string) {
	t.Helper()
	for _, w := range want {
		for {
			got, ok := <-from.got
			if !ok {
				t.Fatalf("ended before %q", w)
			}
			got = changing.ReplaceAllString(editing.ReplaceAllString(got, ""), "as ID")
			if got == w {
				break
			}
			t.Logf("passed over %q", got)
		}
	}
}

// all returns what is written until the command ends.
func (l *lines) all() []string {
	var list []string
	for got := range l.got {
		list = append(list, changing.ReplaceAllString(got, "as ID"))
	}

	return list
}

func (s *session) end(want string) {
	s.t.Helper()
	switch err := <-s.ended; {
	case want == "" && err != nil:
		s.t.Errorf("ended with %v", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		s.t.Errorf("ended with %v, want %q", err, want)
	}
}

func TestConnectIsAPipe(t *testing.T) {
	url, _, _ := startCommandSite(t)
	s := startConnect(t, false, url, "--count", "3")
	expect(t, s.err, "brio: connected to / over websocket, as ID")
	s.types(`echo 1 two {"three": [3, 12345678901234567890]} 4x`, "", `["echo", "<&>", null]`, "echo? lobby", `?["echo"]`, "fail?", "/none", "[1]", "echo")
	s.in.Close()
	s.end("3 of the lines failed")
	var events, answers []string // an answer may overtake events
	for _, l := range s.out.all() {
		if strings.HasPrefix(l, "[") {
			events = append(events, l)
		} else {
			answers = append(answers, l)
		}
	}
	if d := cmp.Diff([]string{
		`["echo",1,"two",{"three":[3,12345678901234567890]},"4x"]`,
		`["echo","<&>",null]`,
		`["echo"]`,
	}, events); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{
		`{"ack":"echo","args":["lobby"]}`,
		`{"ack":"echo","args":[]}`,
		`{"ack":"fail","args":[{"error":{"message":"no \u001b[31mway"}}]}`,
	}, answers); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{
		`brio: fail: no \u001b[31mway`,
		`brio: no command /none: /help lists them; send an event of that name as ["/none"]`,
		`brio: want the event first: ["event",arg…]`,
	}, s.err.all()); d != "" {
		t.Error(d)
	}
}

func TestConnectEndsWithItsInput(t *testing.T) {
	url, server, _ := startCommandSite(t)
	got := make(chan string, 100)
	server.Of("/").On("count", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
		got <- string(args.Raw(0))
		return nil
	})
	s := startConnect(t, false, url)
	s.types("count 1", "count 2", "count 3")
	s.in.Close()
	s.end("")
	for _, want := range []string{"1", "2", "3"} {
		if g := <-got; g != want {
			t.Errorf("%s has arrived, want %s", g, want)
		}
	}
	s = startConnect(t, false, url, "--for", "10ms")
	s.types("count 4", "[")
	s.in.Close()
	s.end("1 of the lines failed")
}

func TestConnectSaysWhyItFailed(t *testing.T) {
	url, _, _ := startCommandSite(t)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{url + "/closed"}, `namespace /closed refused: who are you? {"code":7}: is the namespace right, and --auth`},
		{[]string{url + "/none"}, "is the namespace right"},
		{[]string{"127.0.0.1:1"}, "does a Socket.IO server run there"},
		{[]string{url, "--path", "/other"}, "--path /other"},
		{[]string{"ftp://h"}, "want an address such as"},
		{[]string{url, "--auth", "secret"}, "want a JSON object"},
		{[]string{url, "--auth", "@" + filepath.Join(t.TempDir(), "none")}, "no such file"},
		{[]string{url, "-H", "secret"}, "NAME: VALUE"},
	} {
		s := startConnect(t, false, test.args...)
		s.end(test.want)
	}
	s := startConnect(t, false, url)
	s.types("leave")
	s.end("the server has made this socket leave")
}

func TestConnectTellsTheServerWhoItIs(t *testing.T) {
	url, _, _ := startCommandSite(t)
	file := filepath.Join(t.TempDir(), "auth.json")
	if err := os.WriteFile(file, []byte(`{"word": "sesame"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, auth := range [][]string{{"--auth", `{"word":"sesame"}`}, {"--auth", "@" + file}, {"--auth", "who=me=you", "--auth", "word=sesame"}} {
		s := startConnect(t, false, append([]string{strings.TrimPrefix(url, "http://") + "/closed", "--ack"}, auth...)...)
		s.types("echo in")
		expect(t, s.out, `{"ack":"echo","args":["in"]}`)
		s.in.Close()
		s.end("")
	}
}

func TestConnectShowsThatTheServerIsGoneAndBack(t *testing.T) {
	url, _, network := startCommandSite(t)
	s := startConnect(t, false, url)
	expect(t, s.err, "brio: connected to / over websocket, as ID")
	network.cut()
	if got := <-s.err.got; !strings.Contains(got, "disconnected: transport") {
		t.Errorf("notice %q", got)
	}
	s.types("echo waited") // for the connection; before, it might be lost with the old one
	expect(t, s.err, "brio: connected again to / over websocket, as ID")
	expect(t, s.out, `["echo","waited"]`)
	s.in.Close()
	s.end("")
}

func TestConnectOnATerminal(t *testing.T) {
	url, _, _ := startCommandSite(t)
	s := startConnect(t, true, url, "--timeout", "1s")
	expect(t, s.out, "12:00:00 connected to / over websocket, as ID")
	s.types("echo hi {\"a\": 1}")
	expect(t, s.out, `12:00:00 < echo "hi" {"a":1}`)
	s.types(`echo? 7`)
	expect(t, s.out, `12:00:00 = echo 7`)
	s.types("/ack early", `["ask me"]`)
	expect(t, s.out, "12:00:00 no event waits for an acknowledgement", `12:00:00 <? question "why\u009b?"`)
	s.types("/ack because 42")
	expect(t, s.out, `12:00:00 < so "because" 42`)
	s.types("/help", "/ns")
	expect(t, s.out, "12:00:00 /quit        end, as Ctrl-D does", "12:00:00 / of "+url+": connected over websocket, as ID")
	s.types("silence?")
	expect(t, s.out, "12:00:00 silence: no acknowledgement in 1s: does the server acknowledge this event? --timeout waits longer")
	s.types("/quit")
	s.end("")

	s = startConnect(t, true, url)
	expect(t, s.out, "12:00:00 connected to / over websocket, as ID")
	if _, err := io.WriteString(s.in, "\x04"); err != nil { // Ctrl-D
		t.Fatal(err)
	}
	s.end("")
}

func TestColoursAreAroundWhatIsShown(t *testing.T) {
	var b strings.Builder
	p := printer{now: func() time.Time { return time.Time{} }, pretty: true, colour: true, out: &b}
	p.event("a b\x1b", nil, false)
	const want = "\x1b[2m00:00:00\x1b[0m < \x1b[1;36m\"a b\\u001b\"\x1b[0m\n"
	if b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}
