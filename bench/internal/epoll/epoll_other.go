//go:build !linux

package epoll

import (
	"errors"
	"net/netip"
	"time"
)

var errLinux = errors.New("this needs Linux: it is built on epoll")

// Event is what happened to a socket.
type Event struct {
	FD                        int
	Readable, Writable, Ended bool
}

// Poller waits for sockets.
type Poller struct{}

// New says that there is none.
func New() (*Poller, error) { return nil, errLinux }

// Close releases the poller.
func (*Poller) Close() {}

// Add fails.
func (*Poller) Add(int) error { return errLinux }

// Wait fails.
func (*Poller) Wait(time.Time) ([]Event, error) { return nil, errLinux }

// Read fails.
func Read(int, []byte) (int, error) { return 0, errLinux }

// Write fails.
func Write(int, []byte) (int, error) { return 0, errLinux }

// Close does nothing.
func Close(int) {}

// Dial fails.
func Dial(netip.AddrPort) (int, error) { return 0, errLinux }

// Connected fails.
func Connected(int) error { return errLinux }

// Listen fails.
func Listen(at netip.AddrPort) (int, netip.AddrPort, error) { return 0, at, errLinux }

// Accept fails.
func Accept(int) (int, bool, error) { return 0, false, errLinux }

// RaiseFiles fails.
func RaiseFiles() (int, error) { return 0, errLinux }
