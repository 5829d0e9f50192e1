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

// A few of every kind beside a few honest clients, none of which notices.
func TestAbuse(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	c := command{Honest: 20, Abusive: 52, Phase: 2 * time.Second, Rounds: 1, Listen: "127.0.0.1:0"}
	said, out := io.Pipe()
	served := make(chan error, 1)
	go func() { served <- c.serve(ctx, out) }()
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimSpace(strings.TrimPrefix(line, "listening on "))

	r, err := c.measure(ctx, address, os.Getpid(), io.Discard, func(ctx context.Context) (*tally, error) { return c.attack(ctx, address) })
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range r.phases {
		if one.noted.trips.TotalCount() == 0 || one.noted.heard == 0 || len(one.noted.failed) > 0 {
			t.Errorf("abused %v: %d round trips, %d heard, failed: %v", one.abused, one.noted.trips.TotalCount(), one.noted.heard, one.noted.failed)
		}
	}
	for i, k := range c.kinds() {
		if n := r.kinds[i]; n.Attacks == 0 || n.Otherwise > 0 {
			t.Errorf("%s: %+v", k.name, n)
		}
	}
	if text := r.markdown(&c); !strings.Contains(text, "| compression bomb | 2 |") || !strings.Contains(text, "| 1 abused |") {
		t.Error(text)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
}
