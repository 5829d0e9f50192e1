// Package engine is Engine.IO: sessions that outlive the way their packets
// travel (Engine.IO protocol v4, and v3 where Config.AllowEIO3 says so).
//
// A [Server] answers the HTTP requests of its clients. A [Session] begins with
// one of them, over long-polling, a WebSocket or WebTransport, may change to one
// further on in this list, keeps a heartbeat, and ends for one [Reason]. It pushes the
// messages that arrive into the [Receiver] that Config.Open returned for it,
// and sends what [Session.Send] is given.
//
// An idle session has no goroutine of its own here and no timer: deadlines
// ride a timing wheel, and writing is done by whoever sends, or by a flusher
// that gathers what waits. What waits for one client is bounded in bytes.
package engine

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/briohq/brio/internal/group"
	"github.com/briohq/brio/internal/poll"
	"github.com/briohq/brio/internal/wheel"
	"github.com/briohq/brio/transport"
	"github.com/briohq/brio/transport/polling"
	"github.com/briohq/brio/transport/websocket"
)

// Server answers the requests of clients, whatever their path. Its methods may
// be called concurrently.
type Server struct {
	config  Config
	sharing sharing
	start   time.Time
	group   group.Group
	poller  *poll.Poller // of the WebSockets
	shards  []*shard
	budget  budget
	memory  *memory
	turned  atomic.Int64 // refused because of an overload
	excess  atomic.Int64

	mu       sync.RWMutex // guards what follows
	sessions map[string]*Session
	claimed  map[string]bool // ids of Config.NewID whose sessions are not there yet
	arriving int             // handshakes that have a place and no session yet
	full     bool            // there was no place left, and few have become free since
	ends     map[*Session][]func()
	next     int           // the shard of the next session
	stopping bool          // no new session is let in
	empty    chan struct{} // made by Shutdown, closed when the last session has gone
}

// shard carries the deadlines and the writing of a part of the sessions.
type shard struct {
	wheel   *wheel.Wheel
	flusher flusher
	_       [64]byte     // keeps what follows in a cache line of its own
	waiting atomic.Int64 // bytes, see budget
}

// NewServer returns a server for sessions. It panics if config.Open is nil, or
// config.Transports has one that there isn't.
func NewServer(config Config) *Server {
	if config.Open == nil {
		panic("engine: Config.Open is nil")
	}
	for _, name := range config.Transports {
		if !slices.Contains(transports, name) {
			panic("engine: Config.Transports: there is no transport " + name)
		}
	}
	s := &Server{
		config:   config.withDefaults(),
		sharing:  newSharing(&config),
		start:    time.Now(),
		sessions: map[string]*Session{},
		claimed:  map[string]bool{},
		memory:   newMemory(config.MaxMemory),
	}
	s.poller = poll.New(&s.group, runtime.GOMAXPROCS(0), s.Patience())
	for range runtime.GOMAXPROCS(0) {
		s.shards = append(s.shards, &shard{wheel: wheel.New(), flusher: flusher{group: &s.group}})
	}
	s.budget.init(config.MaxBacklogTotal, len(s.shards))
	return s
}

func (s *Server) now() time.Duration { return time.Since(s.start) }

// Len returns the number of sessions.
func (s *Server) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.sessions)
}

// ServeHTTP answers one request: a handshake, a polling request, the WebSocket
// of a session, or a connection of WebTransport.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	origin := s.trust(r)
	if s.sharing.share(w, r, origin) {
		return
	}
	r = s.withoutForeignCookies(r, origin)
	if up := upgrader(w, r); up != nil {
		s.serveConnect(w, r, up, origin)
		return
	}
	in, refused := s.verify(r, origin)
	defer in.entry.end()
	switch {
	case refused != nil:
		s.refuse(w, r, refused, in.upgrade)
	case in.session == nil:
		s.begin(w, r, in)
	case in.upgrade:
		in.session.serveUpgrade(w, r, in.format)
	default:
		in.session.servePoll(w, r)
	}
}

func (s *Session) servePoll(w http.ResponseWriter, r *http.Request) {
	s.awaitUpgrade(r)
	s.mu.Lock()
	conn, polls := s.conn.(*polling.Conn)
	s.mu.Unlock()
	if !polls { // upgraded since the request was verified
		s.server.refuse(w, r, &badRequest, false)
		return
	}
	s.server.addHeaders(w, r)
	conn.ServeHTTP(w, r)
}

// awaitUpgrade gives an upgrade that is about to be finished a moment to be so, for
// a GET comes on another connection than the packet that finishes it, and may
// overtake it. A client that polls on while it upgrades does not notice.
func (s *Session) awaitUpgrade(r *http.Request) {
	s.mu.Lock()
	up := s.upgrade
	probed := up != nil && up.probed
	s.mu.Unlock()
	if !probed || r.Method != http.MethodGet {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), settling)
	defer cancel()
	select {
	case <-up.over:
	case <-ctx.Done():
	}
}

// begin answers a handshake.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, in intent) {
	id, err := s.claim(r)
	if err != nil {
		s.config.Logger.Debug("no session id", "remote", r.RemoteAddr, "error", err)
		s.refuse(w, r, &badRequest, in.upgrade)
		return
	}
	defer s.release(id)
	if in.websocket {
		s.openWebSocket(w, r, in, id)
	} else {
		s.openPolling(w, r, in, id)
	}
}

