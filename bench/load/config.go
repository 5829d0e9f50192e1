package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/briohq/brio/bench/internal/epoll"
)

// Mode is what the clients do.
type Mode string

// The modes.
const (
	Idle      Mode = "idle"      // connect, and stay
	Connect   Mode = "connect"   // connect and leave, again and again; at a rate, stay until it is their turn to leave
	Echo      Mode = "echo"      // each sends to itself
	Broadcast Mode = "broadcast" // one sends to all
	Rooms     Mode = "rooms"     // any sends to its room
	Polling   Mode = "polling"   // Echo over HTTP long-polling
)

// Protocol is what the server speaks.
type Protocol string

// The protocols.
const (
	SocketIO   Protocol = "socketio"   // Socket.IO protocol 5 on Engine.IO protocol 4
	Centrifuge Protocol = "centrifuge" // the JSON protocol of centrifuge
)

// Config is what [Run] does. The zero value of each field but URL works.
type Config struct {
	// URL is the server, such as http://127.0.0.1:3000. As in the official
	// client its path is the namespace, and its query is sent along. There is
	// no TLS here: measure behind what ends it.
	URL string
	// Path is where the server answers. Default "/socket.io/", and
	// "/connection/websocket" of Centrifuge.
	Path string
	// Header is sent with each request, a line each, such as "Cookie: a=b".
	Header []string
	// Auth is the JSON object that each client connects to the namespace with.
	// Default: none.
	Auth json.RawMessage
	// Protocol is what the server speaks. Default SocketIO.
	Protocol Protocol
	// Mode is what the clients do. Default Echo.
	Mode Mode

	// Connections is how many clients there are. Default 1000; 100 of Echo, 50
	// of Polling, 16 at a time of Connect.
	Connections int
	// Members is how many clients share a room of Rooms. Default 10.
	Members int
	// Window is how many messages are under way: of each client of Echo and
	// Polling, in all of Broadcast and Rooms. With Rate it is not used. Default
	// 1; 2 of Broadcast, 100 of Rooms.
	Window int
	// Rate is how many messages are sent per second, whether or not those
	// before have arrived. Latency is then counted from when a message was due.
	// Of Connect it is how many connections per second leave and are replaced,
	// the oldest first; the others stay, and do nothing. Default: 0, the next is
	// sent when one has arrived everywhere; of Connect, each leaves at once.
	Rate float64
	// Size is the bytes of a message's argument, a string. Default 64, at least
	// 40, at most 100,000.
	Size int
	// Ack has the server of Echo and Polling answer with acknowledgements.
	Ack bool

	// Warmup is the time under load before measuring. Default 1 s; negative:
	// none.
	Warmup time.Duration
	// Duration is the time that is measured. Default 5 s.
	Duration time.Duration
	// Timeout is how long a connection may take to be made, and how long to
	// wait for a message that does not arrive. Default 10 s.
	Timeout time.Duration
	// Handshakes is how many connections are made at a time. Default 64.
	Handshakes int

	// PID is the server's process, if it is on this machine. What it and its
	// descendants use is measured. Default: only what clients see is.
	PID int
	// Progress hears how it goes, some times a second. It is called by the loop
	// that makes the load, so it must not wait. Default: nobody.
	Progress func(Progress)
}

// churns reports whether connections stay until they are replaced at a rate.
func (c Config) churns() bool { return c.Mode == Connect && c.Rate > 0 }

// Progress is how it goes.
type Progress struct {
	Phase       string        // connecting, warming up, measuring, waiting for the rest
	Elapsed     time.Duration // of this phase
	Planned     time.Duration // of this phase, 0 if it ends when it is done
	Connected   int
	Connections int
	PerSecond   float64 // messages delivered since the last time; connections of Connect
	Faults      Faults  // so far
}

// What a client stores of a connection beside its own memory, and reads of one
// message, sets the bounds.
const (
	maxSize  = 100_000
	maxRate  = 10_000_000
	spareFDs = 32 // that are no connections
)

