// Package machine says where something was measured, for the head of a page of
// results, and how much memory a process has for itself.
package machine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// A Machine is where and when it was measured.
type Machine struct {
	began                 time.Time
	cpu, memory, kernel   string
	commit                string
	loadBefore, loadAfter string
}

// This returns the machine that this process runs on, as it is now.
func This() Machine {
	memory := ""
	if fields := strings.Fields(fieldOf("/proc/meminfo", "MemTotal")); len(fields) == 2 {
		var kilobytes int
		_, _ = fmt.Sscan(fields[0], &kilobytes) // 0 if it is none
		memory = fmt.Sprintf("%d GiB", kilobytes>>20)
	}
	version, _, _ := strings.Cut(contents("/proc/sys/kernel/osrelease"), "-")

	return Machine{
		began:      time.Now(),
		cpu:        fmt.Sprintf("%d cores, %s", runtime.NumCPU(), fieldOf("/proc/cpuinfo", "model name")),
		memory:     memory,
		kernel:     "Linux " + version,
		commit:     Output("git", "describe", "--always", "--dirty"),
		loadBefore: loadAverage(),
	}
}

// Done notes how busy the machine was at the end.
func (m *Machine) Done() { m.loadAfter = loadAverage() }

// Table is a table in Markdown of where and when it was measured, and of more
// rows, of a name and a text each.
func (m Machine) Table(more ...[2]string) string {
	var b strings.Builder
	b.WriteString("| | |\n|---|---|\n")
	for _, row := range append([][2]string{
		{"date", m.began.UTC().Format("2006-01-02 15:04 UTC") + fmt.Sprintf(", %.0f min", time.Since(m.began).Minutes())},
		{"commit", m.commit},
		{"machine", m.cpu + ", " + m.memory + ", " + m.kernel},
		{"load average", m.loadBefore + " before, " + m.loadAfter + " after (the measurement itself is up to 2)"},
	}, more...) {
		fmt.Fprintf(&b, "| %s | %s |\n", row[0], row[1])
	}

	return b.String()
}

// Private returns the bytes of memory that a process has for itself: Private_* in
// /proc/PID/smaps_rollup.
func Private(pid int) (int, error) {
	name := fmt.Sprintf("/proc/%d/smaps_rollup", pid)
	b, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	sum, found := 0, false
	for line := range strings.Lines(string(b)) {
		fields := strings.Fields(line)
		if len(fields) == 3 && strings.HasPrefix(fields[0], "Private_") {
			kilobytes, _ := strconv.Atoi(fields[1]) // the kernel wrote it
			sum += kilobytes << 10
			found = true
		}
	}
	if !found {
		return 0, errors.New(name + " does not tell private memory")
	}

	return sum, nil
}

// Count writes a number with separators.
func Count[T int | float64](v T) string {
	s := fmt.Sprintf("%.0f", float64(v))
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}

	return sign + s
}

// Output is what a program prints, "" if it can't.
func Output(name string, args ...string) string {
	b, _ := exec.Command(name, args...).Output()
	return strings.TrimSpace(string(b))
}

// loadAverage is that of the last minute.
func loadAverage() string {
	one, _, _ := strings.Cut(contents("/proc/loadavg"), " ")
	return one
}

// fieldOf returns the first value of a name in a file of /proc.
func fieldOf(file, name string) string {
	for line := range strings.Lines(contents(file)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}

	return "unknown"
}

// contents is "" for what can't be read: it is not there to be measured.
func contents(file string) string {
	b, _ := os.ReadFile(file)
	return strings.TrimSpace(string(b))
}