func (s *Server) openPolling(w http.ResponseWriter, r *http.Request, in intent, id string) {
	session := &Session{id: id, server: s, revision: in.format.Revision, blocked: true} // until there is a GET
	conn := polling.New(session, s.config.MaxPayload, !s.config.NoCompression)
	conn.Speak(in.format)
	if in.script.set {
		conn.JSONP(in.script.value)
	}
	if !s.open(session, conn, r, in.entry, s.config.upgrades()) {
		s.refuse(w, r, &stopped, false)
		return
	}
	s.setCookie(w, session.id)
	s.addHeaders(w, r)
	conn.ServeHTTP(w, r)
}

func (s *Server) openWebSocket(w http.ResponseWriter, r *http.Request, in intent, id string) {
	session := &Session{id: id, server: s, revision: in.format.Revision, ready: true}
	s.setCookie(w, session.id)
	s.addHeaders(w, r)
	conn, err := websocket.Accept(w, r, session, s.config.MaxPayload, s.config.Deflate, s.poller)
	if err != nil {
		s.config.Logger.Debug("handshake refused", "remote", r.RemoteAddr, "error", err)
		return
	}
	conn.Speak(in.format)
	if in.format.Revision == transport.V3 {
		pause(r.Context(), settling)
	}
	if !s.open(session, conn, r, in.entry, []string{}) {
		conn.Refuse()
		return
	}
	conn.Start()
}

// settling is how long a client of revision 3 is given between the answer that
// opens its WebSocket and the first packet. Some add their listener for packets
// once it is open, and would lose one that comes in the same read; the protocol's
// own test suite is among them.
const settling = 5 * time.Millisecond

// open makes the session known, sends its handshake and starts its heart.
func (s *Server) open(session *Session, conn transport.Conn, r *http.Request, e *entry, upgrades []string) bool {
	session.conn = conn
	above := s.config.Open(session, r)
	session.receiver = session.meter(above)
	s.mu.Lock()
	if s.stopping {
		s.mu.Unlock()
		session.receiver.Closed(ServerShutdown)
		return false
	}
	session.home = uint16(s.next)
	s.next = (s.next + 1) % len(s.shards)
	e.keep(session)
	s.mu.Unlock()
	session.startHeart()
	frames := []*transport.Frame{transport.NewText(transport.Open, handshake(session.id, upgrades, &s.config))}
	if s.config.InitialPacket != nil {
		frames = append(frames, s.config.InitialPacket)
	}
	_ = session.Send(frames, 0) // a session as young as this takes them
	if o, ok := above.(Opener); ok {
		o.Opened()
	}
	return true
}

// handshake is the payload of the open packet (Engine.IO protocol v4,
// "Handshake"): times in milliseconds, sizes in bytes.
func handshake(id string, upgrades []string, c *Config) string {
	b, _ := json.Marshal(struct { // nothing in it can fail
		ID           string   `json:"sid"`
		Upgrades     []string `json:"upgrades"`
		PingInterval int64    `json:"pingInterval"`
		PingTimeout  int64    `json:"pingTimeout"`
		MaxPayload   int      `json:"maxPayload"`
	}{id, upgrades, c.PingInterval.Milliseconds(), c.PingTimeout.Milliseconds(), c.MaxPayload})
	return string(b)
}

func (s *Server) remove(session *Session) {
	s.mu.Lock()
	ends := s.ends[session]
	delete(s.ends, session)
	s.take(session)
	s.mu.Unlock()
	for _, f := range ends {
		f()
	}
}

// take is the part of remove with mu held.
func (s *Server) take(session *Session) {
	delete(s.sessions, session.id)
	s.emptier()
	if len(s.sessions) > 0 {
		return
	}
	s.sessions = map[string]*Session{} // maps never shrink
	for _, shard := range s.shards {
		shard.flusher.forget()
	}
	if s.empty != nil {
		close(s.empty)
		s.empty = nil
	}
}

// pace is how many sessions Shutdown closes in a millisecond: their clients
// come back, and should not all do so at once.
const pace = 10

// grace is how long Shutdown waits for clients to fetch what was sent to them.
const grace = 2 * time.Second

// Shutdown lets no new session in, closes those there are with
// [ServerShutdown], at no more than 10,000 a second, and returns when nothing
// of the server runs any more. If ctx ends first, the sessions that have not
// begun to close are cut off, and the cause of ctx is returned; a connection that
// waits for its peer's goodbye still does, for 5 s at most.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.stopping = true
	sessions := make([]*Session, 0, len(s.sessions))
	for _, session := range s.sessions {
		sessions = append(sessions, session)
	}
	empty := make(chan struct{})
	if len(sessions) == 0 {
		close(empty)
	} else {
		s.empty = empty
	}
	s.mu.Unlock()

	for i, session := range sessions {
		if i%pace == pace-1 {
			pause(ctx, time.Millisecond)
		}
		session.Close(ServerShutdown)
	}
	patience := time.NewTimer(grace)
	defer patience.Stop()
	select {
	case <-empty:
	case <-patience.C:
	case <-ctx.Done():
	}
	for _, session := range sessions {
		session.Abort(ServerShutdown)
	}
	for _, shard := range s.shards {
		shard.wheel.Stop()
	}
	return errors.Join(s.poller.Close(ctx), s.group.Wait(ctx))
}

// pause waits for d, less if ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
