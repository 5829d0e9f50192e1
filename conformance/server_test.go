package conformance

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// buildServer builds the server under test, with the race detector if the test
// has it.
func buildServer(t *testing.T) string {
	t.Helper()
	return build(t, "./server")
}

// build builds a command.
func build(t *testing.T, path string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), filepath.Base(path))
	args := []string{"build", "-o", binary}
	if raceDetector() {
		args = append(args, "-race")
	}
	output, err := exec.CommandContext(t.Context(), "go", append(args, path)...).CombinedOutput()
	if err != nil {
		t.Fatalf("go build %s: %v\n%s", path, err, output)
	}
	return binary
}

func raceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, setting := range info.Settings {
		if setting.Key == "-race" {
			return setting.Value == "true"
		}
	}
	return false
}

// server is the server of one script: one process after another on one address.
type server struct {
	start   func(address string) (*process, error)
	address string
	control *httptest.Server

	mu      sync.Mutex // guards process
	process *process
}

// startServer returns when the server listens. It is stopped when the test ends,
// and the test fails if it does not end well.
func startServer(ctx context.Context, t *testing.T, binary string, flags []string) *server {
	t.Helper()
	s := &server{start: func(address string) (*process, error) {
		return startProcess(ctx, binary, append([]string{"--listen", address}, flags...))
	}}
	p, err := s.start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.process, s.address = p, p.address
	s.control = httptest.NewServer(http.HandlerFunc(s.serveControl))
	t.Cleanup(func() {
		s.control.Close()
		if err := s.process.stop(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	})
	return s
}

// environment is what tells a script where its server is.
func (s *server) environment() []string {
	return []string{"BRIO_URL=http://" + s.address, "BRIO_CONTROL=" + s.control.URL}
}

// serveControl replaces the server on behalf of its script, and answers when the
// new one listens.
func (s *server) serveControl(w http.ResponseWriter, r *http.Request) {
	signals := map[string]os.Signal{"/restart": syscall.SIGTERM, "/crash": syscall.SIGKILL}
	signal, ok := signals[r.URL.Path]
	if !ok || r.Method != http.MethodPost {
		http.NotFound(w, r)
		return
	}
	if err := s.replace(signal, func() {}); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// replace ends the process, does something while there is none, and starts another.
func (s *server) replace(signal os.Signal, meanwhile func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.process.stop(signal)
	meanwhile()
	p, startErr := s.start(s.address)
	if startErr == nil {
		s.process = p
	}
	return errors.Join(err, startErr)
}

// process is one run of the server.
type process struct {
	cmd     *exec.Cmd
	address string
	log     bytes.Buffer // complete once the process has ended
}

func startProcess(ctx context.Context, binary string, args []string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, binary, args...)}
	p.cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // it would sleep for a second
	p.cmd.Stderr = &p.log
	p.cmd.WaitDelay = time.Second
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
		return nil, fmt.Errorf("the server %v does not listen: %w\n%s%s", args, err, line, p.log.String())
	}
	p.address = address
	return p, nil
}

// stop returns when the process has ended, with an error if that was not to its
// credit: it has to end well unless it was killed, and never to have panicked.
func (p *process) stop(signal os.Signal) error {
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the server: %w", err)
	}
	err := p.cmd.Wait()
	if signal == syscall.SIGKILL {
		err = nil
	}
	if err != nil || strings.Contains(p.log.String(), "panic") {
		return fmt.Errorf("the server ended badly: %w; its log:\n%s", err, p.log.String())
	}
	return nil
}
