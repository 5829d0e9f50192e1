package load

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/briohq/brio/bench/internal/machine"
)

// tick is the unit of the times in /proc/PID/stat, the same on every Linux that
// Go runs on.
const tick = 10 * time.Millisecond

// A process is the server, with all its descendants.
type process struct{ pids []int }

// usage is the CPU time that a process has used.
type usage struct{ user, system time.Duration }

func (u usage) since(before usage) usage {
	return usage{u.user - before.user, u.system - before.system}
}

func (u usage) total() time.Duration { return u.user + u.system }

// findProcess returns the process and the descendants it has now.
func findProcess(pid int) (*process, error) {
	if _, err := readStat(pid); err != nil {
		return nil, err
	}
	list, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, path := range list {
		id, err := strconv.Atoi(filepath.Base(path))
		if err != nil {
			continue
		}
		if s, err := readStat(id); err == nil { // else it has ended meanwhile
			children[s.parent] = append(children[s.parent], id)
		}
	}
	p := &process{pids: []int{pid}}
	for i := 0; i < len(p.pids); i++ {
		p.pids = slices.Concat(p.pids, children[p.pids[i]])
	}

	return p, nil
}

// usage adds up what all have used, and those of their children that have ended.
func (p *process) usage() (usage, error) {
	var sum usage
	for i, pid := range p.pids {
		s, err := readStat(pid)
		if errors.Is(err, fs.ErrNotExist) && i > 0 {
			continue
		}
		if err != nil {
			return sum, err
		}
		sum.user += s.user
		sum.system += s.system
	}

	return sum, nil
}

type stat struct {
	parent       int
	user, system time.Duration
}

// readStat reads /proc/PID/stat, see proc(5).
func readStat(pid int) (stat, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	// The second field is a name in parentheses, which may hold anything.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 15 {
		return stat{}, fmt.Errorf("/proc/%d/stat: %q", pid, b)
	}
	number := func(i int) int {
		n, _ := strconv.Atoi(fields[i-3]) // the kernel wrote it
		return n
	}

	return stat{
		parent: number(4),
		user:   time.Duration(number(14)+number(16)) * tick,
		system: time.Duration(number(15)+number(17)) * tick,
	}, nil
}

// private is the bytes of memory that are theirs alone.
func (p *process) private() (int, error) {
	sum := 0
	for i, pid := range p.pids {
		n, err := machine.Private(pid)
		if errors.Is(err, fs.ErrNotExist) && i > 0 {
			continue
		}
		if err != nil {
			return 0, err
		}
		sum += n
	}

	return sum, nil
}
