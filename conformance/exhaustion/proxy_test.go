//go:build linux

package exhaustion

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// proxy is a bad network between clients and a server. What befalls its connections
// comes from a seed; when it meets what, from the scheduler.
type proxy struct {
	listener net.Listener
	target   string
	corrupt  bool // bytes may change
	calm     atomic.Bool
	ctx      context.Context // of what waits
	stop     context.CancelFunc
	running  sync.WaitGroup

	conns, resets, stalls, drips, halves, corrupted atomic.Int64

	mu     sync.Mutex // guards what follows
	random *rand.Rand
	open   map[net.Conn]bool
}

func newProxy(t *testing.T, target string, seed uint64, corrupt bool) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: target, corrupt: corrupt, random: rand.New(rand.NewPCG(seed, 0)), open: map[net.Conn]bool{}}
	p.ctx, p.stop = context.WithCancel(context.Background())
	p.running.Go(p.serve)
	t.Cleanup(p.close)
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil { // there is none just now
			client.Close()
			continue
		}
		p.conns.Add(1)
		p.mu.Lock()
		up, down := rand.New(rand.NewPCG(p.random.Uint64(), 1)), rand.New(rand.NewPCG(p.random.Uint64(), 2))
		p.open[client], p.open[server] = true, true
		p.mu.Unlock()
		if p.ctx.Err() != nil { // close may have missed them
			client.Close()
			server.Close()
		}
		var both sync.WaitGroup
		both.Go(func() { p.pump(server.(*net.TCPConn), client.(*net.TCPConn), up) })
		both.Go(func() { p.pump(client.(*net.TCPConn), server.(*net.TCPConn), down) })
		p.running.Go(func() {
			both.Wait()
			p.mu.Lock()
			delete(p.open, client)
			delete(p.open, server)
			p.mu.Unlock()
			client.Close()
			server.Close()
		})
	}
}

// pump carries bytes in one direction, until they end or something ends them.
func (p *proxy) pump(to, from *net.TCPConn, random *rand.Rand) {
	left := far(random)
	b := make([]byte, 4096)
	for {
		n, err := from.Read(b)
		rest := b[:n]
		if left -= n; n > 0 && left <= 0 && !p.calm.Load() {
			left = far(random)
			rest = p.befall(to, from, rest, random)
		}
		if _, failed := to.Write(rest); err != nil || failed != nil {
			_ = to.CloseWrite() // the other direction goes on, as in TCP
			return
		}
	}
}

// far is how many bytes pass before something befalls a direction.
func far(random *rand.Rand) int { return 200 + random.IntN(6000) }

// befall does something to a connection and what is on its way, and returns what is
// still to be sent.
func (p *proxy) befall(to, from *net.TCPConn, b []byte, random *rand.Rand) []byte {
	if p.corrupt && random.IntN(3) > 0 {
		p.corrupted.Add(1)
		for range 1 + random.IntN(3) {
			b[random.IntN(len(b))] ^= byte(1 + random.IntN(255))
		}
		return b
	}
	switch random.IntN(4) {
	case 0:
		p.resets.Add(1)
		_, _ = to.Write(b[:random.IntN(len(b)+1)])
		for _, c := range []*net.TCPConn{to, from} {
			_ = c.SetLinger(0)
			_ = c.Close()
		}
		return nil
	case 1:
		p.stalls.Add(1)
		p.wait(time.Duration(random.Int64N(int64(8 * time.Second))))
		return b
	case 2:
		p.drips.Add(1)
		for len(b) > 0 && p.ctx.Err() == nil {
			if _, err := to.Write(b[:1]); err != nil {
				return nil
			}
			b = b[1:]
			p.wait(time.Duration(random.Int64N(int64(2 * time.Millisecond))))
		}
		return b
	default:
		p.halves.Add(1)
		_, _ = to.Write(b)
		_ = to.CloseWrite()
		_, _ = io.Copy(io.Discard, from) // nobody gets it
		return nil
	}
}

func (p *proxy) wait(d time.Duration) {
	select {
	case <-p.ctx.Done():
	case <-time.After(d):
	}
}

// close breaks all connections, and returns when nothing of the proxy runs any more.
func (p *proxy) close() {
	p.stop()
	p.listener.Close()
	p.mu.Lock()
	for c := range p.open {
		c.Close()
	}
	p.mu.Unlock()
	p.running.Wait()
}
