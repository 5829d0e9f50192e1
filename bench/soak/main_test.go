package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/briohq/brio"
	"github.com/briohq/brio/bench/contract"
	"github.com/briohq/brio/bench/internal/machine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// startServer starts a server whose heart beats fast.
func startServer(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := contract.New(brio.Config{PingInterval: 2 * time.Second})
	site := &http.Server{Handler: contract.Site(server)}
	ended := make(chan error, 1)
	go func() { ended <- site.Serve(listener) }()
	t.Cleanup(func() {
		if err := errors.Join(server.Shutdown(context.Background()), site.Shutdown(context.Background())); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})

	return listener.Addr().String()
}

// slack is what the heap of this process may differ by without any connection: the
// race detector's and the runtime's own, and the load's.
const slack = 256 << 10

func TestSoak(t *testing.T) {
	s := soak{
		address: startServer(t), pid: os.Getpid(), connections: 500,
		duration: 5 * time.Second, warmup: 2 * time.Second, rate: 2000, churn: 20, progress: t.Output(),
	}
	if err := s.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, p := range s.parts {
		if p.report.Faults.Any() || p.report.Messages == 0 && p.name != "idle" {
			t.Errorf("%s: %d messages, %s %s", p.name, p.report.Messages, p.report.Faults, p.report.Drop)
		}
	}
	if s.together == 0 {
		t.Error("never were all connected")
	}
	if s.after.Connections != 0 || s.after.Goroutines > s.before.Goroutines {
		t.Errorf("%+v before, %+v after", s.before, s.after)
	}
	if s.after.Heap > s.before.Heap*11/10+slack {
		t.Errorf("a heap of %d B before, %d B after", s.before.Heap, s.after.Heap)
	}
	text := s.markdown(machine.This(), "soak")
	for _, want := range []string{"# 500 connections for 5s\n", "| churn | 25 |", "| goroutines | ", "## Memory under load"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	t.Log(text)
}
