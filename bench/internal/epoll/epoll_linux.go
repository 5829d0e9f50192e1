// Package epoll waits for many sockets in one thread, and reads and writes them
// with system calls that the Go scheduler does not hear of: the least that a
// program in Go can pay for a socket.
//
// Sockets are file descriptors that never block, registered edge-triggered: what
// is readable must be read until nothing is left. It works on Linux only;
// elsewhere [New] says so.
package epoll

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Event is what happened to a socket.
type Event struct {
	FD       int
	Readable bool
	Writable bool
	Ended    bool // the peer sends no more: read to the end
}

// Poller waits for sockets. It is not for concurrent use.
type Poller struct {
	fd     int
	timer  int
	armed  time.Time // what timer is set to
	raw    [batch]unix.EpollEvent
	events [batch]Event
}

// batch is how many sockets one turn serves at most.
const batch = 256

// New returns a poller without sockets.
func New() (*Poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	timer, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		Close(fd)
		return nil, fmt.Errorf("timerfd_create: %w", err)
	}
	p := &Poller{fd: fd, timer: timer}
	if err := p.Add(timer); err != nil {
		p.Close()
		return nil, err
	}

	return p, nil
}

// Close releases the poller, not its sockets.
func (p *Poller) Close() {
	Close(p.timer)
	Close(p.fd)
}

// Add registers a socket, until it is closed.
func (p *Poller) Add(fd int) error {
	e := unix.EpollEvent{Fd: int32(fd), Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET}
	if err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &e); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}

	return nil
}

// Wait returns what happened since it was last called, or nothing once deadline
// has passed; the zero time never does. The events are valid until the next call.
func (p *Poller) Wait(deadline time.Time) ([]Event, error) {
	// Under load something has always happened, and asking costs less than
	// going to sleep.
	n, err := p.poll()
	if n == 0 && err == nil && (deadline.IsZero() || time.Now().Before(deadline)) {
		n, err = p.sleep(deadline)
	}
	if err != nil && !errors.Is(err, unix.EINTR) {
		return nil, fmt.Errorf("epoll_wait: %w", err)
	}
	events := p.events[:0]
	for _, e := range p.raw[:max(n, 0)] {
		if int(e.Fd) == p.timer {
			p.armed = time.Time{}
			continue
		}
		events = append(events, Event{
			FD:       int(e.Fd),
			Readable: e.Events&(unix.EPOLLIN|unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0,
			Writable: e.Events&(unix.EPOLLOUT|unix.EPOLLHUP|unix.EPOLLERR) != 0,
			Ended:    e.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0,
		})
	}

	return events, nil
}

// poll asks without waiting.
func (p *Poller) poll() (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), uintptr(unsafe.Pointer(&p.raw[0])), batch, 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}

	return int(n), nil
}

func (p *Poller) sleep(deadline time.Time) (int, error) {
	if !deadline.IsZero() && !deadline.Equal(p.armed) {
		wait := max(time.Until(deadline), 1)
		in := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(wait))}
		if err := unix.TimerfdSettime(p.timer, 0, &in, nil); err != nil {
			return 0, err
		}
		p.armed = deadline
	}

	return unix.EpollWait(p.fd, p.raw[:], -1)
}

// Read reads what has arrived: nothing and no error if nothing has, [io.EOF] if
// nothing will.
func Read(fd int, b []byte) (int, error) {
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		switch {
		case errno == unix.EINTR:
		case errno == unix.EAGAIN:
			return 0, nil
		case errno != 0:
			return 0, errno
		case n == 0:
			return 0, io.EOF
		default:
			return int(n), nil
		}
	}
}

// Write writes as much as the kernel takes at once, perhaps nothing.
func Write(fd int, b []byte) (int, error) {
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		switch errno {
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, nil
		case 0:
			return int(n), nil
		default:
			return 0, errno
		}
	}
}

// Close closes a file descriptor.
func Close(fd int) { _ = unix.Close(fd) } // it holds nothing that could be lost

// Dial begins to connect a socket. When it is writable, [Connected] tells how it
// went.
func Dial(to netip.AddrPort) (int, error) {
	fd, err := open(to)
	if err != nil {
		return 0, err
	}
	if err := unix.Connect(fd, address(to)); err != nil && err != unix.EINPROGRESS {
		Close(fd)
		return 0, fmt.Errorf("connect to %s: %w", to, err)
	}

	return fd, nil
}

// Connected returns why a socket could not be connected, nil if it is.
func Connected(fd int) error {
	errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && errno != 0 {
		err = unix.Errno(errno)
	}

	return err
}

// Listen returns a socket that accepts connections, and its address.
func Listen(at netip.AddrPort) (int, netip.AddrPort, error) {
	fd, err := open(at)
	if err != nil {
		return 0, at, err
	}
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	if err == nil {
		err = unix.Bind(fd, address(at))
	}
	if err == nil {
		err = unix.Listen(fd, 4096)
	}
	var bound unix.Sockaddr
	if err == nil {
		bound, err = unix.Getsockname(fd)
	}
	if err != nil {
		Close(fd)
		return 0, at, fmt.Errorf("listen on %s: %w", at, err)
	}
	switch a := bound.(type) {
	case *unix.SockaddrInet4:
		at = netip.AddrPortFrom(at.Addr(), uint16(a.Port))
	case *unix.SockaddrInet6:
		at = netip.AddrPortFrom(at.Addr(), uint16(a.Port))
	}

	return fd, at, nil
}

// Accept returns the next connection of a listening socket, false if none waits.
func Accept(listener int) (fd int, ok bool, err error) {
	fd, _, err = unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	switch err {
	case nil:
	case unix.EAGAIN, unix.EINTR, unix.ECONNABORTED:
		return 0, false, nil
	default:
		return 0, false, fmt.Errorf("accept: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		Close(fd)
		return 0, false, fmt.Errorf("TCP_NODELAY: %w", err)
	}

	return fd, true, nil
}

func open(peer netip.AddrPort) (int, error) {
	family := unix.AF_INET6
	if peer.Addr().Is4() {
		family = unix.AF_INET
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("socket: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		Close(fd)
		return 0, fmt.Errorf("TCP_NODELAY: %w", err)
	}

	return fd, nil
}

func address(of netip.AddrPort) unix.Sockaddr {
	if of.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(of.Port()), Addr: of.Addr().As4()}
	}

	return &unix.SockaddrInet6{Port: int(of.Port()), Addr: of.Addr().As16()}
}

// RaiseFiles raises the number of files this process may have open, and those it
// starts from now on, to the most it is allowed, and returns that.
func RaiseFiles() (int, error) {
	var limit unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	if err == nil {
		limit.Cur = limit.Max
		err = unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
	}
	if err != nil {
		return 0, fmt.Errorf("RLIMIT_NOFILE: %w", err)
	}

	return int(min(limit.Max, 1<<30)), nil
}
