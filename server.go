package brio

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/briohq/brio/engine"
	"github.com/briohq/brio/internal/group"
	"github.com/briohq/brio/internal/wheel"
	"github.com/briohq/brio/web"
)

// Server serves Socket.IO. It is an [http.Handler] for Config.Path, under which
// it also serves its browser client as brio.js; the [http.Server] around it
// stays its owner's.
type Server struct {
	config Config
	engine *engine.Server
	script http.Handler
	wheel  *wheel.Wheel // connect timeouts
	group  group.Group  // dispatch of sockets
	panics atomic.Int64

	mu         sync.RWMutex // guards what follows
	namespaces map[string]*Namespace
}

// NewServer returns a server with the main namespace, "/".
func NewServer(config Config) *Server {
	s := &Server{
		config:     config.withDefaults(),
		script:     web.Handler(),
		wheel:      wheel.New(),
		namespaces: map[string]*Namespace{},
	}
	s.engine = engine.NewServer(engine.Config{
		PingInterval:   s.config.PingInterval,
		PingTimeout:    s.config.PingTimeout,
		Transports:     s.config.Transports,
		NoUpgrade:      s.config.NoUpgrade,
		UpgradeTimeout: s.config.UpgradeTimeout,
		MaxPayload:     s.config.MaxPayload,
		MaxBacklog:     s.config.MaxBacklog,
		NoCompression:  s.config.NoCompression,
		Origins:        s.config.Origins,
		AllowRequest:   s.config.AllowRequest,
		OnRefused:      s.config.OnRefused,
		Cookie:         s.config.Cookie,
		Headers:        s.config.Headers,
		Logger:         s.config.Logger,
		Open:           s.open,
	})
	s.Of("/") // is always there
	return s
}

// ServeHTTP answers a request under Config.Path.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case s.config.Path, strings.TrimSuffix(s.config.Path, "/"):
		s.engine.ServeHTTP(w, r)
	case s.config.Path + "brio.js":
		s.script.ServeHTTP(w, r)
	default:
		http.NotFound(w, r)
	}
}

// Of returns the namespace of that name, which it makes if there is none yet.
// The main one is "/". A name begins with a slash and has no comma; Of panics
// for others.
func (s *Server) Of(name string) *Namespace {
	if !strings.HasPrefix(name, "/") || strings.Contains(name, ",") {
		panic("brio: namespace " + name + ": a name begins with / and has no comma")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ns := s.namespaces[name]
	if ns == nil {
		ns = newNamespace(s, name)
		s.namespaces[name] = ns
	}
	return ns
}

func (s *Server) namespace(name string) *Namespace {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.namespaces[name]
}

// Stats are counts of a server at one moment.
type Stats struct {
	Connections int   // connections, of any transport
	Sockets     int   // sockets, of all namespaces
	Panics      int64 // panics in handlers since the start
}

// Stats returns the server's counts.
func (s *Server) Stats() Stats {
	stats := Stats{Connections: s.engine.Len(), Panics: s.panics.Load()}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, ns := range s.namespaces {
		stats.Sockets += ns.local.Len()
	}
	return stats
}

// Shutdown lets no new connection in, disconnects all sockets for
// [ServerShutdown], not more than 10,000 a second so that their clients don't
// come back all at once, and returns when nothing of the server runs any more.
// If ctx ends first, the connections that are left are cut off and the cause of
// ctx is returned. A server that has been shut down stays so.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.engine.Shutdown(ctx)
	s.wheel.Stop()
	err = errors.Join(err, s.group.Wait(ctx))
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, ns := range s.namespaces {
		err = errors.Join(err, ns.adapter.Close())
	}
	return err
}
