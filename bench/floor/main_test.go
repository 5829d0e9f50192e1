package main

import (
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/briohq/brio/bench/internal/epoll"
	"github.com/briohq/brio/bench/load"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func startServer(t *testing.T, coalesce bool) (url string) {
	t.Helper()
	s, address, err := listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	s.coalesce = coalesce
	var over atomic.Bool
	ended := make(chan error, 1)
	go func() {
		for !over.Load() {
			if err := s.turn(time.Now().Add(10 * time.Millisecond)); err != nil {
				ended <- err
				return
			}
		}
		ended <- nil
	}()
	t.Cleanup(func() {
		over.Store(true)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		for _, c := range s.conns {
			if c != nil {
				c.close()
			}
		}
		for name, r := range s.rooms {
			if name != "room" && len(r.members) > 0 { // those who poll stay
				t.Errorf("%d remain in %s", len(r.members), name)
			}
		}
		epoll.Close(s.listener)
		s.poller.Close()
	})

	return "http://" + address.String()
}

func TestEveryMode(t *testing.T) {
	for _, coalesce := range []bool{false, true} {
		url := startServer(t, coalesce)
		for name, config := range map[string]load.Config{
			"idle":      {Mode: load.Idle, Connections: 100},
			"connect":   {Mode: load.Connect},
			"echo":      {Mode: load.Echo, Connections: 20, Window: 16},
			"echo-ack":  {Mode: load.Echo, Connections: 20, Ack: true},
			"broadcast": {Mode: load.Broadcast, Connections: 50, Window: 16, Size: 1024},
			"rate":      {Mode: load.Broadcast, Connections: 50, Rate: 100},
			"rooms":     {Mode: load.Rooms, Connections: 50},
			"polling":   {Mode: load.Polling, Connections: 10, Window: 4},
		} {
			config.URL = url
			config.Warmup, config.Duration = -1, 100*time.Millisecond
			report, err := load.Run(t.Context(), config)
			if err != nil || report.Faults.Any() || (report.Messages == 0) != (config.Mode == load.Idle) {
				t.Errorf("%s, coalesce %v: %+v, %v", name, coalesce, report, err)
			}
		}
	}
}
