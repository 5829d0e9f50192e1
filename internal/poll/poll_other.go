//go:build !linux || nopoll

package poll

import (
	"context"
	"net"
)

// loop is none: there are no loops here.
type loop struct{}

func (p *Poller) poll(net.Conn, Handler) Conn { return nil }

func (p *Poller) close(context.Context) error { return nil }
