package engine

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/briohq/brio/internal/memnet"
	"github.com/briohq/brio/transport"
)

// siege is a server, an honest client, and a hostile one that does what a program
// of bytes says: see the list of acts. Its methods are called by one goroutine.
type siege struct {
	*testing.T
	program []byte
	server  *Server
	http    http.Server
	net     *memnet.Listener
	link    memnet.Link
	served  chan struct{} // closed when http has ended
	honest  *model
	wires   []*wire

	upgraded bool // the honest client is to be on a WebSocket
	silent   bool // the hostile one doesn't hang up in the end, it only reads

	mu       sync.Mutex // guards what follows
	visitors []*visitor
}

// maxWires and maxActs bound what one program costs.
const (
	maxWires = 40
	maxActs  = 120
)

func newSiege(t *testing.T, program []byte) *siege {
	s := &siege{T: t, program: program, net: memnet.Listen(), served: make(chan struct{})}
	kind := s.next()
	config := Config{
		MaxPayload: 1000,
		MaxBacklog: 20_000,
		AllowEIO3:  true,
		Origins:    []string{"*"},
		Open: func(session *Session, _ *http.Request) Receiver {
			v := &visitor{siege: s, session: session}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.visitors = append(s.visitors, v)
			return v
		},
	}
	if kind&1 != 0 {
		config.Deflate = &Deflate{Threshold: 10}
	}
	s.link = memnet.Link{Buffer: 4 << 10, Kernel: kind&2 != 0}
	if kind&4 != 0 {
		s.link.Piece = 5
	}
	s.server = NewServer(config)
	s.http = http.Server{Handler: s.server, ReadTimeout: 30 * time.Second, IdleTimeout: 30 * time.Second}
	s.http.ErrorLog = slog.NewLogLogger(&alarm{Handler: slog.DiscardHandler, T: t}, slog.LevelError)
	go func() {
		defer close(s.served)
		_ = s.http.Serve(s.net)
	}()
	s.honest = &model{net: s.net, max: 1000}
	s.upgraded, s.silent = kind&8 != 0, kind&16 != 0
	return s
}

// alarm fails the test for a panic that package net/http has caught.
type alarm struct {
	slog.Handler
	*testing.T
}

func (*alarm) Enabled(_ context.Context, _ slog.Level) bool { return true }

func (a *alarm) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "panic") {
		a.Error(r.Message)
	}
	return nil
}

// welcome has the honest client come, with an upgrade if the program says so.
func (s *siege) welcome() {
	a := <-newCall(s.net, memnet.Link{}, "GET", newPoll, "", false).done
	s.honest.id = idOf(a.body)
	if a.status != 200 || s.honest.id == "" {
		s.Fatalf("handshake: %+v", a)
	}
	if !s.upgraded {
		return
	}
	s.honest.upgrade()
	for range 10 {
		s.passes(settling)
	}
	if s.honest.phase != onWebSocket {
		s.Fatalf("the honest client is in phase %d", s.honest.phase)
	}
}

// echoes checks that the honest client is served at once.
func (s *siege) echoes() {
	s.Helper()
	s.honest.say(mail{text: fmt.Sprint("e", len(s.honest.said))})
	s.attend()
	if err := compare(s.honest.said, s.honest.heard, true); err != nil {
		s.Fatalf("the honest client hears: %v", err)
	}
}

// attend has the honest client do what there is to do.
func (s *siege) attend() {
	s.Helper()
	for synctest.Wait(); s.honest.serve(true); synctest.Wait() {
	}
	if s.honest.over {
		s.Fatalf("the honest client was told that its session is over: %s", s.honest.why)
	}
}

// passes lets time pass.
func (s *siege) passes(d time.Duration) {
	for d > 0 { // a heartbeat has to be answered in time
		step := min(d, 15*time.Second)
		time.Sleep(step)
		d -= step
		s.attend()
	}
}

// next returns the next byte of the program, 0 after its end.
func (s *siege) next() byte {
	if len(s.program) == 0 {
		return 0
	}
	b := s.program[0]
	s.program = s.program[1:]
	return b
}

// text returns a text that the program has: one of the list, or what follows.
func (s *siege) text(list []string) string {
	n := int(s.next())
	if n < len(list) {
		return list[n]
	}
	n = min(n-len(list), len(s.program))
	raw := s.program[:n]
	s.program = s.program[n:]
	return string(raw)
}

