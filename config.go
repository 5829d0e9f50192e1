package brio

import (
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/engine"
	"github.com/briohq/brio/protocol"
	"github.com/briohq/brio/transport"
)

// Config is what a [Server] is made of. Its zero value works.
type Config struct {
	// Path is where the server answers, with or without its last slash. Default
	// "/socket.io/".
	Path string
	// NoTrailingSlash makes the server answer without the last slash only, at
	// "/socket.io": for clients with addTrailingSlash: false. Its browser client
	// stays where it is, at "/socket.io/brio.js", so that an [http.ServeMux]
	// needs both patterns, "/socket.io" and "/socket.io/". Default: both paths
	// are answered.
	NoTrailingSlash bool
	// PingInterval is the time between two heartbeats. Default 25 s.
	PingInterval time.Duration
	// PingTimeout is how long the answer to one may take before the client
	// is given up. Default 20 s.
	PingTimeout time.Duration
	// Transports are the ones that clients may use: polling, websocket,
	// webtransport. [NewServer] panics for others. The last one needs a server
	// of package transport/webtransport besides. Default: polling and
	// websocket.
	Transports []string
	// NoUpgrade keeps each connection on the transport it began with. Default:
	// polling may give way to WebSocket, and both to WebTransport.
	NoUpgrade bool
	// UpgradeTimeout bounds the change from one transport to another, and the
	// wait for the first packet of a client on WebTransport. Default 10 s.
	UpgradeTimeout time.Duration
	// AllowEIO3 lets clients of Socket.IO 2 in, which speak Engine.IO 3;
	// [Handshake].Revision tells which do. They are in the main namespace from
	// the start, bring a query instead of auth, and are told the Data of an
	// [Error], or its Message if there is none. The ids of their sockets are made
	// from the connection's, with which others could take it over: don't show
	// them to other clients. It includes JSONP, for pages that Origins lets in
	// by their Referer header, which has to be there unless "*" does. Default:
	// they are refused.
	AllowEIO3 bool
	// ConnectTimeout is how long a connection may be without having been let
	// into any namespace. Default 45 s.
	ConnectTimeout time.Duration
	// MaxPayload is the size in bytes of the largest message, and of the
	// largest polling request, that a client may send. Default 1,000,000.
	MaxPayload int
	// MaxAttachments is the number of binary attachments that one packet of
	// a client may have. Default 10, as in the official clients.
	MaxAttachments int
	// MaxBacklog is how many bytes may wait to be sent to one client, and how
	// many for one socket's handlers. A client for which more would wait is
	// disconnected for [SlowClient]; one that sends more is not read until
	// its handlers have caught up. Default 4 MiB.
	MaxBacklog int
	// MaxBacklogTotal bounds what waits for all clients together that can't take
	// more for now, in bytes, and as much again what waits for handlers. An event
	// for many counts for each of them, though it is there only once; what can be
	// written at once, and what the kernel has taken, does not count. With more,
	// clients are disconnected for [SlowClient], those for which the most waits
	// first, until three quarters of it wait; and clients are not read for which
	// more than 64 KiB wait for handlers. So long new connections are refused, see
	// [Overload]. What is kept for Recovery has a bound of its own. Default 0: no
	// bound but MaxBacklog for each.
	MaxBacklogTotal int
	// MaxConnections is how many connections there may be at once, handshakes that
	// are under way included. More are refused, see [Overload]. For those of one
	// address see package limit. Default 0: any number.
	MaxConnections int
	// MaxMemory is how many bytes live objects (as of the last collection) and
	// stacks may take in the process before new connections are refused, see
	// [Overload]; they are let in again when it is an eighth less. It is looked at
	// with handshakes and by [Server.Ready], at most once a second. Default: three
	// quarters of the runtime's limit (GOMEMLIMIT), if it has one when the server
	// is made; negative: no bound.
	MaxMemory int64
	// Intake bounds how fast one client may send, in packets and in bytes a second,
	// whatever they are: those who send more are not read for a while, or are
	// disconnected for [TooFast]. Package limit bounds events, and answers. Default:
	// nil, no bound.
	Intake *Intake
	// SlowClient says what becomes of an event for which MaxBacklog leaves no
	// room, if it has to arrive. One that need not is marked by who emits it: with
	// [Target.Volatile] it is dropped, with [Target.Latest] it takes the place of
	// what it makes worthless. Default: [OverflowDisconnect], so that a client
	// either gets every event, or knows that it does not.
	SlowClient Overflow
	// NoCompression sends all answers to polling requests as they are. Default:
	// those of 1024 bytes and more are compressed, with gzip or deflate, for
	// clients that accept that.
	NoCompression bool
	// Deflate compresses what is sent over WebSocket to clients that offer
	// permessage-deflate (RFC 7692), as browsers do, and lets them do likewise.
	// A broadcast is compressed once for all of them, and an idle connection
	// needs no memory for it; who emits pays with time. MaxPayload and MaxBacklog
	// count bytes that are not compressed. See [Target.Uncompressed] for what is
	// compressed already. Default: no compression.
	Deflate *Deflate
	// MaxNamespaces is how many namespaces one connection may be in at once,
	// or wait for. A client that asks for more is refused, with "too many
	// namespaces". Default 64.
	MaxNamespaces int
	// MaxRooms is how many rooms one socket may be in at once, beside the one of its
	// id. It is not put into more: [Socket.Join] says so. Default 1000.
	MaxRooms int
	// MaxAuth is the size in bytes of the largest auth, as JSON, that a client may
	// connect to a namespace with: it is kept as long as the socket. A client with
	// more is refused, with "auth is too large". Default 64 KiB.
	MaxAuth int
	// NamespaceIdle is how long a namespace that was made for a client, see
	// [Server.Of], is kept after its last socket has gone. One that nobody was
	// let into is not kept. Default 1 min; negative: for ever.
	NamespaceIdle time.Duration
	// Origins are the values of the Origin header with which browsers may
	// connect, such as https://example.com; "*" stands for any, without its
	// cookies. Answers to them have the CORS headers that they need. Default:
	// the host that the request is for. Requests without Origin don't come
	// from browsers and are not restricted.
	Origins []string
	// CORS says more about browsers and other origins: a function that decides,
	// headers, credentials. Default: nothing more.
	CORS CORS
	// ClientFS has the files of an official client, which pages then load from
	// under Path, beside brio.js: socket.io.js, socket.io.min.js,
	// socket.io.esm.min.js, socket.io.msgpack.min.js and their source maps. Those
	// that it lacks are not found. It is read when a file is first asked for, and
	// what was read is kept, also compressed; if there is a file of the same name
	// and .br or .gz, that is sent to browsers that accept it. A typical value is
	// os.DirFS("node_modules/socket.io-client/dist"). Default: brio.js only.
	ClientFS fs.FS
	// AllowRequest is asked about each handshake whose transport, origin and
	// method are right, not about later requests. An error refuses it, and its
	// text is what the client is told; one on WebTransport isn't told. With an
	// [Overload] the client is told to come back later. It may be called
	// concurrently, and may wait for as long as the client does; see [OnEnd] too.
	// Default: all are let in.
	AllowRequest func(*http.Request) error
	// NewID makes the id of the connection that a request begins, not that of a
	// socket, once the request has been verified. Who knows it can act for a
	// client on polling, so it must be hard to guess. It is of 1 to 256 visible
	// ASCII characters; proxies that keep a client with one server, and other
	// implementations, expect 20 of A-Z, a-z, 0-9, - and _. If there is an error,
	// or a connection of that id already, the request is refused with "Bad
	// request". It may be called concurrently. Default: 20 such characters, of
	// them 16 random.
	NewID func(*http.Request) (string, error)
	// InitialPacket is what each client gets right after the handshake of its
	// connection, in the same write or answer, before it is in any namespace: an
	// Engine.IO message, as text, or as bytes with a Codec. What it says is not
	// looked at; official clients understand a packet of Socket.IO such as
	// 2["hello"], and hand its event out when they have connected. [NewServer]
	// panics for text that is not UTF-8. Default: none.
	InitialPacket []byte
	// Cookie makes the cookie that the answer to the handshake of a connection
	// sets, such as for a load balancer; the id is the connection's, not that
	// of a socket. With nil none is set, nor on WebTransport. It may be called
	// concurrently. Default: no cookies.
	Cookie func(id string) *http.Cookie
	// Headers may add to the headers of each answer to a request of a connection,
	// that which begins a WebSocket included, but not one of WebTransport. A
	// handshake is a request without sid in its query. It may be called
	// concurrently, and comes before the headers that the protocol needs, which
	// it can't change. Default: nothing is added.
	Headers func(h http.Header, r *http.Request)
	// KeepHeaders are the names of the headers of the request that began a
	// connection which are kept as long as that is there, for
	// [Socket.Handshake]; browsers send about 800 bytes of headers. Middleware
	// and handlers of OnConnect, and what comes before them, see all. A list that
	// is empty and not nil keeps none. Default: all, but those of the WebSocket
	// handshake itself: Connection, Upgrade and Sec-WebSocket-*.
	KeepHeaders []string
	// Recovery lets sockets survive a short disconnection. Default: nil, they
	// don't.
	Recovery *Recovery
	// AllowUnknownFields has the arguments of typed events and calls taken as
	// encoding/json takes them: members of objects for which there is no field, and
	// arguments beyond the one, are ignored. It is for clients, or other servers of
	// the cluster, that are newer than this one. Default: they are refused, as
	// [Event.Handle] has it. Untyped arguments are what [Args.Scan] makes of them.
	AllowUnknownFields bool
	// NoErrorEvents keeps clients from being told why an event has failed for which
	// they asked no acknowledgement. Default: they get an event "error" if it was an
	// [*Error] that a handler or what runs before it returned, also a refused
	// argument: {"event":name,"error":{"message":…,"data":…}}, whatever AckError
	// says, without data if it were more than 8 KiB. One is sent for one that has
	// failed, none for an event called error.
	NoErrorEvents bool
	// AckError makes the argument with which a failed handler answers an
	// acknowledgement. Default: {"error":{"message":…,"data":…}}.
	AckError func(*Error) any
	// Codec is how packets are written, such as msgpack.Codec of package
	// protocol/msgpack. Clients must use the same. Default: text, the one that
	// clients use unless told otherwise.
	Codec protocol.Codec
	// JSON is the library for the arguments of events and acknowledgements, for
	// all but strings, numbers, booleans and bytes on their own. Its functions may
	// be called concurrently, with what clients sent: a library that can be
	// crashed lets them crash the server. What it writes is checked. Handshake.Auth
	// and the server's own packets are always encoding/json's. Default:
	// encoding/json, without its HTML escaping.
	JSON JSON
	// Adapter connects each namespace with its cluster. Default: memory, a
	// server that is alone.
	Adapter adapter.New
	// Observer is told what the server does. Default: nobody is.
	Observer *Observer
	// Logger hears of what handlers return and of panics (error), and of
	// refused requests and packets (debug). Default: silence.
	Logger *slog.Logger
	// LogBurst is how many records of one level and message Logger gets in a second,
	// so that a flood of bad packets is none in the log. After that second one record
	// says how many were held back. Default 20; negative: all are passed on.
	LogBurst int
}

