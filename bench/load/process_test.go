package load

import (
	"os"
	"os/exec"
	"slices"
	"testing"
)

func TestProcessIsMeasuredWithItsDescendants(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "cat; exit 0")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p, err := findProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if p.pids[0] != os.Getpid() || !slices.Contains(p.pids, cmd.Process.Pid) {
		t.Errorf("%v has not %d and its child %d", p.pids, os.Getpid(), cmd.Process.Pid)
	}
	before, err := p.usage()
	if err != nil {
		t.Error(err)
	}
	if n, err := p.private(); err != nil || n < 1<<16 {
		t.Errorf("%d bytes of private memory, %v", n, err)
	}
	stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	after, err := p.usage() // though one has ended
	if used := after.since(before); err != nil || used.user < 0 || used.system < 0 {
		t.Errorf("used %+v, %v", used, err)
	}
	if _, err := findProcess(cmd.Process.Pid); err == nil {
		t.Error("a process that has ended is found")
	}
}
