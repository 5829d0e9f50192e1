//go:build !linux

package poll

import (
	"errors"
	"net"

	"github.com/briohq/brio/internal/group"
)

// Poller takes nothing: it has no loops on this system.
type Poller struct{}

// New returns a Poller that takes nothing.
func New(*group.Group, int) *Poller { return &Poller{} }

// Take reports false.
func (*Poller) Take(net.Conn, Handler) (*Conn, bool) { return nil, false }

// Close does nothing.
func (*Poller) Close() {}

// Conn is never made on this system.
type Conn struct{}

var errUnsupported = errors.ErrUnsupported

// Start does nothing.
func (*Conn) Start() {}

// Write fails.
func (*Conn) Write([]byte) (int, error) { return 0, errUnsupported }

// Pause does nothing.
func (*Conn) Pause() {}

// Resume does nothing.
func (*Conn) Resume() {}

// Detach fails.
func (*Conn) Detach(func(net.Conn, error)) {}

// Close does nothing.
func (*Conn) Close() {}