// JSON is a library that turns values into JSON text and back, see [Config].JSON.
type JSON = protocol.JSON

// Deflate is how messages over WebSocket are compressed.
type Deflate = engine.Deflate

// Intake bounds how fast one client may send, see [Config].Intake.
type Intake = engine.Intake

// CORS says more of the pages of other origins than Config.Origins does.
type CORS = engine.CORS

// initialPacket returns the frame of InitialPacket.
func (c *Config) initialPacket() *transport.Frame {
	switch {
	case len(c.InitialPacket) == 0:
		return nil
	case c.Codec != nil:
		return transport.NewBinary(c.InitialPacket)
	case !utf8.Valid(c.InitialPacket):
		panic("brio: Config.InitialPacket is not UTF-8")
	}
	return transport.NewText(transport.Message, string(c.InitialPacket))
}

// connects reports whether path is one at which clients connect.
func (c *Config) connects(path string) bool {
	bare := strings.TrimSuffix(c.Path, "/")
	return path == bare || path == c.Path && (!c.NoTrailingSlash || bare == "")
}

// keeps reports whether a header is kept; its name is in canonical form.
func (c *Config) keeps(name string) bool {
	if c.KeepHeaders == nil {
		return name != "Connection" && name != "Upgrade" && !strings.HasPrefix(name, "Sec-Websocket-")
	}
	return slices.Contains(c.KeepHeaders, name)
}