func (c Config) withDefaults() (Config, error) {
	if c.Mode == "" {
		c.Mode = Echo
	}
	if !slices.Contains([]Mode{Idle, Connect, Echo, Broadcast, Rooms, Polling}, c.Mode) {
		return c, fmt.Errorf("unknown mode %q", c.Mode)
	}
	if c.Protocol == "" {
		c.Protocol = SocketIO
	}
	if c.Protocol != SocketIO && c.Protocol != Centrifuge {
		return c, fmt.Errorf("unknown protocol %q", c.Protocol)
	}
	if c.Protocol == Centrifuge && c.Mode == Polling {
		return c, errors.New("centrifuge has no long-polling")
	}
	connections := map[Mode]int{Echo: 100, Polling: 50, Connect: 16}
	windows := map[Mode]int{Broadcast: 2, Rooms: 100}
	paths := map[Protocol]string{SocketIO: "/socket.io/", Centrifuge: "/connection/websocket"}
	c.Connections = or(c.Connections, or(connections[c.Mode], 1000))
	c.Members = or(c.Members, 10)
	c.Window = or(c.Window, or(windows[c.Mode], 1))
	c.Size = or(c.Size, 64)
	c.Warmup = max(or(c.Warmup, time.Second), 0)
	c.Duration = or(c.Duration, 5*time.Second)
	c.Timeout = or(c.Timeout, 10*time.Second)
	c.Handshakes = or(c.Handshakes, 64)
	c.Path = or(c.Path, paths[c.Protocol])

	return c, c.check()
}

func (c Config) check() error {
	for name, n := range map[string]int{"connections": c.Connections, "members": c.Members, "window": c.Window, "handshakes": c.Handshakes, "duration": int(c.Duration), "timeout": int(c.Timeout)} {
		if n < 0 {
			return fmt.Errorf("a negative number of %s", name)
		}
	}
	switch {
	case c.Size < stampSize || c.Size > maxSize:
		return fmt.Errorf("a message has %d to %d bytes, not %d", stampSize, maxSize, c.Size)
	case c.Rate < 0 || c.Rate > maxRate:
		return fmt.Errorf("a rate is at most %d messages a second, not %g", maxRate, c.Rate)
	case c.Mode == Rooms && c.Connections%c.Members != 0:
		return fmt.Errorf("%d connections do not fill rooms of %d", c.Connections, c.Members)
	case c.Auth != nil && !json.Valid(c.Auth):
		return fmt.Errorf("auth is not JSON: %s", c.Auth)
	}
	for _, line := range c.Header {
		if name, _, ok := strings.Cut(line, ":"); !ok || name == "" || strings.ContainsAny(line, "\r\n") {
			return fmt.Errorf("%q is not a header: want Name: value", line)
		}
	}

	return nil
}

// room makes sure that there are file descriptors for all connections.
func (c Config) room() error {
	limit, err := epoll.RaiseFiles()
	if err != nil {
		return err
	}
	each := 1
	if c.Mode == Polling {
		each = 2
	}
	if c.Connections > (limit-spareFDs)/each {
		return fmt.Errorf("%d connections need more open files than the %d that are allowed: see ulimit -Hn", c.Connections, limit)
	}

	return nil
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// A site is where the server is.
type site struct {
	address   netip.AddrPort
	host      string // for the Host header
	namespace string // "" is the main one
	path      string
	query     string // as given, "" or ending in "&"
	header    string // lines, each with its end
}

func (c Config) site(ctx context.Context) (site, error) {
	raw := c.URL
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil {
		return site{}, err
	}
	if u.Scheme != "http" && u.Scheme != "ws" {
		return site{}, fmt.Errorf("%s: only http:// can be measured; aim behind what ends TLS", u.Redacted())
	}
	s := site{host: u.Host, path: c.Path, query: u.RawQuery}
	if s.namespace = u.Path; s.namespace == "/" {
		s.namespace = ""
	}
	if s.query != "" {
		s.query += "&"
	}
	for _, line := range c.Header {
		s.header += line + "\r\n"
	}
	port := or(u.Port(), "80")
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return site{}, fmt.Errorf("port %s: %w", port, err)
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return site{}, err
	}
	// A name of this machine has two addresses, of which servers often have one.
	slices.SortStableFunc(found, func(a, b netip.Addr) int { return a.Unmap().BitLen() - b.Unmap().BitLen() })
	s.address = netip.AddrPortFrom(found[0].Unmap(), uint16(number))

	return s, nil
}
