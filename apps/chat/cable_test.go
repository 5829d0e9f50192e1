package chat

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
)

// cable is the network to a server: it carries TCP connections to a server until it is
// cut, and again once it is mended.
type cable struct {
	t       *testing.T
	to      string
	running sync.WaitGroup

	mu       sync.Mutex // guards what follows
	listener net.Listener
	conns    map[net.Conn]bool
	deaf     bool
}

func startCable(t *testing.T, to string) *cable {
	l := &cable{t: t, to: to, conns: map[net.Conn]bool{}}
	l.listen("127.0.0.1:0")
	t.Cleanup(func() {
		l.cut()
		l.running.Wait()
	})

	return l
}

func (l *cable) address() string {
	l.mu.Lock()
	defer l.mu.Unlock()

	return l.listener.Addr().String()
}

// cut breaks what is connected and refuses who tries to connect.
func (l *cable) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()

	_ = l.listener.Close() // it may be cut already
	for c := range l.conns {
		_ = c.Close() // its other end may have been faster
	}
}

// mend lets connections through again.
func (l *cable) mend() { l.listen(l.address()) }

// deafen loses what the server says from now on, until it is mended.
func (l *cable) deafen() {
	l.mu.Lock()
	defer l.mu.Unlock()

	l.deaf = true
}

func (l *cable) listen(address string) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		l.t.Fatalf("mend the cable: %v", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()

	l.listener, l.deaf = listener, false
	l.running.Go(func() { l.accept(listener) })
}

func (l *cable) accept(listener net.Listener) {
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
func (l *cable) join(near, far net.Conn) {
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
	cable *cable
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