// wire returns the connection of which the program has the number, nil if there is
// none.
func (s *siege) wire() *wire {
	n := int(s.next())
	if len(s.wires) == 0 {
		return nil
	}
	return s.wires[n%len(s.wires)]
}

// id returns the session of a connection, or one that there is not.
func (s *siege) id() string {
	n := int(s.next())
	if n >= len(s.wires) {
		return "AAAAAAAAAAAAAAAAAAAA"
	}
	return s.wires[n].session()
}

// end has the hostile client leave, and checks that nothing of it stays.
func (s *siege) end() {
	s.echoes()
	for _, v := range s.guests() {
		v.resumeAll()
	}
	for _, w := range s.wires {
		if w.hear(); !s.silent {
			w.end(false)
		}
	}
	s.passes(closeTimeout + 60*time.Second) // what was closed is waited for; whoever is silent is given up
	s.echoes()
	if n := s.server.Len(); n != 1 {
		s.Errorf("%d sessions are left, beside the honest client's", n-1)
	}
	for i, v := range s.guests() {
		v.ended(i == 0)
	}
	if n := s.net.Open(); n != 1 {
		s.Errorf("%d connections are left, beside the honest client's", n-1)
	}
	s.honest.cut(false)
	synctest.Wait()
	shutDown(s.T, s.server)
}

// close ends what runs, also after a failure.
func (s *siege) close() {
	for _, w := range s.wires {
		w.end(true)
	}
	s.honest.cut(true)
	for _, v := range s.guests() {
		v.session.Abort(ForcedClose)
	}
	shutDown(s.T, s.server)
	_ = s.http.Close()
	<-s.served
}

func (s *siege) guests() []*visitor {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.visitors)
}

// visitor is the layer above a session, which does what messages say: echo is
// answered as it is, and some are obeyed.
type visitor struct {
	siege   *siege
	session *Session
	inside  atomic.Int32 // Message
	pauses  atomic.Int32

	mu   sync.Mutex // guards what follows
	ends []Reason
}

func (v *visitor) Message(data []byte, binary bool) {
	if v.inside.Add(1) > 1 {
		v.siege.Error("two messages at a time")
	}
	defer v.inside.Add(-1)
	v.mu.Lock()
	if len(v.ends) > 0 {
		v.siege.Error("a message after the end")
	}
	v.mu.Unlock()
	m := mail{text: string(data), binary: binary}
	switch {
	case len(data) == 0:
	case data[0] == 'e':
		_ = v.session.Send([]*transport.Frame{m.frame()}, 0)
	default:
		v.obey(data[0])
	}
}

func (v *visitor) Closed(r Reason) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ends = append(v.ends, r)
}

// obey has the server do something with the session.
func (v *visitor) obey(what byte) {
	large := mail{text: strings.Repeat("large ", 500), binary: what%2 == 0}
	list := []*transport.Frame{large.frame(), mail{text: "small"}.frame()}
	switch what {
	case 's':
		_ = v.session.Send(list[1:], 0)
	case 'l':
		_ = v.session.Send(list, Later)
	case 'v':
		_ = v.session.Send(list, Volatile)
	case 'd':
		_ = v.session.Send(list, Drop)
	case 'k':
		_ = v.session.SendLatest(list, Later, nil, "key")
	case 'p':
		v.pauses.Add(1)
		v.session.Pause()
	case 'r':
		if v.pauses.Add(-1) >= 0 {
			v.session.Resume()
		} else {
			v.pauses.Add(1)
		}
	case 'c':
		v.session.Close(ForcedClose)
	case 'a':
		v.session.Abort(ForcedClose)
	}
}

func (v *visitor) resumeAll() {
	for v.pauses.Load() > 0 {
		v.obey('r')
	}
}

// ended checks that the session has, once, and for a reason that there is; the
// honest client's has not.
func (v *visitor) ended(honest bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if honest {
		if len(v.ends) > 0 {
			v.siege.Errorf("the honest client's session ended for %v", v.ends)
		}
		return
	}
	known := []Reason{TransportClose, TransportError, ParseError, PingTimeout, ForcedClose, SlowClient}
	if len(v.ends) != 1 || !slices.Contains(known, v.ends[0]) {
		v.siege.Errorf("a session ended for %q", v.ends)
	}
}

// wire is a connection of the hostile client. What is said on it never waits; what
// the server says is not read before hear.
type wire struct {
	siege   *siege
	conn    *memnet.Conn
	said    chan string
	done    chan struct{} // closed by end
	rest    string        // of a body that has been announced
	hearing bool

	mu      sync.Mutex // guards what follows
	sid     string
	garbled bool // what was said was no request, so the answers can't be told apart
	odd     bool // a request had a method that is not of the protocol
	v3      bool
}

