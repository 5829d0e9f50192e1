// Package natsembed is the adapter for clusters that need nothing to be installed: each
// node has the NATS server in its own process, and these servers connect to each other.
//
//	bus, err := natsembed.New(natsembed.Config{
//		Cluster: "10.0.0.1:6222",
//		Routes:  []string{"10.0.0.1:6222", "10.0.0.2:6222", "10.0.0.3:6222"},
//		Secret:  secret,
//	})
//	…
//	server := brio.NewServer(brio.Config{Adapter: bus.Adapter()})
//
// It is the server of NATS as it is, and package nats above it: what is said there is
// true here. A cluster that outgrows it moves to NATS servers of its own with
// nats.New in the place of this.
//
// It suits some dozens of nodes: every server has a connection to every other. What a
// server sends to others isn't encrypted: between machines that don't share a private
// network, run NATS with TLS and use package nats.
package natsembed

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/adapter/nats"
	"github.com/briohq/brio/internal/group"
)

// Config is what [New] takes. Its zero value is a node that is alone.
//
// Addresses are host:port. Without a host that is 127.0.0.1, so that nobody else can
// connect unless told otherwise; 0.0.0.0 is every address of this machine. Port 0 is
// any free one.
type Config struct {
	// Name is that of the cluster. Servers of another are refused. Default "brio".
	Name string
	// Cluster is where the servers of other nodes connect. Default: nowhere, this
	// node is alone.
	Cluster string
	// Routes are the addresses of other nodes, of which one that is there suffices:
	// the servers tell each other of the rest. It may have this node's own. A node
	// that isn't there yet is tried again.
	Routes []string
	// Secret is what a node must know to be let in, and the token of whoever
	// connects to Listen. It must be set if Cluster or Listen is another address
	// than this machine's own.
	Secret string
	// Listen is where other programs may connect as clients of NATS, such as those
	// that only publish. Default: only this process can.
	Listen string
	// MaxPayload is how many bytes a message between nodes may have, at most 64
	// MiB. All nodes should have the same. Default 8 MiB.
	MaxPayload int
	// Adapter configures the adapters. Its log gets what the server says, too.
	Adapter nats.Config
}

// user is the name under which servers let each other in.
const user = "brio"

// readiness is how long the server may take to begin.
const readiness = 10 * time.Second

// Server is a NATS server in this process, and a connection to it. Its methods may be
// called concurrently.
type Server struct {
	server *natsd.Server
	conn   *natsgo.Conn
	config Config
}

// New starts a server. An error says what of the configuration is wrong, or that an
// address is in use.
func New(config Config) (*Server, error) {
	if config.Adapter.Cluster.Logger == nil {
		config.Adapter.Cluster.Logger = slog.New(slog.DiscardHandler)
	}
	options, err := config.options()
	if err != nil {
		return nil, fmt.Errorf("natsembed: %w", err)
	}
	server, err := natsd.NewServer(options)
	if err != nil {
		return nil, fmt.Errorf("natsembed: %w", err)
	}
	says := &logger{slog: config.Adapter.Cluster.Logger, fatal: make(chan string, 1)}
	server.SetLogger(says, false, false)
	s := &Server{server: server, config: config}
	if err := s.start(says, options.Authorization); err != nil {
		server.Shutdown()
		server.WaitForShutdown()
		return nil, fmt.Errorf("natsembed: %w", err)
	}
	return s, nil
}

func (s *Server) start(says *logger, token string) error {
	s.server.Start()
	for late := time.Now().Add(readiness); !s.server.ReadyForConnections(50 * time.Millisecond); {
		if time.Now().After(late) {
			return fmt.Errorf("server has not begun in %v", readiness)
		}
		select {
		case why := <-says.fatal:
			return errors.New(why)
		default:
		}
	}
	var err error
	s.conn, err = nats.Connect("", natsgo.InProcessServer(s.server), natsgo.Token(token), natsgo.ErrorHandler(
		func(_ *natsgo.Conn, sub *natsgo.Subscription, err error) {
			subject := ""
			if sub != nil {
				subject = sub.Subject
			}
			says.slog.Warn("error of NATS", "error", err, "subject", subject)
		}))
	return err
}

