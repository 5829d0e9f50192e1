package engineio

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// official is a process of the official server.
type official struct {
	address string
	lines   chan string
}

// startOfficial fails if Node.js or the server is missing.
func startOfficial(t *testing.T, options string) *official {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("node is missing: install Node.js 20.17 or newer, on Debian with\n\tapt-get install nodejs npm")
	}
	modules, err := filepath.Abs("../../conformance/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "engine.io")); err != nil {
		t.Fatal("conformance/node_modules/engine.io is missing: install the official server with\n\tnpm ci --prefix conformance")
	}
	cmd := exec.Command(node, "testdata/server.cjs", options) //nolint:gosec // it is ours
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	o := &official{lines: make(chan string, 1000)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for s := bufio.NewScanner(out); s.Scan(); {
			o.lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		_ = in.Close()
		timer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
		<-done
		_, _ = io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Errorf("node: %v", err)
		}
	})
	line := take(t, o.lines)
	address, ok := strings.CutPrefix(line, "listening ")
	if !ok {
		t.Fatalf("the server says %q", line)
	}
	o.address = address
	return o
}

// The official server gets and sends all messages, on each transport and across
// the upgrade, with its heartbeats between them.
func TestOfficialServer(t *testing.T) {
	o := startOfficial(t, `{"pingInterval":50,"maxHttpBufferSize":20000}`)
	long := strings.Repeat("long ", 3000)
	for _, names := range [][]string{{"websocket"}, {"polling"}, {"polling", "websocket"}} {
		t.Run(strings.Join(names, " "), func(t *testing.T) {
			e := connectTo(t, o.address, Config{Transports: names})
			var all []string
			for i := range 500 {
				all = append(all, fmt.Sprint(i), fmt.Sprint("b", i))
			}
			all = append(all, "ünï ☃", "b\x00\xff", long, "b"+long[:14_000], long)
			e.says(t, all...)
			e.hears(t, all...)
			if len(names) == 2 && take(t, e.upgraded) != "websocket" {
				t.Error("not upgraded to websocket")
			}
			e.says(t, "/flood")
			for i := range 2000 {
				want := fmt.Sprint(i)
				if i%3 == 0 {
					want = "b" + want
				}
				e.hears(t, want)
			}
			until := time.NewTimer(300 * time.Millisecond) // some heartbeats
			defer until.Stop()
			<-until.C
			e.says(t, "still there")
			e.hears(t, "still there")
			e.says(t, "last")
			e.Close()
			e.ends(t, ForcedClose)
			take(t, o.lines) // its heartbeat may run into the closing, which is an error to it
		})
	}
}

// The official server is left, closes, refuses, and takes what is too large for no message.
func TestOfficialServerEnds(t *testing.T) {
	o := startOfficial(t, `{"maxHttpBufferSize":20000}`)
	for _, name := range []string{"websocket", "polling"} {
		t.Run(name, func(t *testing.T) {
			leaver := connectTo(t, o.address, Config{Transports: []string{name}})
			leaver.says(t, "last")
			leaver.hears(t, "last")
			leaver.Close()
			leaver.ends(t, ForcedClose)
			if line := take(t, o.lines); line != "closed transport close" {
				t.Errorf("the server says %q", line)
			}
			for _, command := range []string{"/close", "/end"} {
				e := connectTo(t, o.address, Config{Transports: []string{name}})
				e.says(t, command)
				e.ends(t, TransportClose)
				take(t, o.lines)
			}
			e := connectTo(t, o.address, Config{Transports: []string{name}})
			e.says(t, strings.Repeat("x", 30_000))
			ce := e.ends(t, map[string]Reason{"websocket": TransportClose, "polling": TransportError}[name])
			take(t, o.lines)
			if got := fmt.Sprint(ce.Err); !strings.Contains(got, "1009") && !strings.Contains(got, "larger than the server takes") {
				t.Errorf("the error is %s", got)
			}
			_, err := tryConnect(t.Context(), o.address+"?refuse=1", Config{Transports: []string{name}})
			if err == nil || !strings.Contains(err.Error(), "not you") {
				t.Error(err)
			}
		})
	}
}

// An upgrade that the official server makes impossible leaves polling in use, and
// a fallback finds it.
func TestOfficialServerPolling(t *testing.T) {
	o := startOfficial(t, `{"transports":["polling"],"cookie":true}`)
	e := connectTo(t, o.address, Config{})
	e.says(t, "hello", "bhello")
	e.hears(t, "hello", "bhello")
	if e.Transport() != "polling" {
		t.Errorf("on %q", e.Transport())
	}
	e.Close()
	e.ends(t, ForcedClose)
}
