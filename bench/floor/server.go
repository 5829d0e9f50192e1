package main

import (
	"net/netip"
	"time"

	"github.com/briohq/brio/bench/internal/epoll"
)

// A server serves all connections from one loop.
type server struct {
	poller   *epoll.Poller
	listener int
	coalesce bool
	conns    []*conn // by file descriptor
	rooms    map[string]*room
	polls    map[string]*socket // that poll, by session id
	sockets  int                // so far
	buf      []byte             // shared by all
	frame    []byte             // made once for a room
	dirty    []*conn            // that have something to write
}

// A conn is one TCP connection.
type conn struct {
	server  *server
	socket  *socket // of a WebSocket
	in      []byte  // arrived, not complete
	out     []byte  // not written yet
	fd      int32
	dirty   bool
	blocked bool // the kernel takes no more for now
	closed  bool
}

func listen(at netip.AddrPort) (*server, netip.AddrPort, error) {
	if _, err := epoll.RaiseFiles(); err != nil {
		return nil, at, err
	}
	poller, err := epoll.New()
	if err != nil {
		return nil, at, err
	}
	listener, at, err := epoll.Listen(at)
	if err == nil {
		err = poller.Add(listener)
	}
	if err != nil {
		return nil, at, err
	}

	return &server{
		poller: poller, listener: listener, buf: make([]byte, 64<<10),
		rooms: map[string]*room{}, polls: map[string]*socket{},
	}, at, nil
}

// turn serves what has happened, or nothing once deadline has passed; the zero
// time never does.
func (s *server) turn(deadline time.Time) error {
	events, err := s.poller.Wait(deadline)
	if err != nil {
		return err
	}
	for _, e := range events {
		if e.FD == s.listener {
			if err := s.accept(); err != nil {
				return err
			}
			continue
		}
		c := s.conns[e.FD]
		if c == nil {
			continue
		}
		if e.Writable && c.blocked {
			c.blocked = false
			c.flush()
		}
		if e.Readable && !c.closed {
			c.read(e.Ended)
		}
	}
	for _, c := range s.dirty {
		c.dirty = false
		c.flush()
	}
	s.dirty = s.dirty[:0]

	return nil
}

func (s *server) accept() error {
	for {
		fd, ok, err := epoll.Accept(s.listener)
		if err != nil || !ok {
			return err
		}
		if err := s.poller.Add(fd); err != nil {
			return err
		}
		for fd >= len(s.conns) {
			s.conns = append(s.conns, make([]*conn, 256)...)
		}
		s.conns[fd] = &conn{server: s, fd: int32(fd)}
	}
}

// read handles what has arrived, as far as it is complete.
func (c *conn) read(toEnd bool) {
	for {
		kept := copy(c.server.buf, c.in)
		n, err := epoll.Read(int(c.fd), c.server.buf[kept:])
		if err != nil {
			c.close()
			return
		}
		b := c.server.buf[:kept+n]
		for len(b) > 0 && !c.closed {
			used := c.handle(b)
			if used == 0 {
				break
			}
			b = b[used:]
		}
		if len(b) == len(c.server.buf) {
			c.close()
		}
		c.in = append(c.in[:0], b...)
		if c.closed || n == 0 || kept+n < len(c.server.buf) && !toEnd {
			return
		}
	}
}

// send writes b at once, or leaves it for the end of the turn.
func (c *conn) send(b []byte, gather bool) {
	if !gather && len(c.out) == 0 && !c.closed {
		n, err := epoll.Write(int(c.fd), b)
		if err != nil {
			c.close()
			return
		}
		if b = b[n:]; len(b) == 0 {
			return
		}
		c.blocked = true
	}
	c.out = append(c.out, b...)
	if !c.dirty && !c.blocked {
		c.dirty = true
		c.server.dirty = append(c.server.dirty, c)
	}
}

func (c *conn) flush() {
	if c.closed || len(c.out) == 0 {
		return
	}
	n, err := epoll.Write(int(c.fd), c.out)
	if err != nil {
		c.close()
		return
	}
	c.blocked = n < len(c.out)
	if c.out = c.out[:copy(c.out, c.out[n:])]; !c.blocked && c.fresh() {
		c.out = nil
	}
}

// fresh reports whether a connection has only just been opened: the buffer that
// it needed for that it will not need again.
func (c *conn) fresh() bool { return c.socket == nil || !c.socket.spoken }

func (c *conn) close() {
	if c.closed {
		return
	}
	c.closed = true
	if c.socket != nil {
		c.socket.leave()
	}
	c.server.conns[c.fd] = nil
	epoll.Close(int(c.fd))
}
