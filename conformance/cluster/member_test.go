package cluster_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// member is a server of the official implementation in the cluster.
type member struct {
	t       *testing.T
	address string
	in      io.WriteCloser

	mu      sync.Mutex // guards what follows
	next    int
	waiting map[int]chan reply
}

type reply struct {
	ID     int             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  string          `json:"error"`
}

// startMember fails if Node.js or a package is missing.
func startMember(t *testing.T, options map[string]any) *member {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("node is missing: install Node.js 20.17 or newer, on Debian with\n\tapt-get install nodejs npm")
	}
	if _, err := os.Stat("../node_modules/@socket.io/redis-adapter"); err != nil {
		t.Fatal("conformance/node_modules/@socket.io/redis-adapter is missing: install the official packages with\n\tnpm ci --prefix conformance")
	}
	text, _ := json.Marshal(options)
	cmd := exec.Command(node, "../node/member.mjs", string(text)) //nolint:gosec // it is ours
	cmd.Stderr = os.Stderr
	m := &member{t: t, waiting: map[int]chan reply{}}
	if m.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	first := make(chan string, 1)
	read := make(chan struct{})
	go func() {
		defer close(read)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<24)
		if lines.Scan() {
			first <- lines.Text()
		}
		for lines.Scan() {
			var r reply
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				t.Errorf("the server on Node.js says %q", lines.Text())
				continue
			}
			m.mu.Lock()
			m.waiting[r.ID] <- r
			m.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		_ = m.in.Close()
		timer := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
		<-read
		_ = cmd.Wait()
	})
	select {
	case m.address = <-first:
	case <-time.After(20 * time.Second):
		t.Fatal("the server on Node.js does not start")
	}
	return m
}

// command is what a member is told.
type command map[string]any

// do has it do something, and returns the result as JSON.
func (m *member) do(op string, c command) string {
	m.t.Helper()
	result, err := m.try(op, c)
	if err != nil {
		m.t.Fatalf("%s %v: %v", op, c, err)
	}
	return result
}

func (m *member) try(op string, c command) (string, error) {
	answer := make(chan reply, 1)
	m.mu.Lock()
	m.next++
	own := command{"id": m.next, "op": op}
	for k, v := range c {
		own[k] = v
	}
	m.waiting[m.next] = answer
	m.mu.Unlock()
	text, err := json.Marshal(own)
	if err != nil {
		return "", err
	}
	if _, err := m.in.Write(append(text, '\n')); err != nil {
		return "", err
	}
	select {
	case r := <-answer:
		if r.Error != "" {
			return "", fmt.Errorf("node: %s", r.Error)
		}
		return string(r.Result), nil
	case <-time.After(20 * time.Second):
		return "", fmt.Errorf("no answer to %s", op)
	}
}
