package poll

import (
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/briohq/brio/internal/group"
)

// bufferSize is the size in bytes of a loop's read buffer: as much as is read of
// one connection before it is another's turn.
const bufferSize = 64 << 10

// Poller has the loops among which connections are spread. Its methods may be
// called concurrently.
type Poller struct {
	group *group.Group
	size  int

	mu    sync.Mutex // guards what follows
	loops []*loop    // started with the first connection
	next  int
	ended bool
}

// New returns a Poller of n loops, which are goroutines of g and run from the
// first connection on.
func New(g *group.Group, n int) *Poller { return &Poller{group: g, size: n} }

// loop is an epoll instance with the goroutine that waits for it.
type loop struct {
	file *os.File // the epoll instance, so that Go's runtime waits for it
	raw  syscall.RawConn
	fd   int

	events [256]unix.EpollEvent
	buffer []byte

	mu    sync.Mutex // guards what follows
	conns []*Conn    // by file descriptor
	tasks []func()   // to be run on the loop
	wake  int        // an eventfd that makes the loop look at its tasks, -1 once it has ended
}

// Take takes over a connection, which must not be used any more if Take reports
// true: package net has forgotten it. Nothing happens before [Conn.Start].
func (p *Poller) Take(nc net.Conn, h Handler) (*Conn, bool) {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nil, false
	}
	l := p.loop()
	if l == nil {
		return nil, false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, false
	}
	fd := -1
	err = raw.Control(func(old uintptr) {
		fd, _ = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0)
	})
	if err != nil || fd < 0 {
		return nil, false
	}
	_ = tcp.Close() // the duplicate keeps the connection
	return &Conn{loop: l, fd: int32(fd), handler: h}, true
}

// loop returns the next loop, nil if there is none.
func (p *Poller) loop() *loop {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return nil
	}
	for len(p.loops) < p.size {
		l, err := newLoop()
		if err != nil {
			return nil
		}
		p.loops = append(p.loops, l)
		p.group.Go(l.run)
	}
	l := p.loops[p.next]
	p.next = (p.next + 1) % len(p.loops)
	return l
}

// Close ends the loops. There must be no connection any more.
func (p *Poller) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	for _, l := range p.loops {
		l.end()
	}
	p.loops = nil
}

func newLoop() (*loop, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err == nil {
		err = unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, wake, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: int32(wake)})
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		_ = unix.Close(fd)
		_ = unix.Close(wake)
		return nil, err
	}
	l := &loop{file: os.NewFile(uintptr(fd), "epoll"), fd: fd, wake: wake, buffer: make([]byte, bufferSize)}
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
	l.runTasks()
}

// end makes run return. What waits to be run on the loop still is.
func (l *loop) end() {
	l.mu.Lock()
	_ = unix.Close(l.wake)
	l.wake = -1
	l.mu.Unlock()
	_ = l.file.Close()
}

func (l *loop) event(e *unix.EpollEvent) {
	l.mu.Lock()
	var c *Conn
	if int(e.Fd) < len(l.conns) {
		c = l.conns[e.Fd]
	}
	woken := int(e.Fd) == l.wake
	l.mu.Unlock()
	switch {
	case woken:
		l.runTasks()
		return
	case c == nil:
		return // closed meanwhile
	}
	if e.Events&unix.EPOLLOUT != 0 && c.full.Load() && c.full.Swap(false) {
		c.handler.Writable()
	}
	if e.Events&^unix.EPOLLOUT != 0 {
		c.read(e.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0)
	}
}

func (l *loop) runTasks() {
	l.mu.Lock()
	var b [8]byte
	_, _ = unix.Read(l.wake, b[:])
	tasks := l.tasks
	l.tasks = nil
	l.mu.Unlock()
	for _, f := range tasks {
		f()
	}
}

