package conformance

import (
	"context"
	"os"
	"os/exec"
	"testing"
)

// findPython returns what runs scripts with Python, and fails if there is none with
// the client. Debian's packages are for its own Python, which may not be the first
// one in the path.
func findPython(t *testing.T) interpreter {
	t.Helper()
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		err := exec.CommandContext(t.Context(), python, "-c", "import socketio, engineio, websocket, requests, aiohttp").Run()
		if err != nil {
			continue
		}
		return func(ctx context.Context, script string, environment []string) (string, error) {
			cmd := exec.CommandContext(ctx, python, "-B", script)
			cmd.Env = append(os.Environ(), environment...)
			return report(cmd)
		}
	}
	t.Fatal("Python's Socket.IO client is missing: install it, on Debian with\n\t" +
		"apt-get install python3-socketio python3-engineio python3-websocket python3-requests python3-aiohttp")
	return nil
}
