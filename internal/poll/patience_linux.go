package poll

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// giveUp sets TCP_USER_TIMEOUT (RFC 5482), beneath TLS too. It holds for what the
// kernel still has to send when the connection has been closed. Probes of idle
// connections are package net's.
func giveUp(nc net.Conn, after time.Duration) {
	if outer, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = outer.NetConn()
	}
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { // without it, it takes longer
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(after.Milliseconds()))
	})
}
