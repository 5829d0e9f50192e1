package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"github.com/briohq/brio"
	"github.com/briohq/brio/bench/load"
)

// parse returns what brio bench makes of its arguments.
func parse(t *testing.T, args ...string) bench {
	t.Helper()
	var all commands
	parser, err := kong.New(&all)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append([]string{"bench"}, args...)); err != nil {
		t.Fatal(err)
	}

	return all.Bench
}

// startEcho starts a server whose sockets answer an echo so many times.
func startEcho(t *testing.T, times int) (url string) {
	t.Helper()
	server := brio.NewServer(brio.Config{})
	brio.Event[string]("echo").Handle(server.Of("/"), func(_ context.Context, s *brio.Socket, text string) error {
		for range times {
			if err := s.Emit("echo", text); err != nil {
				return err
			}
		}
		return nil
	})
	site := httptest.NewServer(server)
	t.Cleanup(func() {
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		site.Close()
	})

	return site.URL
}

func TestBenchSaysWhatItMeasured(t *testing.T) {
	url := startEcho(t, 1)
	var out, shown strings.Builder
	b := parse(t, url, "-c", "5", "-d", "100ms", "--warmup", "0", "--pid", "1")
	b.PID = os.Getpid()
	if err := b.measure(t.Context(), &out, &progress{out: &shown}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"echo, 5 connections, 64 B, 1 of each under way", "messages", "p99.9", "of CPU a message", "none lost"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
	for _, want := range []string{"connecting", "of 5 connected", "measuring 0.0 of 0.1 s"} {
		if !strings.Contains(shown.String(), want) {
			t.Errorf("%q is not in the progress\n%s", want, &shown)
		}
	}
}

func TestBenchPrintsJSON(t *testing.T) {
	var out bytes.Buffer
	b := parse(t, startEcho(t, 1), "--mode", "idle", "-c", "5", "-d", "100ms", "--warmup", "0", "--json")
	if err := b.measure(t.Context(), &out, &progress{out: t.Output()}); err != nil {
		t.Fatal(err)
	}
	var report load.Report
	if err := json.Unmarshal(out.Bytes(), &report); err != nil || report.Mode != load.Idle || report.Connections != 5 {
		t.Errorf("%s: %v", &out, err)
	}
}

func TestBenchFailsForFaults(t *testing.T) {
	var out strings.Builder
	b := parse(t, startEcho(t, 2), "-c", "5", "-d", "100ms", "--warmup", "0")
	err := b.measure(t.Context(), &out, &progress{out: t.Output()})
	if err == nil || !strings.Contains(err.Error(), "duplicated") || !strings.Contains(out.String(), err.Error()) {
		t.Errorf("error %v after\n%s", err, &out)
	}
	b = parse(t, "http://127.0.0.1:1", "-m", "idle")
	if err := b.measure(t.Context(), &out, &progress{out: t.Output()}); err == nil {
		t.Error("nobody listens, and nothing is said of that")
	}
}

func TestBenchTakesAllItsFlags(t *testing.T) {
	got := parse(t, "http://h/chat", "-m", "rooms", "--connections", "20", "--members", "5", "-w", "3", "-r", "7.5", "-s", "100", "--ack",
		"--warmup", "2s", "--duration", "3s", "--timeout", "4s", "--handshakes", "6", "--path", "/x/", "-H", "A: b, c", "-H", "D: e",
		"--auth", `{"a":1}`, "--protocol", "centrifuge", "--pid", "8").config(nil)
	want := load.Config{
		URL: "http://h/chat", Mode: load.Rooms, Connections: 20, Members: 5, Window: 3, Rate: 7.5, Size: 100, Ack: true,
		Warmup: 2 * time.Second, Duration: 3 * time.Second, Timeout: 4 * time.Second, Handshakes: 6, Path: "/x/",
		Header: []string{"A: b, c", "D: e"}, Auth: json.RawMessage(`{"a":1}`), Protocol: load.Centrifuge, PID: 8,
	}
	if a, b := toJSON(t, got), toJSON(t, want); a != b {
		t.Errorf("%s, want %s", a, b)
	}
}

func toJSON(t *testing.T, c load.Config) string {
	t.Helper()
	c.Progress = nil
	type plain load.Config
	b, err := json.Marshal(struct {
		plain
		Progress *int
	}{plain: plain(c)})
	if err != nil {
		t.Fatal(err)
	}

	return string(b)
}

func TestProgressOfATerminalIsOneLine(t *testing.T) {
	var b strings.Builder
	p := progress{out: &b, animated: true}
	p.show(load.Progress{Phase: "measuring", Elapsed: time.Second, Planned: 5 * time.Second, Connected: 9, Connections: 10, PerSecond: 1234, Faults: load.Faults{Lost: 2}})
	p.end()
	const want = "\r\x1b[Kmeasuring 1.0 of 5.0 s, 9 of 10 connected, 1234/s, 2 lost\r\x1b[K"
	if b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}