// options returns what the server is told.
func (c Config) options() (*natsd.Options, error) {
	o := &natsd.Options{
		NoSigs: true, DontListen: c.Listen == "" && c.Cluster == "", Authorization: c.Secret,
		MaxPayload: int32(min(c.MaxPayload, natsd.MAX_PAYLOAD_MAX_SIZE)),
	}
	if c.MaxPayload <= 0 {
		o.MaxPayload = 8 << 20
	}
	if c.Secret == "" {
		o.Authorization = rand.Text() // for this process
	}
	var err error
	if o.Host, o.Port, err = c.address("Listen", c.Listen); err != nil {
		return nil, err
	}
	if c.Cluster == "" {
		if len(c.Routes) > 0 {
			return nil, errors.New("Routes without Cluster: set it to the address where other nodes reach this one")
		}
		return o, nil
	}
	o.Cluster.Name = c.Name
	if c.Name == "" {
		o.Cluster.Name = user
	}
	if o.Cluster.Host, o.Cluster.Port, err = c.address("Cluster", c.Cluster); err != nil {
		return nil, err
	}
	o.Cluster.NoAdvertise = true // clients of one node are not those of another
	if c.Secret != "" {
		o.Cluster.Username, o.Cluster.Password = user, c.Secret
	}
	for _, route := range c.Routes {
		if _, _, err := net.SplitHostPort(route); err != nil {
			return nil, fmt.Errorf("route %q: it must be host:port: %w", route, err)
		}
		u := &url.URL{Scheme: "nats-route", Host: route}
		if c.Secret != "" {
			u.User = url.UserPassword(user, c.Secret)
		}
		o.Routes = append(o.Routes, u)
	}
	return o, nil
}

// address returns where to listen.
func (c Config) address(field, address string) (host string, port int, err error) {
	if address == "" {
		return "127.0.0.1", natsd.RANDOM_PORT, nil
	}
	host, text, err := net.SplitHostPort(address)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err == nil && (port < 0 || port > 1<<16-1) {
		err = errors.New("no such port")
	}
	if err != nil {
		return "", 0, fmt.Errorf("%s is %q: it must be host:port: %w", field, address, err)
	}
	if port == 0 {
		port = natsd.RANDOM_PORT
	}
	if host == "" {
		host = "127.0.0.1"
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) && c.Secret == "" {
		return "", 0, fmt.Errorf("%s is %s, which others can reach: set Secret, so that not everybody is let in", field, address)
	}
	return host, port, nil
}

// Adapter returns what makes the adapters of this node, for its Config.Adapter.
func (s *Server) Adapter() adapter.New { return nats.New(s.conn, s.config.Adapter) }

// Conn returns the connection that adapters use, for what a program has to say over
// NATS itself.
func (s *Server) Conn() *natsgo.Conn { return s.conn }

// ClusterAddr returns where other nodes connect, nil if they can't.
func (s *Server) ClusterAddr() net.Addr {
	if a := s.server.ClusterAddr(); a != nil {
		return a
	}
	return nil
}

// Addr returns where other programs connect, nil unless Config.Listen is set.
func (s *Server) Addr() net.Addr {
	if s.config.Listen == "" {
		return nil
	}
	return s.server.Addr()
}

// Routes returns with how many nodes this one is connected.
func (s *Server) Routes() int { return s.server.NumRemotes() }

// Shutdown ends the connection and then the server, after the brio server has been
// shut down. It returns when nothing of them runs any more, or the cause of ctx if that
// ends first.
func (s *Server) Shutdown(ctx context.Context) error {
	var end group.Group
	end.Go(func() {
		s.conn.Close()
		s.server.Shutdown()
		s.server.WaitForShutdown()
	})
	return end.Wait(ctx)
}
