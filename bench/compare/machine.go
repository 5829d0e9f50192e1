package main

import (
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// A machine is where it was measured.
type machine struct {
	cpu, memory, kernel   string
	commit                string
	software              []string
	loadBefore, loadAfter string
}

func thisMachine() machine {
	memory := ""
	if fields := strings.Fields(fieldOf("/proc/meminfo", "MemTotal")); len(fields) == 2 {
		var kilobytes int
		_, _ = fmt.Sscan(fields[0], &kilobytes) // 0 if it is none
		memory = fmt.Sprintf("%d GiB", kilobytes>>20)
	}

	version, _, _ := strings.Cut(contents("/proc/sys/kernel/osrelease"), "-")

	return machine{
		cpu:        fmt.Sprintf("%d cores, %s", runtime.NumCPU(), fieldOf("/proc/cpuinfo", "model name")),
		memory:     memory,
		kernel:     "Linux " + version,
		commit:     output("git", "describe", "--always", "--dirty"),
		loadBefore: loadAverage(),
	}
}

// loadAverage is that of the last minute.
func loadAverage() string {
	one, _, _ := strings.Cut(contents("/proc/loadavg"), " ")
	return one
}

// versions notes what the servers that can be measured are made of.
func (r *results) versions(dir string) {
	list := []string{runtime.Version()}
	if info, err := buildinfo.ReadFile(filepath.Join(dir, "centrifuge")); err == nil {
		for _, dep := range info.Deps {
			if dep.Path == "github.com/centrifugal/centrifuge" {
				list = append(list, "centrifuge "+dep.Version)
			}
		}
	}
	if v := output("node", "--version"); v != "" {
		list = append(list, "node "+v)
	}
	for _, path := range []string{"node_modules/socket.io", "node_modules/engine.io", "node_modules/ws", "eiows/node_modules/eiows"} {
		var about struct{ Version string }
		b, err := os.ReadFile(filepath.Join("bench/peers", path, "package.json"))
		if err == nil && json.Unmarshal(b, &about) == nil {
			list = append(list, filepath.Base(path)+" "+about.Version)
		}
	}
	r.machine.software = list
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

func output(name string, args ...string) string {
	b, _ := exec.Command(name, args...).Output()
	return strings.TrimSpace(string(b))
}
