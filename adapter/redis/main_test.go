package redis

import (
	"fmt"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a process of Redis.
type server struct {
	address string
	args    []string
	cmd     *exec.Cmd
}

// startRedis starts one on a free port. It fails if Redis is missing.
func startRedis(t *testing.T, args ...string) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	_, port, _ := net.SplitHostPort(address)
	s := &server{address: address, args: append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir()}, args...)}
	s.start(t)
	t.Cleanup(func() { s.kill() })
	return s
}

func (s *server) start(t *testing.T) {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("redis-server is missing: install Redis 7 or newer, on Debian with\n\tapt-get install redis-server")
	}
	s.cmd = exec.Command(path, s.args...) //nolint:gosec // it is ours
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 500 {
		c, err := net.Dial("tcp", s.address)
		if err == nil {
			_, _ = fmt.Fprint(c, "PING\r\n")
			b := make([]byte, 1)
			_, err = c.Read(b)
			_ = c.Close()
			if err == nil {
				return
			}
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Fatal("redis-server does not answer")
}

func (s *server) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// client returns one that is closed after the test.
func (s *server) client(t *testing.T) rueidis.Client {
	t.Helper()
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{s.address}, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}
