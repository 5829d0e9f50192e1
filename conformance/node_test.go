package conformance

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// findNode returns what runs scripts with Node.js, and fails if it or a package is
// missing.
func findNode(t *testing.T) interpreter {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("node is missing: install Node.js 20.17 or newer, on Debian with\n\tapt-get install nodejs npm")
	}
	for _, name := range []string{"socket.io-client", "socket.io-client-2", "engine.io-client", "socket.io", "socket.io-msgpack-parser", "typescript", "ws"} {
		if _, err := os.Stat(filepath.Join("node_modules", name)); err != nil {
			t.Fatalf("conformance/node_modules/%s is missing: install the official packages with\n\tnpm ci --prefix conformance", name)
		}
	}
	modules, err := filepath.Abs("node_modules")
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, script string, environment []string) (string, error) {
		cmd := exec.CommandContext(ctx, node, "--test-force-exit", "--test-reporter=tap", script)
		cmd.Env = append(os.Environ(), environment...)
		cmd.Env = append(cmd.Env, "NODE_PATH="+modules, "BRIO_NODE_MODULES="+modules)
		return report(cmd)
	}
}

// report runs a script's interpreter and returns what is printed.
func report(cmd *exec.Cmd) (string, error) {
	var output, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &complaints
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%v: %w\n%s", cmd.Args, err, strings.TrimSpace(complaints.String()))
	}
	return output.String(), err
}
