//go:build linux

package exhaustion

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"testing"

	"github.com/briohq/brio"
	"github.com/briohq/brio/client"
)

const (
	shout  brio.Call[int, brio.None] = "shout"
	bother brio.Call[int, brio.None] = "bother"
)

// How much memory the server may have: the runtime's limit is 64 MiB, what waits for
// all its clients 16 MiB, and it must never be seen with more than the ceiling.
const (
	memoryLimit = 64 << 20
	backlogs    = 16 << 20
	ceiling     = 96 << 20
)

// A server most of whose clients don't read stays below a ceiling of memory, and serves
// those who do.
func TestMemoryRunsOut(t *testing.T) {
	// The race detector's memory is not the server's: it is built without.
	p := serve(t, build(t, "./server", false), []string{fmt.Sprint("GOMEMLIMIT=", memoryLimit)},
		"--max-total", fmt.Sprint(backlogs), "--max-backlog", fmt.Sprint(2<<20), "--ping-interval=5s", "--ping-timeout=10s")
	w := p.watch(t)
	before := w.counts(t)
	honest := dial(t, p.address, with("websocket"))
	lost := make(chan brio.Reason, 10)
	honest.OnDisconnect(func(_ context.Context, reason brio.Reason) error { lost <- reason; return nil })
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()

	const size, rounds, newcomers = 64 << 10, 60, 10
	var crowd []net.Conn
	defer func() {
		for _, c := range crowd {
			c.Close()
		}
	}()
	sent, refused := 0, 0
	for round := range rounds {
		for range newcomers {
			if c := deaf(t, p.address); c != nil {
				crowd = append(crowd, c)
			} else {
				refused++
			}
		}
		if _, err := bother.Do(ctx, honest, size); err != nil {
			t.Fatal("bother: ", err)
		}
		if _, err := shout.Do(ctx, honest, size); err != nil {
			t.Fatal("shout: ", err)
		}
		if got, err := echo.Do(ctx, honest, round); err != nil || got != round {
			t.Fatal("an honest client is not served: ", got, err)
		}
		sent += w.counts(t).Stats.Sockets * 2 * size
	}
	now, most := p.rss()
	during := w.counts(t)
	if most > ceiling {
		t.Errorf("the server had %d MiB of memory, more than %d", most>>20, ceiling>>20)
	}
	select {
	case reason := <-lost:
		t.Error("the honest client was disconnected: ", reason)
	default:
	}
	if during.Stats.Shed == 0 {
		t.Errorf("nobody was shed: %+v", during.Stats)
	}
	if refused != int(during.Stats.Refused) {
		t.Errorf("%d were refused, the server counts %d", refused, during.Stats.Refused)
	}
	other := dial(t, p.address, with("polling"))
	echoes(t, []*client.Socket{honest, other})
	t.Logf("%d MiB for clients that don't read; %d were shed, %d refused; memory %d MiB, at most %d",
		sent>>20, during.Stats.Shed, refused, now>>20, most>>20)

	for _, c := range crowd {
		c.Close()
	}
	honest.Close()
	other.Close()
	settles(t, p, w, before)
}

// A server whose live memory comes near the runtime's limit refuses newcomers, and says
// when to come back; those it has are served, and when some leave it lets others in.
func TestMemoryRefusesNewcomers(t *testing.T) {
	p := serve(t, build(t, "./server", false), []string{fmt.Sprint("GOMEMLIMIT=", memoryLimit)},
		"--max-backlog", fmt.Sprint(2<<20), "--ping-interval=60s")
	w := p.watch(t)
	before := w.counts(t)
	honest := dial(t, p.address, with("websocket"))
	var crowd []net.Conn
	defer func() {
		for _, c := range crowd {
			c.Close()
		}
	}()
	for range 40 { // for 80 MiB
		crowd = append(crowd, deaf(t, p.address))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	for round := 0; w.counts(t).Stats.Backlog < memoryLimit*7/8; round++ {
		if _, err := bother.Do(ctx, honest, 64<<10); err != nil || round > 1000 {
			t.Fatalf("after %d rounds memory is not full: %v; %+v", round, err, w.counts(t))
		}
	}
	eventually(t, "newcomers are refused", func() bool { // memory is looked at once a second
		c := deaf(t, p.address)
		if c == nil {
			return true
		}
		c.Close()
		return false
	})
	echoes(t, []*client.Socket{honest})
	_, most := p.rss()
	t.Logf("refused with %d MiB of live memory, %d MiB in all", w.counts(t).Heap>>20, most>>20)
	if most > 2*ceiling {
		t.Errorf("the server had %d MiB of memory", most>>20)
	}

	for _, c := range crowd {
		c.Close()
	}
	eventually(t, "newcomers are let in again", func() bool {
		w.counts(t)
		c := deaf(t, p.address)
		if c == nil {
			return false
		}
		c.Close()
		return true
	})
	honest.Close()
	settles(t, p, w, before)
}

// deaf connects somebody who joins the busy room and never reads again. It returns nil
// if the server refuses, which has to say when to come back.
func deaf(t *testing.T, address string) net.Conn {
	t.Helper()
	dialer := net.Dialer{Timeout: patience, Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { // the kernel takes little for them
			_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096)
		})
	}}
	conn, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = fmt.Fprintf(conn, "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\n"+
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n", address)
	answers := bufio.NewReader(conn)
	res, err := http.ReadResponse(answers, nil)
	switch {
	case err != nil:
		t.Fatal("the answer to a handshake: ", err)
	case res.StatusCode == http.StatusSwitchingProtocols:
		for _, packet := range []string{"40", `42["join"]`} { // each once the packet before it is there
			if _, err := answers.ReadString('}'); err != nil {
				t.Fatal("connecting: ", err)
			}
			_, _ = conn.Write(append([]byte{0x81, 0x80 | byte(len(packet)), 0, 0, 0, 0}, packet...)) // masked with zeros
		}
		return conn
	case res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "":
		t.Errorf("refused with %s, %v", res.Status, res.Header)
	}
	conn.Close()
	return nil
}