func (s *siege) newWire() *wire {
	w := &wire{siege: s, said: make(chan string, maxActs+2), done: make(chan struct{})}
	var err error
	if w.conn, err = s.net.Dial(s.link); err != nil {
		s.Fatal(err)
	}
	s.wires = append(s.wires, w)
	go w.write()
	return w
}

func (w *wire) write() {
	for {
		select {
		case text := <-w.said:
			if _, err := io.WriteString(w.conn, text); err != nil {
				return
			}
		case <-w.done:
			return
		}
	}
}

func (w *wire) say(text string) {
	select {
	case w.said <- text:
	default: // it is stuck
	}
}

func (w *wire) hear() {
	if !w.hearing {
		w.hearing = true
		go w.read()
	}
}

func (w *wire) end(hard bool) {
	select {
	case <-w.done:
		return
	default:
	}
	close(w.done)
	if hard {
		w.conn.Reset()
	} else {
		_ = w.conn.Close()
	}
}

func (w *wire) session() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sid
}

func (w *wire) note(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// wrong complains of the server, unless the client has made it impossible to tell.
func (w *wire) wrong(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.garbled {
		w.siege.Errorf(format, args...)
	}
}

// read checks what the server says.
func (w *wire) read() {
	source := &ending{Reader: w.conn}
	in := bufio.NewReader(source)
	for {
		response, err := http.ReadResponse(in, nil)
		if err != nil && !source.ended {
			w.wrong("what the server says is nonsense: %v", err)
		}
		if err != nil {
			return
		}
		if response.StatusCode == http.StatusSwitchingProtocols {
			w.frames(in, response.Header.Get("Sec-Websocket-Extensions") != "")
			return
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return
		}
		w.answered(response, string(body))
	}
}

// ending is a reader that knows whether it has come to its end.
type ending struct {
	io.Reader
	ended bool
}

func (e *ending) Read(b []byte) (int, error) {
	n, err := e.Reader.Read(b)
	e.ended = e.ended || err != nil
	return n, err
}

var sidPattern = regexp.MustCompile(`\\?"sid\\?":\\?"([\w-]{20})\\?"`)

// idOf returns the id of the session that an open packet tells.
func idOf(text string) string {
	if m := sidPattern.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// answered checks the answer to a request: those of the protocol, and those of
// package net/http to what is no request.
func (w *wire) answered(r *http.Response, body string) {
	if id := idOf(body); id != "" {
		w.note(func() { w.sid = id })
	}
	w.mu.Lock()
	odd, v3 := w.odd, w.v3
	w.mu.Unlock()
	plain := strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain; charset=UTF-8")
	switch {
	case r.StatusCode == 200 && plain && !v3:
		for _, p := range packets(body) {
			if p == "" || !strings.Contains("0123456b", p[:1]) {
				w.wrong("a packet of the server is %q", p)
			}
		}
	case r.StatusCode == 400 && r.Header.Get("Content-Type") == "application/json":
		var f refusal
		if json.Unmarshal([]byte(body), &f) != nil || !slices.Contains(refusals, f) {
			w.wrong("a refusal is %q", body)
		}
	case r.StatusCode == 400, r.StatusCode == 200, r.StatusCode == 413, r.StatusCode == 500 && odd,
		r.StatusCode == 204 && odd, r.StatusCode == 426: // the last of package ws
	default:
		w.wrong("the answer is %d %q", r.StatusCode, body)
	}
}

var refusals = []refusal{unknownTransport, unknownSession, badHandshakeMethod, badRequest, forbidden, unsupportedVersion}

// frames checks what comes on a WebSocket.
func (w *wire) frames(in io.Reader, deflated bool) {
	for first := true; ; first = false {
		f, err := ws.ReadFrame(in)
		if err != nil {
			return
		}
		text := string(f.Payload)
		switch {
		case f.Header.Masked, f.Header.Rsv != 0 && !deflated, !f.Header.Fin:
			w.wrong("a frame of the server has the header %+v", f.Header)
		case f.Header.Rsv != 0:
		case f.Header.OpCode == ws.OpText && (text == "" || !strings.Contains("0123456b", text[:1])):
			w.wrong("a packet of the server is %q", text)
		case f.Header.OpCode == ws.OpText && first && idOf(text) != "":
			w.note(func() { w.sid = idOf(text) })
		}
	}
}
