package conformance

import (
	"os/exec"
	"testing"
)

// TypeScript accepts a program that uses brio.js well, and refuses each line that
// does not.
func TestTypes(t *testing.T) {
	findNode(t)
	cmd := exec.CommandContext(t.Context(), "node", "node_modules/typescript/bin/tsc", "-p", "../web/test/types")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}
