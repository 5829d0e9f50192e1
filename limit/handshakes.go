package limit

import (
	"net/http"
	"net/netip"
	"sync/atomic"

	"github.com/briohq/brio"
)

// HandshakesConfig says how many connections may begin. What is zero is not limited.
type HandshakesConfig struct {
	// Address limits those of one client address, see [Address].
	Address Rate
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
	}
}

// Allow refuses a request that is too much.
func (l *HandshakeLimits) Allow(r *http.Request) error {
	if address := Address(r.RemoteAddr, r.Header, l.config.Trusted); address.IsValid() {
		if _, ok := l.addresses.take(address); !ok {
			return l.refuse()
		}
	}
	if _, ok := l.all.take(struct{}{}); !ok {
		return l.refuse()
	}

	return nil
}

// Exceeded returns how many were refused since the start.
func (l *HandshakeLimits) Exceeded() int64 { return l.exceeded.Load() }

func (l *HandshakeLimits) refuse() error {
	l.exceeded.Add(1)

	return brio.Errorf("too many connections: try again later")
}
