package client

import (
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client/engineio"
	"github.com/briohq/brio/protocol"
)

// Config is how a client connects and what it does when it can't. Its zero value
// works, and is what the official client does.
type Config struct {
	// Engine says how the connection is made: transports, headers, dialing. Default:
	// as documented there, but that its MaxBacklog is twice the one below, and its
	// MaxPayload, Timeout and Logger are those below.
	Engine engineio.Config
	// Path is where the server answers, with its last slash if it wants one. Default
	// "/socket.io/".
	Path string
	// Auth is what the server is told of the client when it asks to be let into a
	// namespace: anything that is a JSON object, or a function that returns such a
	// thing, called each time that is done. Its context ends with the connection; an
	// error is taken as a refusal, see [Socket.Connect]. Default: nothing.
	//
	// The function is a func(context.Context) (any, error).
	Auth any
	// Timeout is how long one attempt to connect may take, and how long [Socket.Close]
	// waits for what was sent to leave. Default 20 s.
	Timeout time.Duration

	// NoReconnect gives up when the connection is lost, or can't be made. Default: it
	// is made again.
	NoReconnect bool
	// ReconnectAttempts is how many attempts to connect follow one another before the
	// client gives up. Default: any number.
	ReconnectAttempts int
	// ReconnectDelay is the time before the first of them. It doubles with each.
	// Default 1 s.
	ReconnectDelay time.Duration
	// ReconnectDelayMax bounds it. Default 5 s.
	ReconnectDelayMax time.Duration
	// Randomization is the part of the delay, up to 1, by which it is made longer or
	// shorter at random, so that clients which lost their server don't come back all
	// at once. Negative: none. Default 0.5.
	Randomization float64

	// Retries is how many times more an event is sent that was not acknowledged: in
	// AckTimeout, or before the connection was lost. With it each event asks for an
	// acknowledgement and is sent only once the one before has got it, or was given up;
	// volatile events excepted. The server has to acknowledge all, and to
	// recognize what it gets twice. An event that is given up is logged as an error;
	// [Socket.Do] returns it. Default 0: each is sent once.
	Retries int
	// AckTimeout is how long one such try waits. It says nothing about Do without
	// Retries, which waits as long as its context does. Default 10 s.
	AckTimeout time.Duration

	// MaxBacklog is how many bytes of events may wait for a connection, those of
	// all sockets that share it, and how many for the handlers of one socket. Beyond
	// the one, Emit fails with [ErrBacklog]; beyond the other, the connection is not
	// read. Default 4 MiB.
	MaxBacklog int
	// MaxPayload is the size in bytes of the largest packet of the server, its
	// attachments included. One that sends more is left, and connected to again.
	// Default 16 MiB.
	MaxPayload int
	// MaxAttachments is the number of binary attachments that one packet of the server
	// may have. Default 10, as in the official clients.
	MaxAttachments int

	// Codec is how packets are written, such as msgpack.Codec of package
	// protocol/msgpack. The server must use the same. Default: text.
	Codec protocol.Codec
	// JSON is the library for the arguments of events and acknowledgements, see
	// [brio.Config].JSON. Default: encoding/json, without its HTML escaping.
	JSON brio.JSON
	// AckError makes the argument with which a handler that fails answers an
	// acknowledgement, if the server asked for one. Default:
	// {"error":{"message":…,"data":…}}.
	AckError func(*brio.Error) any
	// OnState hears what becomes of the connection. It runs in the goroutine that
	// makes it, so it must not block, nor call Close. Default: nobody hears.
	OnState func(State)
	// Logger hears of what handlers return, of panics and of events that were given up
	// (error), and of refused packets (debug). Default: silence.
	Logger *slog.Logger
}

// State is what has become of the connection that sockets share.
type State struct {
	Phase   Phase
	Attempt int           // since there was a connection, from 1; 0 for the first of all
	Delay   time.Duration // before the attempt that is waited for
	Err     error         // why the connection was lost, or the attempt before failed
}

// Phase is what a [State] is about.
type Phase string

// The phases. In the official client's words, Connecting and Connected of an Attempt
// other than 0 are reconnect_attempt and reconnect, Waiting is error or
// reconnect_error, and Failed is reconnect_failed.
const (
	Connecting Phase = "connecting" // an attempt begins
	Connected  Phase = "connected"  // there is a connection, and sockets ask for their namespaces
	Waiting    Phase = "waiting"    // for the next attempt
	Failed     Phase = "failed"     // there will be no other attempt
)

func (c Config) withDefaults() Config {
	if c.Path == "" {
		c.Path = "/socket.io/"
	}
	if !strings.HasPrefix(c.Path, "/") {
		c.Path = "/" + c.Path
	}
	setDefault(&c.Timeout, 20*time.Second)
	setDefault(&c.ReconnectDelay, time.Second)
	setDefault(&c.ReconnectDelayMax, 5*time.Second)
	setDefault(&c.AckTimeout, 10*time.Second)
	setDefault(&c.MaxBacklog, 4<<20)
	setDefault(&c.MaxPayload, 16<<20)
	setDefault(&c.Engine.MaxBacklog, 2*c.MaxBacklog) // a backlog has to fit in
	setDefault(&c.Engine.MaxPayload, c.MaxPayload)
	setDefault(&c.Engine.Timeout, c.Timeout)
	if c.Randomization == 0 {
		c.Randomization = 0.5
	}
	c.Randomization = min(max(c.Randomization, 0), 1)
	if c.AckError == nil {
		c.AckError = func(e *brio.Error) any { return envelope{&refusal{e.Message, e.Data}} }
	}
	if c.OnState == nil {
		c.OnState = func(State) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Engine.Logger == nil {
		c.Engine.Logger = c.Logger
	}
	return c
}

func setDefault[T int | time.Duration](field *T, v T) {
	if *field <= 0 {
		*field = v
	}
}

// delay returns how long to wait before an attempt, from 1.
func (c *Config) delay(attempt int) time.Duration {
	d := float64(c.ReconnectDelay) * math.Pow(2, float64(attempt-1))
	d *= 1 + c.Randomization*(2*rand.Float64()-1)
	return time.Duration(min(d, float64(c.ReconnectDelayMax)))
}
