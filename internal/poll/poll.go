// Package poll reads many connections with few goroutines. It is how a server
// holds connections that are idle at the cost of a file descriptor and one small
// struct each: no goroutine, no read buffer, nothing of package net.
//
// A [Poller] has some loops, each a goroutine with one buffer that all its
// connections share. A [Conn] that has been taken over by [Poller.Take] hands what
// arrives to its [Handler], on the loop. It can be written to without blocking;
// what the kernel does not take has to wait until the handler is told. When it
// gets complicated, such as for a farewell with deadlines, [Conn.Detach] makes a
// net.Conn of it again.
//
// It works for TCP without TLS on Linux; elsewhere Take takes nothing.
package poll

// Handler is who a [Conn] belongs to. Its methods are called on the Conn's loop,
// one at a time; they must not block.
type Handler interface {
	// Data takes bytes that have arrived. They are borrowed until it returns,
	// and may be written to.
	Data(b []byte)
	// Writable says that a Conn can be written to again which did not take all
	// that it was given.
	Writable()
	// End says that nothing more comes: io.EOF if the peer has closed its
	// side. It is called once, and not after Close or Detach.
	End(err error)
}
