package machine

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of the times in /proc/PID/stat, the same on every Linux that
// Go runs on.
const tick = 10 * time.Millisecond

// Stat is what a process is and has used, with its children that have ended.
type Stat struct {
	Parent       int
	User, System time.Duration
}

// ReadStat reads /proc/PID/stat, see proc(5).
func ReadStat(pid int) (Stat, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Stat{}, err
	}
	// The second field is a name in parentheses, which may hold anything.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 15 {
		return Stat{}, fmt.Errorf("/proc/%d/stat: %q", pid, b)
	}
	number := func(i int) int {
		n, _ := strconv.Atoi(fields[i-3]) // the kernel wrote it
		return n
	}

	return Stat{
		Parent: number(4),
		User:   time.Duration(number(14)+number(16)) * tick,
		System: time.Duration(number(15)+number(17)) * tick,
	}, nil
}
