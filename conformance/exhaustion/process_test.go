//go:build linux

package exhaustion

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/briohq/brio"
)

// patience is how long anything may take that has to happen.
const patience = time.Minute

// build builds a command, with the race detector if race is set and the test has it.
func build(t *testing.T, path string, race bool) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), filepath.Base(path))
	args := []string{"build", "-o", binary}
	if race && raceDetector() {
		args = append(args, "-race")
	}
	if out, err := exec.CommandContext(t.Context(), "go", append(args, path)...).CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", path, err, out)
	}
	return binary
}

func raceDetector() bool {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "-race" {
			return s.Value == "true"
		}
	}
	return false
}

// process is one run of a server, which ends with its standard input.
type process struct {
	cmd     *exec.Cmd
	address string
	stdin   io.Closer
	log     output
}

// start returns when the server listens: once it prints what listens matches, whose
// first group is where.
func start(cmd *exec.Cmd, listens *regexp.Regexp) (*process, error) {
	p := &process{cmd: cmd}
	cmd.Env = append(append(os.Environ(), "GORACE=atexit_sleep_ms=0"), cmd.Env...) // it would sleep for a second
	cmd.Stderr = &p.log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.stdin = stdin
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if found := listens.FindStringSubmatch(lines.Text()); found != nil {
			p.address = found[1]
			return p, nil
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return nil, fmt.Errorf("the server %v does not listen:\n%s", cmd.Args, p.log.String())
}

var listening = regexp.MustCompile(`^listening on (\S+)$`)

// serve starts the suite's server. When the test ends it ends too, and has to end well.
func serve(t *testing.T, binary string, environment []string, flags ...string) *process {
	t.Helper()
	cmd := exec.Command(binary, flags...) //nolint:gosec // it is ours
	cmd.Env = environment
	p, err := start(cmd, listening)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.end(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// end closes what the server reads, and returns when it has ended: with an error if
// that was not to its credit.
func (p *process) end() error {
	_ = p.stdin.Close()
	return p.ended(nil)
}

// stop does the same with a signal.
func (p *process) stop(signal syscall.Signal) error {
	if err := p.cmd.Process.Signal(signal); err != nil {
		return fmt.Errorf("the server had ended before it was asked to: %w; its log:\n%s", errors.Join(err, p.cmd.Wait()), p.log.String())
	}
	return p.ended(&signal)
}

var crashed = regexp.MustCompile(`(?m)panic|fatal error|DATA RACE|goroutine \d+ \[`)

func (p *process) ended(by *syscall.Signal) error {
	late := time.AfterFunc(patience, func() { _ = p.cmd.Process.Signal(syscall.SIGQUIT) }) // which shows what it waits for
	err := p.cmd.Wait()
	late.Stop()
	if by != nil && *by == syscall.SIGKILL {
		if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
			err = nil
		}
	}
	if log := p.log.String(); err != nil || crashed.MatchString(log) {
		return fmt.Errorf("the server ended badly: %w; its log:\n%s", err, log)
	}
	return nil
}

var resident = regexp.MustCompile(`(?m)^Vm(RSS|HWM):\s+(\d+) kB$`)

// rss returns how many bytes of memory the process has, and has had at most.
func (p *process) rss() (now, most int) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	for _, found := range resident.FindAllSubmatch(status, -1) {
		kib, _ := strconv.Atoi(string(found[2]))
		if string(found[1]) == "RSS" {
			now = kib << 10
		} else {
			most = kib << 10
		}
	}
	return now, most
}

// counts is what a server says of itself.
type counts struct {
	Goroutines, FDs, Heap int
	Stats                 brio.Stats
}

// watch asks a server for its counts, over one connection that is kept.
type watch struct {
	http http.Client
	url  string
}

func (p *process) watch(t *testing.T) *watch {
	transport := &http.Transport{MaxIdleConnsPerHost: 1}
	t.Cleanup(transport.CloseIdleConnections)
	return &watch{http: http.Client{Transport: transport, Timeout: patience}, url: "http://" + p.address + "/debug/counts"}
}

func (w *watch) counts(t *testing.T) (c counts) {
	t.Helper()
	res, err := w.http.Get(w.url)
	if err != nil {
		t.Fatal("the server does not tell its counts: ", err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&c); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body) // so that the connection is kept
	return c
}

// output is what a process has written so far.
type output struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// eventually waits until it is so, and says what is not if that takes too long.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !so(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("not so after %v: %s", patience, what)
		}
	}
}

// has reports whether a log says something.
func (p *process) has(words string) bool { return strings.Contains(p.log.String(), words) }
