package engineio

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/briohq/brio/transport"
)

// upgrade is another transport, which has answered the probe and takes over when
// long-polling has come to rest (Engine.IO protocol v4, "Upgrade"). Until the
// upgrade packet has left it may fail without harm.
type upgrade struct {
	name    string
	pipe    Pipe
	settled bool          // Serve takes it or leaves it, nobody else
	done    chan struct{} // closed when it has taken over
}

// improve tries the transports that the server offers, until one takes over.
func (c *Conn) improve(ctx context.Context, names []string) {
	for _, name := range names {
		err := c.try(ctx, name)
		if err == nil || ctx.Err() != nil {
			return
		}
		c.config.Logger.Debug("upgrade failed", "transport", name, "error", err)
	}
}

func (c *Conn) try(ctx context.Context, name string) error {
	pipe, err := c.probe(ctx, name)
	if err != nil {
		return err
	}
	up := &upgrade{name: name, pipe: pipe, done: make(chan struct{})}
	c.mu.Lock()
	if c.state != open {
		c.mu.Unlock()
		return pipe.Close()
	}
	c.next = up
	c.mu.Unlock()
	timer := time.NewTimer(c.config.UpgradeTimeout / 2)
	defer timer.Stop()
	select {
	case <-up.done:
		return nil
	case <-ctx.Done():
		return nil
	case <-timer.C:
		return c.abandon(up)
	}
}

// probe asks a transport whether it carries packets of this session.
func (c *Conn) probe(ctx context.Context, name string) (Pipe, error) {
	dial, err := c.config.dialer(name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.config.UpgradeTimeout, errors.New("no answer to the probe"))
	defer cancel()
	pipe, err := dial(ctx, c.address, c.handshake.ID, c.config)
	if err != nil {
		return nil, explain(ctx, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = pipe.Close() })
	defer stop()
	p := transport.Packet{Type: transport.Ping, Data: []byte("probe")}
	if err = pipe.Write([]transport.Packet{p}); err == nil {
		p, err = readOne(ctx, pipe)
	}
	if err == nil && (p.Type != transport.Pong || string(p.Data) != "probe") {
		err = fmt.Errorf("%w: the answer to the probe is a %v", transport.ErrParse, p.Type)
	}
	if err != nil {
		_ = pipe.Close()
		return nil, explain(ctx, err)
	}
	return pipe, nil
}

// takeOver changes to the transport that waits to take over, if there is one, when
// the last POST has been answered. It is called when nothing of the answer to a
// GET is left, so that what comes on the new transport is later than all before.
func (c *Conn) takeOver(old Pipe) Pipe {
	c.mu.Lock()
	up := c.next
	for up != nil && c.next == up && c.writing && c.state != closed {
		c.idle.Wait()
	}
	if up == nil || c.next != up || c.state == closed {
		c.mu.Unlock()
		return old
	}
	up.settled = true
	c.mu.Unlock()
	err := up.pipe.Write([]transport.Packet{{Type: transport.Upgrade}})

	c.mu.Lock()
	c.next = nil
	if err != nil || c.state == closed {
		c.kick()
		c.mu.Unlock()
		_ = up.pipe.Close()
		close(up.done)
		return old
	}
	c.pipe, c.name = up.pipe, up.name
	c.listen(up.pipe)
	c.kick()
	c.mu.Unlock()
	close(up.done)
	_ = old.Close()
	up.pipe.SetReadDeadline(c.due)
	if c.config.OnUpgrade != nil {
		c.config.OnUpgrade(up.name)
	}
	return up.pipe
}

// abandon gives up a transport that had no chance to take over in time: servers
// have given it up by then too, or are about to.
func (c *Conn) abandon(up *upgrade) error {
	c.mu.Lock()
	if c.next != up || up.settled {
		c.mu.Unlock()
		return nil
	}
	c.next = nil
	c.idle.Broadcast()
	c.kick()
	c.mu.Unlock()
	return errors.Join(errors.New("polling did not come to rest in time"), up.pipe.Close())
}
