package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime/metrics"
	"runtime/pprof"
	"sync"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/limit"
)

// What the server is configured with: bounds that a small one in production would
// have, and times short enough for cuts to be seen.
const (
	pingInterval      = 5 * time.Second
	pingTimeout       = 4 * time.Second
	connectTimeout    = 5 * time.Second
	upgradeTimeout    = 3 * time.Second
	readHeaderTimeout = 5 * time.Second

	memoryLimit     = 256 << 20 // of the process: GOMEMLIMIT; brio takes three quarters for MaxMemory
	maxConnections  = 4000
	maxBacklog      = 1 << 20
	maxBacklogTotal = 32 << 20
	maxPayload      = 100_000
	maxNamespaces   = 64
	maxRooms        = 50
	intakePackets   = 50 // a second
	intakeBurst     = 200
	intakeBytes     = 200_000
	eventsPerSecond = 30
	eventsBurst     = 100
)

// silence is after how long a client is cut that answers no heartbeat.
const silence = pingInterval + pingTimeout

// The busy room: all its members hear so many messages a second, of so many bytes.
const (
	busyEvery = 50 * time.Millisecond
	busyBytes = 8 << 10
)

// lookEvery is how often it is seen how much waits.
const lookEvery = 250 * time.Millisecond

// patience is how long a shutdown, or an honest client's question, may take.
const patience = 5 * time.Second

// state is what the server's process holds, and what it has done since its start.
type state struct {
	Stats    brio.Stats
	Backlog  int64 // the most since it was asked last, bytes
	Inboxes  int64 // likewise
	Live     int   // bytes of objects that the last collection has left
	Reasons  map[brio.Reason]int
	Refused  int // requests, for any reason
	TooOften int64
}

// A site is the server and what it notes.
type site struct {
	server *brio.Server
	events *limit.EventLimits

	mu    sync.Mutex // guards state
	state state
}

func newSite() *site {
	s := &site{state: state{Reasons: map[brio.Reason]int{}}}
	s.server = brio.NewServer(brio.Config{
		PingInterval: pingInterval, PingTimeout: pingTimeout, ConnectTimeout: connectTimeout, UpgradeTimeout: upgradeTimeout,
		MaxConnections: maxConnections, MaxBacklog: maxBacklog, MaxBacklogTotal: maxBacklogTotal, MaxPayload: maxPayload,
		MaxNamespaces: maxNamespaces, MaxRooms: maxRooms, NamespaceIdle: 10 * time.Second,
		Intake:       &brio.Intake{Packets: intakePackets, PacketBurst: intakeBurst, Bytes: intakeBytes},
		Deflate:      &brio.Deflate{},
		AllowRequest: limit.Handshakes(limit.HandshakesConfig{All: limit.Rate{PerSecond: 1000}}).Allow,
		Observer: &brio.Observer{Refused: func(*http.Request, int, string) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.state.Refused++
		}},
	})
	s.server.Of("/org-{id}")
	ns := s.server.Of("/")
	s.events = limit.Events(ns, limit.EventsConfig{Socket: limit.Rate{PerSecond: eventsPerSecond, Burst: eventsBurst}})
	ns.On("echo", func(_ context.Context, _ *brio.Socket, args brio.Args) error {
		var text string
		if err := args.Scan(&text); err != nil {
			return err
		}

		return args.Ack(text)
	})
	ns.On("join", func(_ context.Context, socket *brio.Socket, args brio.Args) error {
		var room string
		if err := args.Scan(&room); err != nil {
			return err
		}

		return args.Ack(socket.Join(room))
	})
	ns.OnDisconnect(func(_ context.Context, _ *brio.Socket, reason brio.Reason) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.state.Reasons[reason]++

		return nil
	})

	return s
}

// chatter talks in the busy room until ctx is done, and notes how much waits.
func (s *site) chatter(ctx context.Context) {
	random := rand.NewChaCha8([32]byte{})
	half := make([]byte, busyBytes/2)
	_, _ = random.Read(half) // which can't fail
	text := hex.EncodeToString(half)
	often := time.NewTicker(busyEvery)
	defer often.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-often.C:
		}
		_ = s.server.Of("/").To("busy").Emit("news", n, text) // encodes
		if n%(int(lookEvery/busyEvery)) != 0 {
			continue
		}
		st := s.server.Stats()
		s.mu.Lock()
		s.state.Backlog, s.state.Inboxes = max(s.state.Backlog, st.Backlog), max(s.state.Inboxes, st.Inboxes)
		s.mu.Unlock()
	}
}

// look returns the state, and begins to look for the most anew.
func (s *site) look() state {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	stats := s.server.Stats()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.state
	now.Stats, now.TooOften = stats, s.events.Exceeded()
	now.Live = int(live[0].Value.Uint64()) //nolint:gosec // no machine has so many
	now.Reasons = maps.Clone(now.Reasons)
	s.state.Backlog, s.state.Inboxes = 0, 0

	return now
}

// serve is the server until ctx is done.
func (c *command) serve(ctx context.Context, out io.Writer) error {
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	s := newSite()
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", s.server)
	mux.HandleFunc("GET /debug/state", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(s.look()) // who went away is not told
	})
	mux.HandleFunc("GET /debug/profile", pprofFor)
	web := &http.Server{Handler: mux, ReadHeaderTimeout: readHeaderTimeout}
	var running sync.WaitGroup
	running.Go(func() { s.chatter(ctx) })
	ended := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		running.Wait()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		err := s.server.Shutdown(ctx)
		ended <- errors.Join(err, web.Close())
	})
	if _, err := fmt.Fprintln(out, "listening on", listener.Addr()); err != nil {
		return err
	}
	if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}

	return <-ended
}

// pprofFor answers with a profile of the CPU, of ten seconds.
func pprofFor(w http.ResponseWriter, r *http.Request) {
	if err := pprof.StartCPUProfile(w); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	defer pprof.StopCPUProfile()
	late := time.NewTimer(2 * patience)
	defer late.Stop()
	select {
	case <-late.C:
	case <-r.Context().Done():
	}
}
