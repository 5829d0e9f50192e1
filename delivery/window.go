package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/protocol"
)

// WindowConfig says which messages are the same, and how long and how much is
// remembered. Its zero value works with Config.Recovery of package brio.
type WindowConfig struct {
	// Session says whose the messages of a socket are, such as the subject of its token.
	// Only within one session ids are compared, so that nobody can have the answers of
	// others, nor take an id before they do. Default, and for whom it returns "": the
	// socket's id. A client keeps that across a lost connection only if the server has
	// Config.Recovery and the client comes back in time; otherwise what it sends again
	// is handled again.
	Session func(s *brio.Socket) string
	// ID returns what tells a message from others of its event and session, in at most
	// [MaxID] bytes; "" for one without, which is handled whenever it comes. Default:
	// [Argument](1), the second one.
	ID func(args brio.Args) string
	// Keep is how long a message is remembered after it has been handled. It should be
	// longer than clients keep trying. Default 10 min.
	Keep time.Duration
	// MaxMessages is how many handled messages of one session are remembered; of more,
	// the oldest are forgotten. A client with the option retries sends one at a time, and
	// needs one. Default 1000.
	MaxMessages int
	// MaxAnswer is the size in bytes of the largest answer that is remembered. A message
	// with a larger one is not handled again, but refused as [Handled]. Default 16 KiB.
	MaxAnswer int
	// MaxBytes bounds what is remembered of all sessions together: each message counts
	// 1 KiB more than its id and its answer. When it is reached, the session that has
	// most loses its oldest, within a factor of two. So who takes no more than others is
	// not forgotten because of them. Default 64 MiB.
	MaxBytes int
}

// MaxID is how many bytes the id of a message may have. With a longer one it is
// refused.
const MaxID = 256

// The codes in the data of the errors with which a message is refused.
const (
	// Handled is that of a message which has been handled, but whose answer is not there
	// any more.
	Handled = "handled"
	// Invalid is that of one whose id is too long.
	Invalid = "invalid"
)

// Refusal is that data.
type Refusal struct {
	Code string `json:"code"`
}

var (
	errHandled = &brio.Error{Message: "This has been done already. Its answer was too large to be kept.", Data: Refusal{Handled}}
	errID      = &brio.Error{Message: "The id of a message has at most 256 bytes.", Data: Refusal{Invalid}}
)

// Window remembers the messages that have been handled, for a while. It takes the place
// of the namespace where handlers are set:
//
//	Order.Handle(once, place)
//	once.On("order", func(ctx context.Context, s *brio.Socket, args brio.Args) error { … })
//
// The handler of a message that comes again is not called. If the message has been
// answered, its answer is given again. If it is just being handled, on this connection or
// on another, what came again waits for that, and the events of its own socket wait behind
// it.
//
// A handler answers before it returns, as those of [brio.Event] and [brio.Call] do. For one
// that returns nil and has not, an answer without arguments is given.
//
// A handler that returns an error, or panics, before it has answered has not handled the
// message: it may come again, and what waits for it is handled. So answer with a value
// what must not be tried again. The context of a handler ends with its socket. One that
// gives up for that reason has failed, and the retry begins from the start: use
// [context.WithoutCancel] for what must not be left half done.
//
// A window needs no end: what it has is forgotten after WindowConfig.Keep. Its methods may
// be called concurrently.
type Window struct {
	ns     *brio.Namespace
	config WindowConfig
	memory *memory
}

// NewWindow returns a window for handlers of a namespace.
func NewWindow(ns *brio.Namespace, config WindowConfig) *Window {
	if config.ID == nil {
		config.ID = Argument(1)
	}
	setDefault(&config.Keep, 10*time.Minute)
	setDefault(&config.MaxMessages, 1000)
	setDefault(&config.MaxAnswer, 16<<10)
	setDefault(&config.MaxBytes, 64<<20)

	return &Window{ns: ns, config: config, memory: newMemory(&config)}
}

func setDefault[T int | time.Duration](field *T, n T) {
	if *field <= 0 {
		*field = n
	}
}

// Argument returns a WindowConfig.ID that is argument i, if that is a string or a
// number. The first one is 0.
func Argument(i int) func(brio.Args) string {
	return func(args brio.Args) string { return scalar(args.Raw(i)) }
}

// Field returns a WindowConfig.ID that is a field of the first argument, an object, if
// that is a string or a number.
func Field(name string) func(brio.Args) string {
	return func(args brio.Args) string {
		var fields map[string]json.RawMessage
		if json.Unmarshal(args.Raw(0), &fields) != nil {
			return ""
		}

		return scalar(fields[name])
	}
}

// scalar returns the text of a string that is not empty, or of a number, as it came: who
// sends it again writes it the same way.
func scalar(text []byte) string {
	if len(text) == 0 || string(text) == `""` || text[0] != '"' && text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return ""
	}

	return string(text)
}

// handler is what handles an event.
type handler func(ctx context.Context, s *brio.Socket, args brio.Args) error

// On sets the handler of an event, as [brio.Namespace.On] does.
func (w *Window) On(event string, f func(ctx context.Context, s *brio.Socket, args brio.Args) error) {
	w.ns.On(event, func(ctx context.Context, s *brio.Socket, args brio.Args) error {
		id := w.config.ID(args)
		switch {
		case id == "":
			return f(ctx, s, args)
		case len(id) > MaxID:
			return errID
		}

		return w.take(ctx, s, name{event, id}, args, f)
	})
}

// take has a message handled, or answers as it has been answered.
func (w *Window) take(ctx context.Context, s *brio.Socket, n name, args brio.Args, f handler) error {
	o := w.owner(s)
	for {
		switch m, wait := w.memory.take(o, n); {
		case wait != nil:
			select {
			case <-wait:
			case <-ctx.Done():
				return brio.ErrDisconnected
			}
		case !m.handled:
			return w.handle(ctx, s, m, args, f)
		case m.lost:
			return errHandled
		default:
			return args.Ack(m.answer)
		}
	}
}

func (w *Window) owner(s *brio.Socket) owner {
	o := owner{namespace: s.Namespace().Name()}
	if w.config.Session != nil {
		o.session = w.config.Session(s)
	}
	if o.session == "" {
		o.session, o.socket = s.ID(), true
	}

	return o
}

// handle calls the handler, and answers for it if it returns nil and has not.
func (w *Window) handle(ctx context.Context, s *brio.Socket, m *message, args brio.Args, f handler) error {
	defer w.memory.fail(m) // unless it has answered; after a panic too
	own := args.Redirect(func(p protocol.Packet) error {
		answer := w.memory.keep(m, &p)
		if err := args.Ack(answer); err != nil && !errors.Is(err, brio.ErrDisconnected) {
			return err
		}

		return nil // a client that has gone asks again
	})
	if err := f(ctx, s, own); err != nil {
		return err
	}

	return own.Ack()
}

// WindowStats are counts of a window at one moment.
type WindowStats struct {
	Sessions  int   // of which something is remembered, or is being handled
	Messages  int   // that are remembered
	Bytes     int   // that these count for WindowConfig.MaxBytes
	Handled   int64 // messages that have been handled since the start
	Repeated  int64 // that came again and were not handled again
	Forgotten int64 // before their time, for there was no room
}

// Stats returns the window's counts.
func (w *Window) Stats() WindowStats { return w.memory.stats() }
