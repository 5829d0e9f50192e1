package security

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// The threat model names every test that attacks, and none that there is not.
func TestThreatModel(t *testing.T) {
	table, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, m := range regexp.MustCompile("`(?:([\\w/]+)\\.)?(Test\\w+)`").FindAllSubmatch(table, -1) {
		where, name := string(m[1]), string(m[2])
		switch where {
		case "":
			where = "conformance/security"
			named[name] = true
		case "brio":
			where = "."
		}
		if !slices.Contains(tests(t, where), name) {
			t.Errorf("the threat model names %s of %s, which there is not", name, where)
		}
	}
	for _, name := range tests(t, "conformance/security") {
		if !named[name] && name != "TestMain" && name != "TestThreatModel" {
			t.Errorf("%s is not in the threat model", name)
		}
	}
}

var function = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

// tests returns the names of the tests of a package.
func tests(t *testing.T, where string) (names []string) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join("../..", where, "*_test.go")) // the pattern is right
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range function.FindAllSubmatch(source, -1) {
			names = append(names, string(m[1]))
		}
	}
	return names
}
