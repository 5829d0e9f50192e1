package security

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// The threat model names every test that attacks, and no other.
func TestThreatModel(t *testing.T) {
	table, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	named, written := map[string]bool{}, map[string]bool{"TestMain": true, "TestThreatModel": true}
	for _, m := range regexp.MustCompile("`(Test\\w+)`").FindAllSubmatch(table, -1) {
		named[string(m[1])] = true
	}
	files, _ := filepath.Glob("*_test.go") // the pattern is right
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(source, -1) {
			if test := string(m[1]); !written[test] && !named[test] {
				t.Errorf("%s is not in the threat model", test)
			}
			written[string(m[1])] = true
		}
	}
	for test := range named {
		if !written[test] {
			t.Errorf("the threat model names %s, which there is not", test)
		}
	}
}
