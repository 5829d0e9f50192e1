// Package conformance judges brio from outside: scripts under js put a running
// server through the protocols, packet by packet and with the official JavaScript
// clients, those under python with Python's client, and those of web/test with
// brio's own browser client. The Go client, the other way round, is judged by what
// it does with the official server, under reference, and with brio.
//
// Each script has a server of its own, with the flags that its line beginning
// with "// server:" or "# server:" names, and is run by Node.js or Python; each of
// its tests is a subtest here. By hand:
//
//	go run ./conformance/server --listen 127.0.0.1:3000
//	BRIO_URL=http://127.0.0.1:3000 node --test conformance/js/socket.test.mjs
//
// Nothing is skipped: without Node.js, Python or the packages they need the test
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

func TestScripts(t *testing.T) { runScripts(t, findNode(t), "js/*.test.mjs") }

func TestBrowserClient(t *testing.T) { runScripts(t, findNode(t), "../web/test/*.test.mjs") }

func TestPythonClient(t *testing.T) { runScripts(t, findPython(t), "python/*_test.py") }

// interpreter runs a script, with more in its environment, and returns what it
// reported in TAP. An error has what it printed for people.
type interpreter func(ctx context.Context, script string, environment []string) (string, error)

func runScripts(t *testing.T, run interpreter, pattern string) {
	binary := buildServer(t)
	scripts, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	if len(scripts) == 0 {
		t.Fatalf("no script is %s", pattern)
	}
	_, suffix, _ := strings.Cut(pattern, "*")
	for _, script := range scripts {
		name := strings.TrimSuffix(filepath.Base(script), suffix)
		t.Run(name, func(t *testing.T) { runScript(t, run, binary, script) })
	}
}

// runScript runs a script against a server of its own, one subtest for each of
// its tests. A script without tests fails.
func runScript(t *testing.T, run interpreter, binary, script string) {
	t.Helper()
	runScriptWith(t, run, binary, script, serverFlags(t, script))
}

// runScriptWith is runScript, with the flags of the server.
func runScriptWith(t *testing.T, run interpreter, binary, script string, flags []string) {
	t.Helper()
	// Not the test's own context, which ends before the server is stopped.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	server := startServer(ctx, t, binary, flags)
	output, err := run(ctx, script, server.environment())
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

var flagLine = regexp.MustCompile(`(?m)^(?://|#) server: (.*)$`)

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