func (c Config) withDefaults() Config {
	if c.Path == "" {
		c.Path = "/socket.io/"
	}
	c.Path = strings.TrimSuffix(c.Path, "/") + "/"
	if c.ConnectTimeout <= 0 {
		c.ConnectTimeout = 45 * time.Second
	}
	if c.MaxPayload <= 0 {
		c.MaxPayload = 1_000_000
	}
	if c.MaxBacklog <= 0 {
		c.MaxBacklog = 4 << 20
	}
	if c.MaxNamespaces <= 0 {
		c.MaxNamespaces = 64
	}
	if c.MaxRooms <= 0 {
		c.MaxRooms = 1000
	}
	if c.MaxAuth <= 0 {
		c.MaxAuth = 64 << 10
	}
	if c.NamespaceIdle == 0 {
		c.NamespaceIdle = time.Minute
	}
	c.KeepHeaders = slices.Clone(c.KeepHeaders) // nil stays nil
	for i, name := range c.KeepHeaders {
		c.KeepHeaders[i] = http.CanonicalHeaderKey(name)
	}
	if c.Recovery != nil {
		c.Recovery = c.Recovery.withDefaults()
	}
	if c.AckError == nil {
		c.AckError = envelope
	}
	if c.Adapter == nil {
		c.Adapter = adapter.Memory
	}
	if c.Logger == nil {
		c.Logger, c.LogBurst = slog.New(slog.DiscardHandler), -1
	}
	if c.LogBurst == 0 {
		c.LogBurst = 20
	}
	return c
}
