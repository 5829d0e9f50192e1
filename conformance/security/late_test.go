package security

import (
	"bufio"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/briohq/brio"
)

// A body that comes a byte at a time is cut off when a heartbeat would be, and so is
// one that does not come at all.
func TestSlowBody(t *testing.T) {
	w := serve(t, brio.Config{PingInterval: pingInterval, PingTimeout: pingTimeout})
	for _, text := range []string{"", "42[\"echo\",\"a long story\"]"} {
		sid := w.begin()
		conn := w.dial()
		_, err := fmt.Fprintf(conn, "POST /socket.io/?EIO=4&transport=polling&sid=%s HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n", sid)
		if err != nil {
			t.Fatal(err)
		}
		if text != "" {
			go drip(conn, text)
		}
		w.serves()
		w.ended(conn)
	}
	w.alone()
}

// An answer that its client does not read is given up, and what it holds too.
func TestGetsNeverRead(t *testing.T) {
	w := serve(t, brio.Config{PingInterval: pingInterval, PingTimeout: pingTimeout, MaxBacklog: 64 << 20, NoCompression: true})
	const clients = 5
	begun := make(chan struct{}, clients)
	for range clients {
		sid := w.poll()
		for range 8 { // more than the kernel takes
			if err := w.Of("/").Broadcast().Except(w.honest.ID()).Emit("large", strings.Repeat("x", 2<<20)); err != nil {
				t.Fatal(err)
			}
		}
		conn := w.dial()
		if _, err := fmt.Fprintf(conn, "GET /socket.io/?EIO=4&transport=polling&sid=%s HTTP/1.1\r\nHost: x\r\n\r\n", sid); err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = http.ReadResponse(bufio.NewReaderSize(conn, 16), nil) // and nothing more
			begun <- struct{}{}
		}()
	}
	for range clients {
		<-begun
	}
	w.serves()
	w.alone() // though their connections are open
	eventually(t, "the handlers end", func() bool { return w.waiting("polling.(*Conn).ServeHTTP") == 0 })
}

// waiting returns how many goroutines are in a function.
func (w *site) waiting(function string) (n int) {
	b := make([]byte, 4<<20)
	for stack := range strings.SplitSeq(string(b[:runtime.Stack(b, true)]), "\n\n") {
		if strings.Contains(stack, function+"(") {
			n++
		}
	}
	return n
}
