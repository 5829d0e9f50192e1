// Package poll reads many connections with few goroutines, and writes to them
// without blocking.
//
// A [Poller] takes over connections. It has some loops, each a goroutine with one
// buffer that all its connections share, so that an idle connection costs a file
// descriptor and a small struct: no goroutine, no buffer, nothing of package net.
// That works for TCP without TLS on Linux. Any other connection has a goroutine of
// its own that reads it; who uses a [Conn] can't tell the difference.
//
// The build tag nopoll makes all connections such.
package poll

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/briohq/brio/internal/group"
)

// Conn is a connection that has been taken over. Its methods may be called
// concurrently, but Write only by one at a time. None of them blocks.
type Conn interface {
	// Start makes what arrives go to the handler.
	Start()
	// Write writes b and reports whether all of it has left. If not, the
	// Conn goes on by itself; b must not be changed, and nothing more be
	// written, until the handler's Writable is called. If a write fails, that
	// is said by End.
	Write(b []byte) bool
	// Pause asks for no more data for now, Resume to go on. What has been read
	// already may still come.
	Pause()
	Resume()
	// CloseWrite tells the peer that nothing more comes.
	CloseWrite()
	// CloseAfter closes the connection after a while.
	CloseAfter(d time.Duration)
	// Close closes the connection. The handler hears nothing any more, but for
	// what it is hearing.
	Close()
}

// Handler is who a [Conn] belongs to. Data and End are called one at a time; so
// is Writable, but it may come beside them. None may block.
type Handler interface {
	// Data takes bytes that have arrived. They are borrowed until it returns,
	// and may be written to.
	Data(b []byte)
	// Writable says that the last Write has been finished.
	Writable()
	// End says that nothing more comes, and why: io.EOF if the peer has closed
	// its side. It is called once.
	End(err error)
}

// Poller has the loops among which connections are spread. Its methods may be
// called concurrently.
type Poller struct {
	group    *group.Group
	size     int
	patience time.Duration

	mu    sync.Mutex // guards what follows
	loops []*loop    // started with the first connection
	next  int
	conns int           // that loops have
	empty chan struct{} // made by Close, closed when the last connection has gone
	ended bool
}

// New returns a Poller of n loops. These, and the goroutines of connections that
// can't be polled, are of g; the loops run from the first connection on. On Linux
// the kernel gives up a TCP connection whose peer does not acknowledge what was sent
// for as long as patience, be it dead or gone without a word; 0 leaves that to the
// kernel, for which it takes a quarter of an hour.
func New(g *group.Group, n int, patience time.Duration) *Poller {
	return &Poller{group: g, size: n, patience: patience}
}

// Take takes over a connection, which must not be used any more. Nothing happens
// before [Conn.Start].
func (p *Poller) Take(nc net.Conn, h Handler) Conn {
	if p.patience > 0 {
		giveUp(nc, p.patience)
	}
	if c := p.poll(nc, h); c != nil {
		return c
	}
	return newThreaded(nc, h, p.group)
}

// Close ends the loops once all connections have been closed. If ctx ends first,
// it closes them, and returns the cause of ctx. It must not be called on a loop.
func (p *Poller) Close(ctx context.Context) error {
	return p.close(ctx)
}
