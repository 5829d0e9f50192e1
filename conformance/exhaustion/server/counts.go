//go:build linux

package main

import (
	"encoding/json"
	"net/http"
	"os"
	"runtime"

	"github.com/briohq/brio"
)

// counts tells what the process has.
type counts struct{ sockets *brio.Server }

func (c counts) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	fds := -1 // there is none to count them with
	if entries, err := os.ReadDir("/proc/self/fd"); err == nil {
		fds = len(entries) - 1 // that of the folder
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"goroutines": runtime.NumGoroutine(),
		"fds":        fds,
		"heap":       memory.HeapAlloc,
		"stats":      c.sockets.Stats(),
	})
}
