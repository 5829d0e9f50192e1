package limit

import (
	"context"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/briohq/brio"
)

// Excess is what becomes of an event that is too much.
type Excess int

const (
	// Refuse answers with an error that says when to try again. The default.
	Refuse Excess = iota
	// Drop says nothing: for clients that would only send the answer's cause again.
	Drop
	// Disconnect ends the connection, with all of its namespaces.
	Disconnect
)

// EventsConfig says how many events may come. What is zero is not limited. An event
// that one limit refuses takes no token of those below it in this list.
type EventsConfig struct {
	// Event limits the events of a name, of one socket.
	Event map[string]Rate
	// Socket limits all events of one socket.
	Socket Rate
	// Address limits all events of one client address, see [Address].
	Address Rate
	// User limits all events of one user. UserOf says whose a socket is, "" for
	// nobody's, which is not limited; it is asked once, when the socket has connected.
	User   Rate
	UserOf func(s *brio.Socket) string

	// Excess is what becomes of an event that is too much. Default: [Refuse].
	Excess Excess
	// Trusted are the proxies whose X-Forwarded-For counts. Default: none.
	Trusted []netip.Prefix
	// MaxTracked is how many addresses, and how many users, are remembered. Default
	// 100,000.
	MaxTracked int
}

// TooMany is the code in the data of the error with which an event is refused.
const TooMany = "too_many"

// Refusal is that data.
type Refusal struct {
	Code  string `json:"code"`
	Retry int64  `json:"retry"` // milliseconds until it may be tried again
}

// EventLimits limit the events of one namespace. Its methods may be called
// concurrently.
type EventLimits struct {
	config    EventsConfig
	key       brio.Key[*limits]
	addresses *buckets[netip.Addr]
	users     *buckets[string]
	exceeded  atomic.Int64
}

// limits are those of one socket. Only its handlers touch its buckets, one at a time.
type limits struct {
	address netip.Addr
	user    string
	all     *rate.Limiter
	events  map[string]*rate.Limiter
}

// Events limits the events that come to a namespace, before its handlers and other
// listeners that are added later see them. Acknowledgements are not counted.
func Events(ns *brio.Namespace, config EventsConfig) *EventLimits {
	if config.MaxTracked <= 0 {
		config.MaxTracked = 100_000
	}
	l := &EventLimits{
		config:    config,
		key:       brio.Key[*limits]("limit:" + ns.Name()),
		addresses: newBuckets[netip.Addr](config.Address, config.MaxTracked),
		users:     newBuckets[string](config.User, config.MaxTracked),
	}
	ns.OnConnect(l.begin)
	ns.OnAny(l.count)

	return l
}

// Exceeded returns how many events were too much since the start.
func (l *EventLimits) Exceeded() int64 { return l.exceeded.Load() }

func (l *EventLimits) begin(_ context.Context, s *brio.Socket) error {
	h := s.Handshake()
	one := &limits{address: Address(h.Address, h.Header, l.config.Trusted)}
	if l.config.UserOf != nil {
		one.user = l.config.UserOf(s)
	}
	if !l.config.Socket.none() {
		one.all = l.config.Socket.bucket()
	}
	l.key.Set(s, one)

	return nil
}

func (l *EventLimits) count(_ context.Context, s *brio.Socket, event string, _ brio.Args) error {
	wait, ok := l.take(l.key.Get(s), event)
	if ok {
		return nil
	}
	l.exceeded.Add(1)
	switch l.config.Excess {
	case Drop:
		return brio.ErrIgnore
	case Disconnect:
		s.Close()
		return brio.ErrIgnore
	}

	return &brio.Error{
		Message: "This is too often. Try again in " + max(time.Millisecond, wait.Round(time.Millisecond)).String() + ".",
		Data:    Refusal{TooMany, max(1, wait.Milliseconds())},
	}
}

func (l *EventLimits) take(one *limits, event string) (wait time.Duration, ok bool) {
	if r, limited := l.config.Event[event]; limited && !r.none() {
		bucket := one.events[event]
		if bucket == nil {
			if one.events == nil {
				one.events = map[string]*rate.Limiter{}
			}
			bucket = r.bucket()
			one.events[event] = bucket
		}
		if wait, ok = take(bucket); !ok {
			return wait, false
		}
	}
	if one.all != nil {
		if wait, ok = take(one.all); !ok {
			return wait, false
		}
	}
	if one.address.IsValid() {
		if wait, ok = l.addresses.take(one.address); !ok {
			return wait, false
		}
	}
	if one.user != "" {
		return l.users.take(one.user)
	}

	return 0, true
}
