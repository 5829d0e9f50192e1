package chaos

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/briohq/brio"
)

// TestMain is the server, too: so it is built as the test is.
func TestMain(m *testing.M) {
	if file := os.Getenv("BRIO_CHAOS_FILE"); file != "" {
		if err := serve(os.Getenv("BRIO_CHAOS_LISTEN"), file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// serve is the server's process: it writes each order down before it acknowledges it.
func serve(address, name string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if n, err := strconv.ParseUint(os.Getenv("BRIO_CHAOS_FILES"), 10, 64); err == nil {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	var mu sync.Mutex // one writer at a time
	server := brio.NewServer(brio.Config{PingInterval: time.Second, PingTimeout: 2 * time.Second, ConnectTimeout: 3 * time.Second, UpgradeTimeout: time.Second})
	var sockets int
	ns := server.Of("/")
	count := func(n int) { mu.Lock(); defer mu.Unlock(); sockets += n }
	ns.OnConnect(func(context.Context, *brio.Socket) error { count(1); return nil })
	ns.OnDisconnect(func(context.Context, *brio.Socket, brio.Reason) error { count(-1); return nil })
	keep.Handle(ns, func(_ context.Context, _ *brio.Socket, o order) (order, error) {
		if !o.good() {
			return o, brio.Errorf("this was corrupted on its way")
		}
		line, err := json.Marshal(o)
		if err != nil {
			return o, err
		}
		mu.Lock()
		defer mu.Unlock()
		_, err = file.Write(append(line, '\n'))
		return o, err
	})
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", server)
	mux.HandleFunc("/vitals", func(w http.ResponseWriter, _ *http.Request) {
		debug.FreeOSMemory()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		files, _ := os.ReadDir("/proc/self/fd")
		mu.Lock()
		defer mu.Unlock()
		_ = json.NewEncoder(w).Encode(vitals{runtime.NumGoroutine(), len(files), sockets, int(m.HeapAlloc)})
	})
	site := &http.Server{Handler: mux, ReadTimeout: 5 * time.Second, IdleTimeout: 2 * time.Second}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Println("listening on", l.Addr())
	ended := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		ended <- errors.Join(server.Shutdown(ctx), site.Close())
	})
	if err := site.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return errors.Join(<-ended, file.Close())
}

// server is the process, and those that take its place.
type server struct {
	file, address string
	cmd           *exec.Cmd
	log           *bytes.Buffer // complete when the process has ended
}

func startServer(t *testing.T, file, address string) *server {
	t.Helper()
	s := &server{file: file}
	s.start(t, address)
	t.Cleanup(func() {
		if s.cmd != nil {
			_ = s.cmd.Process.Kill()
			_ = s.cmd.Wait()
		}
	})
	return s
}

func (s *server) start(t *testing.T, address string) {
	t.Helper()
	s.log = new(bytes.Buffer)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "BRIO_CHAOS_FILE="+s.file, "BRIO_CHAOS_LISTEN="+address, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = s.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.cmd = cmd
	line, err := bufio.NewReader(out).ReadString('\n')
	var ok bool
	if s.address, ok = strings.CutPrefix(strings.TrimSpace(line), "listening on "); !ok {
		t.Fatalf("the server does not listen: %v %s", err, line)
	}
}

// stop ends the process, which must end well unless it is killed.
func (s *server) stop(t *testing.T, sig syscall.Signal) {
	t.Helper()
	_ = s.cmd.Process.Signal(sig)
	err := s.cmd.Wait()
	s.cmd = nil
	if err != nil && sig != syscall.SIGKILL || strings.Contains(s.log.String(), "panic") || strings.Contains(s.log.String(), "DATA RACE") {
		t.Fatalf("the server ended badly: %v\n%s", err, s.log)
	}
}
