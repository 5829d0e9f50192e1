package main

import (
	"debug/buildinfo"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"

	"github.com/briohq/brio/bench/internal/machine"
)

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
	if v := machine.Output("node", "--version"); v != "" {
		list = append(list, "node "+v)
	}
	for _, path := range []string{"node_modules/socket.io", "node_modules/engine.io", "node_modules/ws", "eiows/node_modules/eiows"} {
		var about struct{ Version string }
		b, err := os.ReadFile(filepath.Join("bench/peers", path, "package.json"))
		if err == nil && json.Unmarshal(b, &about) == nil {
			list = append(list, filepath.Base(path)+" "+about.Version)
		}
	}
	r.software = list
}
