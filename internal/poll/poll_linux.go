//go:build !nopoll

package poll

import (
	"context"
	"net"

	"golang.org/x/sys/unix"
)

// poll takes over a connection that a loop can read; it returns nil for others.
func (p *Poller) poll(nc net.Conn, h Handler) Conn {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	c := &polled{handler: h, fd: -1}
	if c.loop = p.hold(); c.loop == nil {
		return nil
	}
	err = raw.Control(func(old uintptr) {
		if fd, err := unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0); err == nil {
			c.fd = int32(fd)
		}
	})
	if err != nil || c.fd < 0 {
		p.release()
		return nil
	}
	_ = tcp.Close() // the duplicate keeps the connection, and package net forgets it
	return c
}

// hold returns the loop of a new connection, nil if there is none.
func (p *Poller) hold() *loop {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return nil
	}
	for len(p.loops) < p.size {
		l, err := newLoop(p)
		if err != nil {
			return nil
		}
		p.loops = append(p.loops, l)
		p.group.Go(l.run)
	}
	if p.size == 0 {
		return nil
	}
	p.conns++
	l := p.loops[p.next]
	p.next = (p.next + 1) % len(p.loops)
	return l
}

func (p *Poller) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns--
	if p.conns > 0 {
		return
	}
	for _, l := range p.loops {
		l.forget()
	}
	if p.empty != nil {
		close(p.empty)
		p.empty = nil
	}
}

func (p *Poller) close(ctx context.Context) (err error) {
	p.mu.Lock()
	p.ended = true
	loops := p.loops
	p.loops = nil
	empty := make(chan struct{})
	if p.conns > 0 {
		p.empty = empty
	} else {
		close(empty)
	}
	p.mu.Unlock()
	select {
	case <-empty:
	case <-ctx.Done():
		err = context.Cause(ctx)
		for _, l := range loops {
			for _, c := range l.all() {
				c.Close()
			}
		}
	}
	for _, l := range loops {
		_ = l.file.Close()
	}
	return err
}
