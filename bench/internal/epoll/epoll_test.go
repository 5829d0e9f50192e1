//go:build linux

package epoll_test

import (
	"errors"
	"io"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/briohq/brio/bench/internal/epoll"
)

// next waits until an event of the socket is as wanted.
func next(t *testing.T, p *epoll.Poller, fd int, wanted func(epoll.Event) bool) {
	t.Helper()
	for {
		events, err := p.Wait(time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.FD == fd && wanted(e) {
				return
			}
		}
	}
}

func newPoller(t *testing.T, fds ...int) *epoll.Poller {
	t.Helper()
	p, err := epoll.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	for _, fd := range fds {
		if err := p.Add(fd); err != nil {
			t.Fatal(err)
		}
	}

	return p
}

func TestSocketsFromEndToEnd(t *testing.T) {
	for _, host := range []string{"127.0.0.1:0", "[::1]:0"} {
		listener, address, err := epoll.Listen(netip.MustParseAddrPort(host))
		if errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.EAFNOSUPPORT) {
			t.Logf("this machine has no %s", host)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		client, err := epoll.Dial(address)
		if err != nil {
			t.Fatal(err)
		}
		p := newPoller(t, listener, client)
		next(t, p, client, func(e epoll.Event) bool { return e.Writable })
		if err := epoll.Connected(client); err != nil {
			t.Fatal(err)
		}
		server, ok, err := epoll.Accept(listener)
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		if _, ok, err := epoll.Accept(listener); ok || err != nil {
			t.Error("a second connection", err)
		}
		if err := p.Add(server); err != nil {
			t.Fatal(err)
		}

		b := make([]byte, 10)
		if n, err := epoll.Read(server, b); n != 0 || err != nil {
			t.Errorf("nothing was sent, and came: %d bytes, %v", n, err)
		}
		if n, err := epoll.Write(client, []byte("brio")); n != 4 || err != nil {
			t.Errorf("wrote %d bytes, %v", n, err)
		}
		next(t, p, server, func(e epoll.Event) bool { return e.Readable && !e.Ended })
		if n, err := epoll.Read(server, b); string(b[:n]) != "brio" || err != nil {
			t.Errorf("%q, %v", b[:n], err)
		}
		epoll.Close(client)
		next(t, p, server, func(e epoll.Event) bool { return e.Readable && e.Ended })
		if n, err := epoll.Read(server, b); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("after the end: %d bytes, %v", n, err)
		}
		epoll.Close(server)
		epoll.Close(listener)
	}
}

func TestWaitEndsAtItsDeadline(t *testing.T) {
	p := newPoller(t)
	for _, wait := range []time.Duration{-time.Second, 0, time.Millisecond, 20 * time.Millisecond} {
		deadline := time.Now().Add(wait)
		events, err := p.Wait(deadline)
		for err == nil && len(events) == 0 && time.Now().Before(deadline) { // woken by a deadline before
			events, err = p.Wait(deadline)
		}
		if err != nil || len(events) != 0 {
			t.Errorf("%v: %v, %v", wait, events, err)
		}
	}
}
