package load

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/briohq/brio/bench/internal/machine"
)

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
	if _, err := machine.ReadStat(pid); err != nil {
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
		if s, err := machine.ReadStat(id); err == nil { // else it has ended meanwhile
			children[s.Parent] = append(children[s.Parent], id)
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
		s, err := machine.ReadStat(pid)
		if errors.Is(err, fs.ErrNotExist) && i > 0 {
			continue
		}
		if err != nil {
			return sum, err
		}
		sum.user += s.User
		sum.system += s.System
	}

	return sum, nil
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
