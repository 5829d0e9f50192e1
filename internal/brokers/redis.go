// Package brokers starts real brokers for tests, on free ports of loopback.
package brokers

import (
	"fmt"
	"net"
	"os/exec"
	"testing"
	"time"
)

// Redis is a process of Redis that keeps nothing.
type Redis struct {
	// Address is where it listens.
	Address string

	args []string
	cmd  *exec.Cmd
}

// StartRedis starts one, which is killed after the test. It fails if Redis is missing.
func StartRedis(t testing.TB, args ...string) *Redis {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &Redis{Address: l.Addr().String()}
	_ = l.Close()
	_, port, _ := net.SplitHostPort(r.Address)
	r.args = append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir()}, args...)
	r.Start(t)
	t.Cleanup(r.Kill)
	return r
}

// URL returns how clients know it.
func (r *Redis) URL() string { return "redis://" + r.Address }

// Start starts it again, at the same address.
func (r *Redis) Start(t testing.TB) {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("redis-server is missing: install Redis 7 or newer, on Debian with\n\tapt-get install redis-server")
	}
	r.cmd = exec.Command(path, r.args...)
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		if r.answers() {
			return
		}
		<-tick.C
	}
	t.Fatal("redis-server does not answer")
}

func (r *Redis) answers() bool {
	c, err := net.Dial("tcp", r.Address)
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }()
	if _, err := fmt.Fprint(c, "PING\r\n"); err != nil {
		return false
	}
	_, err = c.Read(make([]byte, 1))
	return err == nil
}

// Kill ends it without a word.
func (r *Redis) Kill() {
	if r.cmd != nil {
		_ = r.cmd.Process.Kill()
		_ = r.cmd.Wait()
		r.cmd = nil
	}
}

// StartRedisCluster starts a Redis Cluster of three, and returns their addresses.
func StartRedisCluster(t testing.TB) []string {
	t.Helper()
	var addresses []string
	for range 3 {
		addresses = append(addresses, StartRedis(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "5000").Address)
	}
	args := append(append([]string{"--cluster", "create"}, addresses...), "--cluster-yes")
	out, err := exec.Command("redis-cli", args...).CombinedOutput() //nolint:gosec // it is ours
	if err != nil {
		t.Fatalf("redis-cli: %v\n%s", err, out)
	}
	return addresses
}
