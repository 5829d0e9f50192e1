package brio

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/briohq/brio/engine"
	"github.com/briohq/brio/internal/group"
	"github.com/briohq/brio/internal/repeats"
	"github.com/briohq/brio/internal/wheel"
	"github.com/briohq/brio/protocol"
	"github.com/briohq/brio/web"
)

// Server serves Socket.IO. It is an [http.Handler] for Config.Path, under which
// it also serves its browser client as brio.js, and the official one if there
// is Config.ClientFS; the [http.Server] around it stays its owner's.
type Server struct {
	config            Config
	observer          Observer       // what of it is nil, nobody hears
	strict            *protocol.JSON // for the arguments of typed events
	start             time.Time
	engine            *engine.Server
	client            http.Handler     // serves browser clients, under Path
	wheel             *wheel.Wheel     // connect timeouts, idle children
	limits, oldLimits protocol.Limits  // of packets, and of those of old clients
	group             group.Group      // dispatch of sockets, closing of children
	crew              group.Crew       // in group: who runs handlers
	repeats           *repeats.Handler // of the log; nil if nothing is held back
	panics            atomic.Int64
	dropped           atomic.Int64
	crowded           atomic.Int64
	chunks            atomic.Int64    // that wait in inboxes
	kept              atomic.Int64    // bytes of all that is kept for recovery
	ctx               context.Context //nolint:containedctx // the lifetime of the server, for the handlers of other servers' events
	cancel            context.CancelCauseFunc

	mu         sync.RWMutex // guards what follows, the children of parents, and who holds them
	namespaces map[string]*Namespace
	parents    []*Namespace // in the order of their registration
	idle       int          // children that wait to be collected
	onNew      []func(*Namespace)
}

// NewServer returns a server with the main namespace, "/".
func NewServer(config Config) *Server {
	s := &Server{
		config:     config.withDefaults(),
		start:      time.Now(),
		wheel:      wheel.New(),
		namespaces: map[string]*Namespace{},
	}
	if o := s.config.Observer; o != nil {
		s.observer = *o
	}
	s.strict = &s.config.JSON
	if !s.config.AllowUnknownFields {
		s.strict = s.config.JSON.Strict()
	}
	s.crew.Group = &s.group
	if s.config.LogBurst > 0 {
		s.repeats = repeats.New(s.config.Logger.Handler(), s.config.LogBurst, s.wheel, &s.group)
		s.config.Logger = slog.New(s.repeats)
	}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.limits = protocol.Limits{Attachments: s.config.MaxAttachments, Bytes: s.config.MaxPayload}
	s.oldLimits = s.limits
	s.oldLimits.Namespace = maxQuery
	s.client = http.StripPrefix(s.config.Path, web.Handler(s.config.ClientFS))
	s.engine = engine.NewServer(engine.Config{
		PingInterval:   s.config.PingInterval,
		PingTimeout:    s.config.PingTimeout,
		Transports:     s.config.Transports,
		NoUpgrade:      s.config.NoUpgrade,
		UpgradeTimeout: s.config.UpgradeTimeout,
		AllowEIO3:      s.config.AllowEIO3,
		MaxPayload:     s.config.MaxPayload,
		MaxBacklog:     s.config.MaxBacklog,

		MaxBacklogTotal: s.config.MaxBacklogTotal,
		MaxConnections:  s.config.MaxConnections,
		MaxMemory:       s.config.MaxMemory,
		Intake:          s.config.Intake,
		Busy:            s.busy,

		NoCompression: s.config.NoCompression,
		Deflate:       s.config.Deflate,
		Origins:       s.config.Origins,
		CORS:          s.config.CORS,
		AllowRequest:  s.config.AllowRequest,
		OnRefused:     s.observer.Refused,
		OnUpgraded:    s.observer.Upgraded,
		OnReceived:    s.observer.Received,
		OnSent:        s.observer.Sent,
		NewID:         s.config.NewID,
		InitialPacket: s.config.initialPacket(),
		Cookie:        s.config.Cookie,
		Headers:       s.config.Headers,
		Logger:        s.config.Logger,
		Open:          s.open,
	})
	s.Of("/") // is always there
	return s
}

// ServeHTTP answers a request under Config.Path.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case s.config.connects(path):
		s.engine.ServeHTTP(w, r)
	default:
		if !s.engine.Share(w, r) {
			s.client.ServeHTTP(w, r)
		}
	}
}

