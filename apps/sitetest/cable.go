package sitetest

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
)

// Cable is the network to a server: it carries TCP connections to a server until it is
// cut, and again once it is mended.
type Cable struct {
	t       *testing.T
	to      string
	running sync.WaitGroup

	mu       sync.Mutex // guards what follows
	listener net.Listener
	conns    map[net.Conn]bool
	deaf     bool
}

// StartCable makes one that is connected, to an address.
func StartCable(t *testing.T, to string) *Cable {
	l := &Cable{t: t, to: to, conns: map[net.Conn]bool{}}
	l.listen("127.0.0.1:0")
	t.Cleanup(func() {
		l.Cut()
		l.running.Wait()
	})

	return l
}

// URL is where the server is for who uses the cable.
func (l *Cable) URL() string { return "http://" + l.address() }

func (l *Cable) address() string {
	l.mu.Lock()
	defer l.mu.Unlock()

	return l.listener.Addr().String()
}

// Cut breaks what is connected and refuses who tries to connect.
func (l *Cable) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()

	_ = l.listener.Close() // it may be cut already
	for c := range l.conns {
		_ = c.Close() // its other end may have been faster
	}
}

// Mend lets connections through again.
func (l *Cable) Mend() { l.listen(l.address()) }

// Deafen loses what the server says from now on, until it is mended.
func (l *Cable) Deafen() {
	l.mu.Lock()
	defer l.mu.Unlock()

	l.deaf = true
}

func (l *Cable) listen(address string) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		l.t.Fatalf("mend the cable: %v", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()

	l.listener, l.deaf = listener, false
	l.running.Go(func() { l.accept(listener) })
}

func (l *Cable) accept(listener net.Listener) {
	for {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", l.to)
		if err != nil {
			_ = near.Close()

			continue
		}
		l.join(near, far)
	}
}

// join carries bytes both ways until either end, or the cable, is closed.
func (l *Cable) join(near, far net.Conn) {
	l.mu.Lock()
	l.conns[near], l.conns[far] = true, true
	l.mu.Unlock()
	carry := func(to io.Writer, from net.Conn) {
		_, err := io.Copy(to, from)
		if err != nil && !errors.Is(err, net.ErrClosed) {
			l.t.Logf("cable: %v", err)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, c := range []net.Conn{near, far} {
			_ = c.Close()
			delete(l.conns, c)
		}
	}
	l.running.Go(func() { carry(far, near) })
	l.running.Go(func() { carry(ear{l, near}, far) })
}

// ear loses what is written to it while its cable is deaf.
type ear struct {
	cable *Cable
	to    io.Writer
}

func (e ear) Write(p []byte) (int, error) {
	e.cable.mu.Lock()
	deaf := e.cable.deaf
	e.cable.mu.Unlock()
	if deaf {
		return len(p), nil
	}

	return e.to.Write(p)
}
