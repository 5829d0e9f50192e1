//go:build !nopoll

package poll

import (
	"os"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// bufferSize is the size in bytes of a loop's read buffer: as much as is read of
// one connection before it is another's turn.
const bufferSize = 64 << 10

// loop is an epoll instance with the goroutine that waits for it.
type loop struct {
	poller *Poller
	file   *os.File // the epoll instance, so that Go's runtime waits for it
	raw    syscall.RawConn
	fd     int

	events [256]unix.EpollEvent // owned by run, as the buffer
	buffer []byte

	mu    sync.RWMutex // guards conns
	conns []*polled    // by file descriptor
}

func newLoop(p *Poller) (*loop, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	l := &loop{poller: p, file: os.NewFile(uintptr(fd), "epoll"), fd: fd, buffer: make([]byte, bufferSize)}
	l.raw, err = l.file.SyscallConn()
	return l, err
}

// run waits for events and deals with them. It does not wait in a system call,
// which would keep a thread and cost a hand-over of the processor each time, but
// in Go's own poller, for which the epoll instance is readable when there are
// events.
func (l *loop) run() {
	n := 0
	poll := func(fd uintptr) bool {
		n = epollWait(int(fd), l.events[:])
		return n > 0
	}
	for l.raw.Read(poll) == nil {
		for i := range l.events[:n] {
			l.event(&l.events[i])
		}
	}
}

func (l *loop) event(e *unix.EpollEvent) {
	l.mu.RLock()
	var c *polled
	if int(e.Fd) < len(l.conns) {
		c = l.conns[e.Fd]
	}
	l.mu.RUnlock()
	if c == nil {
		return // closed meanwhile
	}
	if e.Events&unix.EPOLLOUT != 0 && c.is(full) {
		c.resume()
	}
	if e.Events&^unix.EPOLLOUT != 0 {
		c.read(e.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0)
	}
}

// set notes whose a file descriptor is.
func (l *loop) set(fd int32, c *polled) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c == nil && int(fd) >= len(l.conns) {
		return // it has not been started
	}
	for int(fd) >= len(l.conns) {
		l.conns = append(l.conns, make([]*polled, max(64, len(l.conns)/4))...)
	}
	l.conns[fd] = c
}

// forget lets the table go, when there are no connections.
func (l *loop) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = nil
}

// all returns the connections that have been started.
func (l *loop) all() []*polled {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return slices.DeleteFunc(slices.Clone(l.conns), func(c *polled) bool { return c == nil })
}
