package security

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/briohq/brio"
)

// drip writes one byte after the other until the connection ends.
func drip(conn net.Conn, text string) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for i := range 1 << 20 {
		<-tick.C
		if _, err := conn.Write([]byte{text[i%len(text)]}); err != nil {
			return
		}
	}
}

// ended waits until the server ends a connection, and returns what it said.
func (w *site) ended(conn net.Conn) string {
	w.t.Helper()
	b, err := io.ReadAll(conn)
	if ne, ok := err.(net.Error); ok && ne.Timeout() { //nolint:errorlint // it is not wrapped
		w.t.Error("the server does not end the connection")
	}
	_ = conn.Close()
	return string(b)
}

// The head of a request that comes a byte at a time is the http.Server's to cut.
func TestSlowHandshake(t *testing.T) {
	w := serve(t, brio.Config{}, func(w *site) { w.http.ReadHeaderTimeout = 300 * time.Millisecond })
	var all []net.Conn
	for range 20 {
		conn := w.dial()
		if _, err := io.WriteString(conn, "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nX-Slow: "); err != nil {
			t.Fatal(err)
		}
		go drip(conn, "a")
		all = append(all, conn)
	}
	w.serves()
	for _, conn := range all {
		w.ended(conn)
	}
	w.alone()
}

// A frame that comes a byte at a time keeps its client from answering a heartbeat:
// that cuts it off.
func TestSlowFrames(t *testing.T) {
	w := serve(t, brio.Config{PingInterval: pingInterval, PingTimeout: pingTimeout})
	for range 10 {
		p := w.join()
		go drip(p.conn, string(frame(true, ws.OpText, "42[\""+strings.Repeat("x", 10_000)+"\"]")))
		defer p.cut()
	}
	w.serves()
}

// Fragments without end are one message that is too large, and empty ones are one that
// keeps its client from answering a heartbeat.
func TestEndlessFragments(t *testing.T) {
	w := serve(t, brio.Config{PingInterval: pingInterval, PingTimeout: pingTimeout, MaxPayload: 10_000})
	large := w.join()
	large.write(frame(false, ws.OpText, "42[\""))
	for range 20 {
		large.write(frame(false, ws.OpContinuation, strings.Repeat("x", 1000)))
	}
	if code, _ := large.cut(); code != ws.StatusMessageTooBig {
		t.Errorf("cut with %d", code)
	}
	empty := w.join()
	go func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		batch := []byte(strings.Repeat(string(frame(false, ws.OpContinuation, "")), 100))
		for sent := empty.write(frame(false, ws.OpText, "")); sent; sent = empty.write(batch) {
			<-tick.C
		}
	}()
	w.serves()
	empty.cut()
}

// A client of which nothing is heard any more is given up after PingInterval and
// PingTimeout, whatever its TCP connection says, and on polling too.
func TestHalfOpen(t *testing.T) {
	w := serve(t, brio.Config{PingInterval: pingInterval, PingTimeout: pingTimeout})
	silent := w.join()
	polling := w.poll()
	stranger := w.visit("")
	stranger.answers() // but joins nothing
	w.serves()
	silent.cut()
	_ = stranger.conn.Close()
	w.alone()
	w.request("POST", "&sid="+polling, "3").is(t, 400, `{"code":1,"message":"Session ID unknown"}`)
}

// Who joins no namespace is cut off after ConnectTimeout, however lively.
func TestNeverJoins(t *testing.T) {
	w := serve(t, brio.Config{ConnectTimeout: time.Second, PingInterval: pingInterval, PingTimeout: pingTimeout})
	over := w.visit("").answers()
	select {
	case <-over:
	case <-time.After(patience):
		t.Error("the server does not cut the connection")
	}
	w.alone()
}

// A packet whose attachments don't come holds no more than MaxPayload, and goes with
// its connection; anything else but them ends that.
func TestAttachmentsNeverCome(t *testing.T) {
	w := serve(t, brio.Config{MaxPayload: 10_000})
	p := w.join()
	p.event(`52-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`)
	p.write(frame(true, ws.OpBinary, strings.Repeat("x", 9000)))
	p.write(frame(true, ws.OpBinary, strings.Repeat("x", 9000))) // together they are too large
	p.cut()
	q := w.join()
	q.event(`51-["x",{"_placeholder":true,"num":0}]`)
	q.event(`2["echo","y"]`)
	q.cut()
	gone := w.join()
	gone.event(`51-["x",{"_placeholder":true,"num":0}]`)
	_ = gone.conn.Close()
	w.alone()
}
