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

// findNode returns the path of Node.js, and fails if it or a package is missing.
func findNode(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("node is missing: install Node.js 20.14 or newer, on Debian with\n\tapt-get install nodejs npm")
	}
	for _, name := range []string{"socket.io-client", "engine.io-client", "ws"} {
		if _, err := os.Stat(filepath.Join("node_modules", name)); err != nil {
			t.Fatalf("conformance/node_modules/%s is missing: install the official clients with\n\tnpm ci --prefix conformance", name)
		}
	}
	return node
}

// runNode runs a script and returns what it reported in TAP. An error has what
// it printed for people.
func runNode(ctx context.Context, node, script string, environment []string) (string, error) {
	modules, err := filepath.Abs("node_modules")
	if err != nil {
		return "", err
	}
	var output, complaints bytes.Buffer
	cmd := exec.CommandContext(ctx, node, "--test-force-exit", "--test-reporter=tap", script)
	cmd.Env = append(os.Environ(), environment...)
	cmd.Env = append(cmd.Env, "NODE_PATH="+modules, "BRIO_NODE_MODULES="+modules)
	cmd.Stdout, cmd.Stderr = &output, &complaints
	cmd.WaitDelay = time.Second
	if err = cmd.Run(); err != nil {
		err = fmt.Errorf("node %s: %w\n%s", script, err, strings.TrimSpace(complaints.String()))
	}
	return output.String(), err
}
