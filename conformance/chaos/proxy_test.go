package chaos

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// proxy is a bad network: each connection through it has a fate.
type proxy struct {
	listener net.Listener
	server   string
	bad      *atomic.Int64
	running  sync.WaitGroup

	mu     sync.Mutex // guards what follows
	random *rand.Rand
	conns  map[*net.TCPConn]bool
	closed bool
}

// fate is what becomes of one direction of a connection after some bytes.
type fate struct {
	after int
	what  int
	stall time.Duration
}

// What becomes of a connection.
const (
	fine = iota
	reset
	stalls
	corrupted
	drips
	halfClosed
	fates
)

func newProxy(t *testing.T, server string, seed uint64, bad *atomic.Int64) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, server: server, bad: bad, random: rand.New(rand.NewPCG(seed, 0)), conns: map[*net.TCPConn]bool{}}
	p.running.Go(p.accept)
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		near := c.(*net.TCPConn)
		other, err := net.Dial("tcp", p.server)
		if err != nil {
			_ = near.Close()
			continue
		}
		far := other.(*net.TCPConn)
		there, back, ok := p.join(near, far)
		if !ok {
			_ = near.Close()
			_ = far.Close()
			return
		}
		p.running.Go(func() {
			var both sync.WaitGroup
			both.Go(func() { carry(far, near, there) })
			both.Go(func() { carry(near, far, back) })
			both.Wait()
			p.leave(near, far)
		})
	}
}

// join draws the fates of a connection.
func (p *proxy) join(near, far *net.TCPConn) (there, back fate, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	draw := func() fate {
		f := fate{1 + p.random.IntN(4000), p.random.IntN(fates), time.Duration(p.random.IntN(1500)) * time.Millisecond}
		if f.what != fine {
			p.bad.Add(1)
		}
		return f
	}
	p.conns[near], p.conns[far] = true, true
	return draw(), draw(), !p.closed
}

func (p *proxy) leave(conns ...*net.TCPConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
		delete(p.conns, c)
	}
}

// cut ends all connections there are.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

func (p *proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	_ = p.listener.Close()
	p.cut()
	p.running.Wait()
}

// carry carries one direction until it ends, or its fate does.
func carry(to, from *net.TCPConn, f fate) {
	b := make([]byte, 1000)
	for {
		n, err := from.Read(b)
		f.after -= n
		if n > 0 && f.after <= 0 {
			switch f.what {
			case reset:
				_ = to.SetLinger(0)
				_ = from.SetLinger(0)
				_ = to.Close()
				_ = from.Close()
				return
			case stalls:
				wait(f.stall)
				f.what = fine
			case corrupted:
				b[n/2] ^= 1 << (n % 8)
				f.what = fine
			case drips:
				for i := range min(n, 50) {
					if _, err := to.Write(b[i : i+1]); err != nil {
						break
					}
					wait(time.Millisecond)
				}
				copy(b, b[min(n, 50):n])
				n = max(n-50, 0)
			case halfClosed:
				_ = to.CloseWrite()
				_, _ = io.Copy(io.Discard, from)
				return
			}
		}
		if _, failed := to.Write(b[:n]); failed != nil || err != nil {
			_ = to.CloseWrite()
			return
		}
	}
}
