package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Visitors of every application are answered, and refused by none for how they ask.
func TestVisitors(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	c := command{Visitors: 20, Duration: 3 * time.Second, Listen: "127.0.0.1:0"}
	said, out := io.Pipe()
	served := make(chan error, 1)
	go func() { served <- c.serve(ctx, out) }()
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimSpace(strings.TrimPrefix(line, "listening on "))

	r, err := c.visit(ctx, address, os.Getpid(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range r.apps {
		if a.heard == 0 && a.name != "desk" || len(a.failed) > 0 {
			t.Errorf("visitors of %s heard %d events, and failed with %v", a.name, a.heard, a.failed)
		}
	}
	if text := r.markdown(&c); !strings.Contains(text, "| trading | buy and sell at the market |") || !strings.Contains(text, "| live objects |") {
		t.Error(text)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
}
