// Package program builds and runs the programs that are measured, on chosen
// cores.
package program

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// patience is how long a server may take to start, and to end.
const patience = 10 * time.Second

// Build builds packages of the module in a folder, into the folder dir.
func Build(ctx context.Context, module, dir string, packages ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-o", dir + string(filepath.Separator)}, packages...)...)
	cmd.Dir = module
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}

	return nil
}

// A Server is a program that listens.
type Server struct {
	Address string
	PID     int

	cmd    *exec.Cmd
	stderr bytes.Buffer
}

// Start starts a server on some cores, with more in its environment, and returns
// when it says where it listens: a line "listening on ADDRESS". It is interrupted
// when ctx ends.
func Start(ctx context.Context, command []string, cores []int, env ...string) (*Server, error) {
	p := &Server{cmd: exec.CommandContext(ctx, command[0], append(command[1:], "--listen", "127.0.0.1:0")...)}
	p.cmd.Stderr = &p.stderr
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = patience
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := StartOn(p.cmd, cores); err != nil {
		return nil, err
	}
	p.PID = p.cmd.Process.Pid
	late := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() }) // it may have ended
	line, err := bufio.NewReader(stdout).ReadString('\n')
	late.Stop()
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		p.Stop()
		return nil, fmt.Errorf("%s does not listen: %q %w %s", command[0], line, err, LastLine(p.stderr.String()))
	}
	p.Address = address

	return p, nil
}

// Stop ends the server, if need be without its consent. How it ends says nothing
// about what was measured.
func (p *Server) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	late := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	_ = p.cmd.Wait()
	late.Stop()
}

// LastLine is where programs say why they end.
func LastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}
