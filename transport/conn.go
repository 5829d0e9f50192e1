// Package transport has the packets of Engine.IO, their encoding, and [Conn],
// an ordered pipe of packets to one peer.
//
// Data is pushed, in both directions. A Conn hands each packet that arrives to
// its [Receiver], with bytes that are borrowed until the call returns; nothing
// above a Conn knows whether a goroutine of its own, an event loop or an HTTP
// handler read them. What leaves is a [Frame], encoded once and shared by all
// connections it is for; [Conn.Write] never blocks.
//
// The packages below this one are the transports: polling, websocket, and
// webtransport, which is for those who ask for it. That one makes its
// connections itself and offers them as an [Upgrader].
package transport

import "errors"

// ErrParse is what a peer has done that sent something which is no packet.
var ErrParse = errors.New("malformed packet")

// Conn is an ordered pipe of packets to one peer.
//
// Write, Close and Abort may be called from any goroutine, but Write and Close
// only by one at a time, and only while the Conn is ready: from the beginning
// for a WebSocket, and after each call of [Receiver.Ready].
type Conn interface {
	// Name is the name of the transport in the protocol: polling, websocket,
	// webtransport.
	Name() string
	// Write sends frames in order, without blocking and without keeping the
	// slice. It reports whether the Conn is ready for more at once; if not,
	// it calls Ready when it is.
	Write(frames []*Frame) bool
	// Close sends frames and the transport's goodbye, and ends the Conn.
	Close(frames []*Frame)
	// Release ends the Conn because its session has changed to another, once
	// what has been written has left. It may be called while the Conn is not
	// ready, but not during a Write.
	Release()
	// Abort ends the Conn without waiting for what has not left yet. The
	// peer is told if that is possible at once.
	Abort()
	// Pause asks the Conn to push no more packets for now, Resume to go on.
	// What has been read already may still come.
	Pause()
	Resume()
}

// Receiver is what a Conn pushes into: a session. Each method is told which
// Conn calls, for a session has two of them while it upgrades. None may block.
type Receiver interface {
	// Receive takes one packet. A Conn calls it from one goroutine at a
	// time.
	Receive(c Conn, p Packet)
	// Ready says that the Conn has become ready for Write.
	Ready(c Conn)
	// Closed says that the Conn has ended: err is nil if the peer ended it
	// in an orderly way, wraps [ErrParse] if it sent what is no packet. It
	// is called once, and not after Close, Release or Abort.
	Closed(c Conn, err error)
}