// do runs f on the loop, soon.
func (l *loop) do(f func()) {
	l.mu.Lock()
	if l.wake < 0 {
		l.mu.Unlock()
		f()
		return
	}
	l.tasks = append(l.tasks, f)
	if len(l.tasks) == 1 {
		_, _ = unix.Write(l.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
	l.mu.Unlock()
}

// set notes whose a file descriptor is.
func (l *loop) set(fd int32, c *Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for int(fd) >= len(l.conns) {
		l.conns = append(l.conns, make([]*Conn, max(64, len(l.conns)/4))...)
	}
	l.conns[fd] = c
}

// Conn is a connection that a loop reads. Its methods may be called concurrently.
type Conn struct {
	loop    *loop
	handler Handler
	fd      int32
	users   atomic.Int32 // of fd, and the bit closed: the last one closes it
	full    atomic.Bool  // the kernel did not take everything
	paused  atomic.Bool
	over    bool // owned by the loop: the handler has been told the end, or has turned away
}

const closed = 1 << 30

// use keeps the file descriptor from being closed, and from becoming that of
// another connection, until it is released. It reports false if it is too late.
func (c *Conn) use() bool {
	if c.users.Add(1)&closed != 0 {
		c.release()
		return false
	}
	return true
}

func (c *Conn) release() {
	if c.users.Add(-1) == closed {
		c.shut()
	}
}

// shut closes the file descriptor, once.
func (c *Conn) shut() {
	if c.users.CompareAndSwap(closed, closed|closed>>1) {
		c.loop.set(c.fd, nil)
		_ = unix.Close(int(c.fd)) // and so leaves the epoll instance
	}
}

// Start makes the loop read.
func (c *Conn) Start() {
	c.loop.set(c.fd, c)
	_ = c.control(unix.EPOLL_CTL_ADD)
}

// control adds the connection to the epoll instance, or makes that look again.
func (c *Conn) control(op int) error {
	if !c.use() {
		return net.ErrClosed
	}
	defer c.release()
	return unix.EpollCtl(c.loop.fd, op, int(c.fd), &unix.EpollEvent{
		Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET,
		Fd:     c.fd,
	})
}

// read reads what there is, up to one buffer: if there is more, the loop is told
// again, after it has been others' turn. last says that the peer has ended: then
// the end is read too.
func (c *Conn) read(last bool) {
	for !c.over && !c.paused.Load() {
		if !c.use() {
			return
		}
		n, err := recv(int(c.fd), c.loop.buffer)
		c.release()
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			return
		case err != nil:
			c.end(os.NewSyscallError("read", err))
		case n == 0:
			c.end(io.EOF)
		default:
			c.handler.Data(c.loop.buffer[:n])
			if n == bufferSize && !c.over {
				_ = c.control(unix.EPOLL_CTL_MOD)
				return
			}
			if !last {
				return
			}
		}
	}
}

func (c *Conn) end(err error) {
	c.over = true
	c.handler.End(err)
}

// Write writes what the kernel takes at once. If that is not all, Writable will be
// called.
func (c *Conn) Write(b []byte) (int, error) {
	if !c.use() {
		return 0, net.ErrClosed
	}
	defer c.release()
	written := 0
	for {
		n, err := send(int(c.fd), b[written:])
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			return written, c.fill()
		case err != nil:
			return written, os.NewSyscallError("write", err)
		}
		written += n
		if written == len(b) {
			return written, nil
		}
	}
}

// fill asks to be told when the connection can be written to. What becomes
// possible before full is set would go unnoticed, so the epoll instance is made to
// look again.
func (c *Conn) fill() error {
	c.full.Store(true)
	return c.control(unix.EPOLL_CTL_MOD)
}

// Pause makes the loop read no more until Resume; what it has read may still
// come.
func (c *Conn) Pause() { c.paused.Store(true) }

// Resume ends a Pause.
func (c *Conn) Resume() {
	if c.paused.Swap(false) {
		_ = c.control(unix.EPOLL_CTL_MOD)
	}
}

// Detach ends the polling and calls f on the loop with a net.Conn of the
// connection, once no method of the handler runs and none will any more. It fails
// for a connection that has been closed.
func (c *Conn) Detach(f func(net.Conn, error)) {
	c.loop.do(func() {
		c.over = true
		if !c.use() {
			f(nil, net.ErrClosed)
			return
		}
		file, err := c.file()
		_ = c.control(unix.EPOLL_CTL_DEL) // closing alone would not do, for the duplicate is the same connection
		c.release()
		c.Close()
		if err != nil {
			f(nil, err)
			return
		}
		nc, err := net.FileConn(file)
		_ = file.Close()
		f(nc, err)
	})
}

func (c *Conn) file() (*os.File, error) {
	fd, err := unix.FcntlInt(uintptr(c.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "tcp"), nil
}

// Close closes the connection. The handler hears nothing any more, but for what
// runs already.
func (c *Conn) Close() {
	for {
		n := c.users.Load()
		if n&closed != 0 {
			return
		}
		if c.users.CompareAndSwap(n, n|closed) {
			break
		}
	}
	if c.users.Load() == closed {
		c.shut()
	}
}
