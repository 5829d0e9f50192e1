package main

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/briohq/brio"
	"github.com/briohq/brio/bench/contract"
	"github.com/briohq/brio/bench/internal/machine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestCrowd(t *testing.T) {
	server := contract.New(brio.Config{})
	site := httptest.NewServer(server)
	defer site.Close()
	defer func() {
		if err := server.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	var all []result
	for _, transport := range []string{"websocket", "polling"} {
		r, err := crowd{transport, 100}.measure(t.Context(), strings.TrimPrefix(site.URL, "http://"))
		if err != nil {
			t.Fatal(transport, err)
		}
		if r.full.goroutines-r.before.goroutines < 100 || r.connecting <= 0 || r.echoing <= 0 {
			t.Errorf("%s: %+v", transport, r)
		}
		all = append(all, r)
	}
	text := markdown(command{WebSocket: 100, Polling: 100}, machine.This(), all)
	if _, err := io.WriteString(t.Output(), text); err != nil || !strings.Contains(text, "| websocket | 100 |") {
		t.Error(err, text)
	}
}
