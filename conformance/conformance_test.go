// Package conformance judges brio from outside: scripts under js put a running
// server through the protocols, packet by packet and with the official JavaScript
// clients, and those of web/test through brio's own browser client.
//
// Each script has a server of its own, with the flags that its line beginning
// with "// server:" names, and is run by Node.js; each of its tests is a subtest
// here. By hand:
//
//	go run ./conformance/server --listen 127.0.0.1:3000
//	BRIO_URL=http://127.0.0.1:3000 node --test conformance/js/socket.test.mjs
//
// Nothing is skipped: without Node.js or the packages of package.json the test
// fails and says what to install.
package conformance

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// patience is how long one script may take, its server included.
const patience = 60 * time.Second

func TestScripts(t *testing.T) { runScripts(t, "js") }

func TestBrowserClient(t *testing.T) { runScripts(t, "../web/test") }

func runScripts(t *testing.T, dir string) {
	node := findNode(t)
	binary := buildServer(t)
	scripts, err := filepath.Glob(filepath.Join(dir, "*.test.mjs"))
	if err != nil {
		t.Fatal(err)
	}
	if len(scripts) == 0 {
		t.Fatalf("no script in %s", dir)
	}
	for _, script := range scripts {
		name := strings.TrimSuffix(filepath.Base(script), ".test.mjs")
		t.Run(name, func(t *testing.T) { runScript(t, node, binary, script) })
	}
}

// runScript runs a script against a server of its own, one subtest for each of
// its tests. A script without tests fails.
func runScript(t *testing.T, node, binary, script string) {
	// Not the test's own context, which ends before the server is stopped.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	server := startServer(ctx, t, binary, serverFlags(t, script))
	output, err := runNode(ctx, node, script, server.environment())
	results := parseTAP(output)
	failed := false
	for _, r := range results {
		failed = failed || r.problem != ""
		t.Run(r.name, func(t *testing.T) {
			if r.problem != "" {
				t.Error(r.problem)
			}
		})
	}
	switch {
	case ctx.Err() != nil:
		t.Errorf("not done after %v; what it said:\n%s", patience, output)
	case len(results) == 0:
		t.Errorf("no test was run: %v\n%s", err, output)
	case err != nil && !failed:
		t.Error(err)
	}
}

var flagLine = regexp.MustCompile(`(?m)^// server: (.*)$`)

// serverFlags returns the flags that a script wants its server to have.
func serverFlags(t *testing.T, script string) []string {
	t.Helper()
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	match := flagLine.FindSubmatch(text)
	if match == nil {
		return nil
	}
	return strings.Fields(string(match[1]))
}
