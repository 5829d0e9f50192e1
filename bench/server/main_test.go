package main

import (
	"context"
	"net"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/briohq/brio/bench/load"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func startServer(t *testing.T) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})

	return "http://" + listener.Addr().String()
}

// brio keeps the contract in every mode, and loses, doubles and reorders nothing.
func TestEveryMode(t *testing.T) {
	url := startServer(t)
	for name, config := range map[string]load.Config{
		"idle":            {Mode: load.Idle, Connections: 100},
		"connect":         {Mode: load.Connect},
		"connect-rate":    {Mode: load.Connect, Connections: 20, Rate: 100},
		"echo":            {Mode: load.Echo, Connections: 20},
		"echo-w16":        {Mode: load.Echo, Connections: 20, Window: 16},
		"echo-ack":        {Mode: load.Echo, Connections: 20, Window: 4, Ack: true},
		"echo-rate":       {Mode: load.Echo, Connections: 20, Rate: 500},
		"broadcast-w2":    {Mode: load.Broadcast, Connections: 50},
		"broadcast-w16":   {Mode: load.Broadcast, Connections: 50, Window: 16},
		"broadcast-1k":    {Mode: load.Broadcast, Connections: 50, Size: 1024},
		"broadcast-rate":  {Mode: load.Broadcast, Connections: 50, Rate: 100},
		"rooms":           {Mode: load.Rooms, Connections: 50},
		"rooms-rate":      {Mode: load.Rooms, Connections: 50, Rate: 200},
		"polling":         {Mode: load.Polling, Connections: 10},
		"polling-w4":      {Mode: load.Polling, Connections: 10, Window: 4},
		"polling-ack-1k":  {Mode: load.Polling, Connections: 10, Ack: true, Size: 1024},
		"without warm-up": {Mode: load.Echo, Connections: 1, Warmup: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config.URL, config.PID = url, os.Getpid()
			config.Duration = 200 * time.Millisecond
			if config.Warmup == 0 {
				config.Warmup = 50 * time.Millisecond
			}
			check(t, config)
		})
	}
}

func check(t *testing.T, config load.Config) {
	t.Helper()
	config.Progress = func(p load.Progress) {
		if p.Connected > p.Connections || p.Faults.Any() {
			t.Errorf("%+v", p)
		}
	}
	report, err := load.Run(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if report.Faults.Any() {
		t.Errorf("faults: %s", report.Faults)
	}
	if (report.Messages == 0) != (config.Mode == load.Idle) {
		t.Errorf("%d messages", report.Messages)
	}
	if (report.Latency.Max == 0) != (config.Mode == load.Idle) || report.Latency.P50 > report.Latency.Max {
		t.Errorf("latency %+v", report.Latency)
	}
	if report.Server == nil || report.Connecting.PerSecond <= 0 || report.Seconds < config.Duration.Seconds() {
		t.Errorf("not measured: %+v", report)
	}
	if err := report.WriteText(t.Output()); err != nil {
		t.Error(err)
	}
}
