//go:build !linux

package poll

import (
	"net"
	"time"
)

func giveUp(net.Conn, time.Duration) {}
