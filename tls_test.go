package brio_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/briohq/brio"
)

// TestOverTLS: a TLS connection can't be written to without blocking, so that
// every write takes the way of one that did not fit.
func TestOverTLS(t *testing.T) {
	server := brio.NewServer(brio.Config{})
	server.Of("/").On("echo", func(_ context.Context, s *brio.Socket, args brio.Args) error {
		return s.Emit("echo", args)
	})
	site := httptest.NewTLSServer(server)
	defer site.Close()
	defer func() { _ = server.Shutdown(context.WithoutCancel(t.Context())) }()

	dialer := ws.Dialer{TLSConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // the test's own certificate
	conn, early, _, err := dialer.Dial(t.Context(), "wss"+strings.TrimPrefix(site.URL, "https")+"/socket.io/?EIO=4&transport=websocket")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if early == nil {
		early = bufio.NewReader(conn)
	}
	peer := struct {
		io.Reader
		io.Writer
	}{early, conn}
	expect := func(prefix string) {
		t.Helper()
		got, err := wsutil.ReadServerText(peer)
		if err != nil || !strings.HasPrefix(string(got), prefix) {
			t.Fatalf("got %q, %v, want %s…", got, err, prefix)
		}
	}
	send := func(text string) {
		t.Helper()
		if err := wsutil.WriteClientText(peer, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	expect("0{")
	send("40")
	expect("40{")
	for range 100 {
		send(`42["echo","hello"]`)
	}
	for range 100 {
		expect(`42["echo","hello"]`)
	}
}