// Of returns the namespace of that name, which it makes if there is none yet.
// The main one is "/". A name begins with a slash and has no comma; Of panics
// for others, and if the adapter can't be made.
//
// A name with wildcards, such as "/org-{id}" or "/docs/{folder}/{file}", is a
// pattern, as for [http.ServeMux]. A wildcard matches one or more characters,
// but no slash, comma or control character; {name...} at the end matches
// slashes too. There is text between any two wildcards; the left one matches as
// little as it can. [Socket.PathValue] returns what was matched.
//
// The namespace of a pattern is a parent. When the first client asks for a name
// that matches, it gets a child: a namespace with sockets, rooms and an adapter
// of its own, and with the handlers of its parent. A child without sockets is
// forgotten after Config.NamespaceIdle. Who may have which name is decided by
// the parent's middleware.
//
// A name without wildcards wins over patterns. It must be registered before
// there is a child of that name, or Of panics; the child is returned by
// [Namespace.Child]. Among patterns, the one that was registered first wins.
func (s *Server) Of(name string) *Namespace {
	if !strings.HasPrefix(name, "/") || strings.Contains(name, ",") {
		panic("brio: namespace " + name + ": a name begins with / and has no comma")
	}
	ns, made := s.of(name)
	if made {
		s.announce(ns)
	}
	return ns
}

// of returns the namespace, and whether it has been made now.
func (s *Server) of(name string) (ns *Namespace, made bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.make(name)
}

// make is of with mu held, which it may let go meanwhile.
func (s *Server) make(name string) (ns *Namespace, made bool) {
	if strings.ContainsAny(name, "{}") {
		return s.parent(name), false
	}
	if ns := s.namespaces[name]; ns != nil {
		return ns, false
	}
	for _, parent := range s.parents {
		switch one := parent.family.children[name]; {
		case one == nil:
		case !one.child.collected:
			panic("brio: namespace " + name + " is a child of " + parent.name + " already")
		default:
			s.mu.Unlock()
			<-one.child.closed // a cluster may know an adapter by its name
			s.mu.Lock()
			return s.make(name)
		}
	}
	ns = newNamespace(s, name)
	if err := ns.connect(); err != nil {
		panic("brio: " + err.Error())
	}
	s.namespaces[name] = ns
	return ns, true
}

// parent returns the namespace of a pattern.
func (s *Server) parent(name string) *Namespace {
	for _, parent := range s.parents {
		if parent.name == name {
			return parent
		}
	}
	p, err := parsePattern(name)
	if err != nil {
		panic("brio: namespace " + name + ": " + err.Error())
	}
	ns := newParent(s, name, p, nil)
	s.parents = append(s.parents, ns)
	return ns
}

// OnNewNamespace adds a function that hears of each namespace that is made from
// then on, by [Server.Of] or for a client, but not of parents. It runs before
// the namespace's first socket is let in. A child that it hears of may be emitted
// to, but not be given handlers.
func (s *Server) OnNewNamespace(f func(*Namespace)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onNew = append(s.onNew[:len(s.onNew):len(s.onNew)], f)
}

func (s *Server) announce(ns *Namespace) {
	s.mu.RLock()
	list := s.onNew
	s.mu.RUnlock()
	for _, f := range list {
		f(ns)
	}
}

// all returns the namespaces with sockets, children included.
func (s *Server) all() []*Namespace {
	s.mu.RLock()
	list := slices.Collect(maps.Values(s.namespaces))
	parents := s.parents
	s.mu.RUnlock()
	for _, parent := range parents {
		list = append(list, parent.family.living()...)
	}
	return list
}

// Stats are counts of a server at one moment.
type Stats struct {
	Connections int   // connections, of any transport
	Sockets     int   // sockets, of all namespaces
	Namespaces  int   // namespaces, with those made for clients and without patterns
	Panics      int64 // panics in handlers since the start
	Dropped     int64 // events since the start for which a client had no room, see [OverflowDrop]
	Crowded     int64 // times since the start that a socket would have been in too many rooms, see Config.MaxRooms
	Kept        int64 // bytes that are kept for [Recovery]
	Backlog     int64 // bytes that wait for clients which can't take them now
	Inboxes     int64 // bytes that wait for handlers; of each socket so many times 64 KiB, rounded down
	Shed        int64 // clients since the start that were disconnected because of Config.MaxBacklogTotal
	Excess      int64 // times since the start that a client sent more than Config.Intake
	Refused     int64 // handshakes since the start that were refused for an [Overload]
}

// Stats returns the server's counts.
func (s *Server) Stats() Stats {
	of := s.engine.Stats()
	stats := Stats{
		Connections: of.Sessions, Panics: s.panics.Load(), Dropped: s.dropped.Load(), Crowded: s.crowded.Load(), Kept: s.kept.Load(),
		Backlog: of.Backlog, Inboxes: s.chunks.Load() * chunk, Shed: of.Shed, Excess: of.Excess, Refused: of.Refused,
	}
	for _, ns := range s.all() {
		stats.Sockets += ns.local.Len()
		stats.Namespaces++
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
	s.cancel(ErrShutdown)
	err = errors.Join(err, s.group.Wait(ctx))
	for _, ns := range s.all() {
		err = errors.Join(err, ns.close())
	}
	if s.repeats != nil {
		s.repeats.Stop()
	}
	return errors.Join(err, s.group.Wait(ctx)) // for what other nodes have told meanwhile, and for who hears of what was not recovered
}
