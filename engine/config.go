package engine

import (
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/briohq/brio/transport"
	"github.com/briohq/brio/transport/websocket"
)

// Config is what a [Server] is made of. Only Open is required; every other
// field has a default for its zero value.
type Config struct {
	// PingInterval is the time between two heartbeats. Default 25 s.
	PingInterval time.Duration
	// PingTimeout is how long a session waits for the answer to one before it
	// closes. Default 20 s.
	PingTimeout time.Duration
	// Transports are the ones that clients may use: polling, websocket,
	// webtransport. [NewServer] panics for others. The last one needs a
	// server of package transport/webtransport besides. Default: polling and
	// websocket.
	Transports []string
	// NoUpgrade keeps each session on the transport it began with. Default:
	// polling may give way to WebSocket, and both to WebTransport.
	NoUpgrade bool
	// UpgradeTimeout bounds the upgrade to another transport, and the wait for
	// the first packet of a client on WebTransport. Default 10 s.
	UpgradeTimeout time.Duration
	// AllowEIO3 lets clients in that speak revision 3 of the protocol, and
	// say so with EIO=3 in their query. It includes JSONP, for pages that Origins lets in
	// by their Referer header, which has to be there unless "*" does. Default:
	// they are refused.
	AllowEIO3 bool
	// MaxPayload is the size in bytes of the largest message, and of the
	// largest polling request, that a client may send. Default 1,000,000.
	MaxPayload int
	// MaxBacklog is how many bytes may wait to be sent to one client; with
	// more its session closes for [SlowClient], unless what has no room may be
	// dropped, see [Sending]. Default 4 MiB.
	MaxBacklog int
	// MaxConnections is how many sessions there may be at once, handshakes that are
	// under way included. More are refused with status 503 (Service Unavailable)
	// and Retry-After. Default 0: any number.
	MaxConnections int
	// MaxBacklogTotal is how many bytes may wait for all clients together that
	// can't take more for now. Frames that several clients are sent count for
	// each, though they are there only once. What can be written at once, and what
	// the kernel has taken, does not count. With more, the sessions for which the
	// most waits are closed for [SlowClient], until three quarters of it wait; so
	// long new sessions are refused, see [Overload]. Default 0: no bound but
	// MaxBacklog for each.
	MaxBacklogTotal int
	// MaxMemory is how many bytes live objects (as of the last collection) and
	// stacks may take in the process before new sessions are refused, see
	// [Overload]; they are let in again when it is an eighth less. It is looked at
	// with handshakes, at most once a second. Default: three quarters of the
	// runtime's limit (GOMEMLIMIT), if it has one when the server is made;
	// negative: no bound.
	MaxMemory int64
	// Intake bounds how fast each client may send. Default: nil, no bound.
	Intake *Intake
	// Busy returns a word for why no new sessions should be let in, "" if they may
	// be: they are refused, see [Overload]. It is asked with each handshake, and
	// may be called concurrently. Default: there is no other reason.
	Busy func() string
	// NoCompression sends all answers to polling requests as they are. Default:
	// those of 1024 bytes and more are compressed, with gzip or deflate, for
	// clients that accept that.
	NoCompression bool
	// Deflate compresses what is sent over WebSocket to clients that offer
	// permessage-deflate (RFC 7692), as browsers do, and lets them do likewise.
	// A broadcast is compressed once for all of them, and an idle session needs
	// no memory for it; who sends pays with time. MaxPayload and MaxBacklog count
	// bytes that are not compressed. Default: no compression.
	Deflate *Deflate
	// Origins are the values of the Origin header with which browsers may
	// connect, such as https://example.com; "*" stands for any, without its
	// cookies. Answers to them have the CORS headers that they need. Default:
	// the host that the request is for. A request without Origin doesn't come
	// from a browser and is not restricted.
	Origins []string
	// CORS says more about browsers and other origins. Default: nothing more.
	CORS CORS
	// AllowRequest is asked about each handshake whose transport, origin and
	// method are right, not about later requests. An error refuses it, and its
	// text is what the client is told; one on WebTransport isn't told. With an
	// [Overload] the client is told to come back later. It may be called
	// concurrently, and may wait for as long as the client does; see [OnEnd] too.
	// Default: all are let in.
	AllowRequest func(*http.Request) error
	// OnRefused hears of each request that is refused with an error of the
	// protocol, before that is answered: the error's code, and what the client
	// is told. It may be called concurrently. Default: nobody hears.
	OnRefused func(r *http.Request, code int, message string)
	// OnUpgraded hears of each session that has changed to another transport, by
	// their names. It may be called concurrently, and must not block. Default:
	// nobody hears.
	OnUpgraded func(from, to string)
	// OnReceived hears of each packet that comes, and its bytes: those of the packet,
	// without what carries it. It may be called concurrently, and must not block.
	// Default: nobody hears.
	OnReceived func(bytes int)
	// OnSent hears of each write: how many packets it has, and their bytes. It may be
	// called concurrently, and must not block. Default: nobody hears.
	OnSent func(packets, bytes int)
	// NewID makes the id of the session that a request begins, once that has been
	// verified. Who knows the id of a session on polling can act for its client,
	// so it must be as hard to guess as [NewID]'s. An id is of 1 to 256 visible
	// ASCII characters; proxies that keep a client with one server, and other
	// implementations, expect 20 of A-Z, a-z, 0-9, - and _. If there is an error,
	// or a session of that id already, the request is refused with code 3, "Bad
	// request". It may be called concurrently. Default: [NewID].
	NewID func(*http.Request) (string, error)
	// InitialPacket is a message that each client gets right after the handshake,
	// in the same write or answer. It must be a message's frame. Default: none.
	InitialPacket *transport.Frame
	// Cookie makes the cookie that the answer to the handshake of the session
	// with that id sets, such as for a load balancer. With nil none is set, nor
	// on WebTransport. It may be called concurrently. Default: no cookies.
	Cookie func(id string) *http.Cookie
	// Headers may add to the headers of each answer to a request of a session,
	// that which begins a WebSocket included, but not one of WebTransport. A
	// handshake is a request without sid in its query. It may be called
	// concurrently, and comes before the headers that the protocol needs, which
	// it can't change. Default: nothing is added.
	Headers func(h http.Header, r *http.Request)
	// Open is called with each new session and the request that began it,
	// and returns what the session pushes into. Nothing may be sent on the
	// session before it returns.
	Open func(*Session, *http.Request) Receiver
	// Logger hears of refused requests, at debug level. Default: silence.
	Logger *slog.Logger
}

// Deflate is how messages over WebSocket are compressed.
type Deflate = websocket.Deflate

func (c Config) withDefaults() Config {
	orDuration := func(d *time.Duration, fallback time.Duration) {
		if *d <= 0 {
			*d = fallback
		}
	}
	orDuration(&c.PingInterval, 25*time.Second)
	orDuration(&c.PingTimeout, 20*time.Second)
	orDuration(&c.UpgradeTimeout, 10*time.Second)
	if len(c.Transports) == 0 {
		c.Transports = []string{"polling", "websocket"}
	}
	if c.MaxPayload <= 0 {
		c.MaxPayload = 1_000_000
	}
	if c.MaxBacklog <= 0 {
		c.MaxBacklog = 4 << 20
	}
	if c.Intake != nil {
		c.Intake = c.Intake.withDefaults(c.MaxPayload)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// transports are all there are. A session may change to one that is further on
// in the list.
var transports = []string{"polling", "websocket", "webtransport"}

// upgrades are the transports that a session on polling may change to.
func (c *Config) upgrades() []string {
	names := []string{}
	for _, name := range transports[1:] {
		if !c.NoUpgrade && slices.Contains(c.Transports, name) {
			names = append(names, name)
		}
	}
	return names
}
