package limit

import (
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/briohq/brio"
)

// HandshakesConfig says how many connections may begin, and be there. What is zero is
// not limited.
type HandshakesConfig struct {
	// Address limits those of one client address, see [Address].
	Address Rate
	// Concurrent is how many connections of one client address may be there at once,
	// handshakes that are under way included.
	Concurrent int
	// All limits those of all together, so that a crowd that comes back at once is let
	// in one after the other. Clients that are refused try again by themselves.
	All Rate

	// Trusted are the proxies whose X-Forwarded-For counts. Default: none.
	Trusted []netip.Prefix
	// MaxTracked is how many addresses are remembered. Default 100,000.
	MaxTracked int
}

// HandshakeLimits limit the connections that begin. Its methods may be called
// concurrently.
type HandshakeLimits struct {
	config    HandshakesConfig
	addresses *buckets[netip.Addr]
	all       *buckets[struct{}]
	exceeded  atomic.Int64

	mu    sync.Mutex // guards there
	there map[netip.Addr]int
}

// Handshakes returns limits whose Allow is for [brio.Config].AllowRequest.
func Handshakes(config HandshakesConfig) *HandshakeLimits {
	if config.MaxTracked <= 0 {
		config.MaxTracked = 100_000
	}

	return &HandshakeLimits{
		config:    config,
		addresses: newBuckets[netip.Addr](config.Address, config.MaxTracked),
		all:       newBuckets[struct{}](config.All, 1),
		there:     map[netip.Addr]int{},
	}
}

// Allow refuses a request that is too much, with a [brio.Overload]: the client is told
// after how long to try again.
func (l *HandshakeLimits) Allow(r *http.Request) error {
	if address := Address(r.RemoteAddr, r.Header, l.config.Trusted); address.IsValid() {
		if wait, ok := l.addresses.take(address); !ok {
			return l.refuse(wait)
		}
		if !l.enter(r, address) {
			return l.refuse(0)
		}
	}
	if wait, ok := l.all.take(struct{}{}); !ok {
		return l.refuse(wait)
	}

	return nil
}

// Exceeded returns how many were refused since the start.
func (l *HandshakeLimits) Exceeded() int64 { return l.exceeded.Load() }

// enter counts a connection of an address until its end, if there may be one more.
func (l *HandshakeLimits) enter(r *http.Request, address netip.Addr) bool {
	if l.config.Concurrent <= 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.there[address] >= l.config.Concurrent {
		return false
	}
	if brio.OnEnd(r, func() { l.leave(address) }) {
		l.there[address]++
	}

	return true
}

func (l *HandshakeLimits) leave(address netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.there[address]--
	if l.there[address] == 0 {
		delete(l.there, address)
	}
}

func (l *HandshakeLimits) refuse(wait time.Duration) error {
	l.exceeded.Add(1)

	return &brio.Overload{Message: "too many connections: try again later", RetryAfter: wait}
}
