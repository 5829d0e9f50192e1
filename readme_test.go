package brio_test

import (
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The README's servers are those of the examples, which are compiled and run:
// the same declarations, and the same lines in main.
func TestServersOfREADMEAreTheExamples(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	compiled := declarations(t, string(example))
	examples := []string{"Example_short", "Example"}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllSubmatch(readme, -1)
	if len(blocks) != len(examples) {
		t.Fatalf("README.md shows %d Go programs, want %d", len(blocks), len(examples))
	}
	for i, block := range blocks {
		compareProgram(t, declarations(t, string(block[1])), compiled, examples[i])
	}
}

func compareProgram(t *testing.T, shown, compiled map[string]string, example string) {
	t.Helper()
	for name, want := range shown {
		switch name {
		case "main":
			for line := range strings.Lines(want) {
				line = strings.TrimSpace(line)
				if strings.HasPrefix(line, "http.") || strings.HasPrefix(line, "log.") || strings.HasPrefix(line, "func ") {
					continue // how a program listens
				}
				if !strings.Contains(compiled[example], line) {
					t.Errorf("example_test.go: %s has no line %q, which README.md has", example, line)
				}
			}
		default:
			diff(t, name+" of README.md and of example_test.go", compiled[name], want)
		}
	}
	if shown["main"] == "" {
		t.Error("a Go program of README.md has no main")
	}
}

// declarations returns the text of each, without imports and comments above.
func declarations(t *testing.T, src string) map[string]string {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, d := range f.Decls {
		var name string
		switch d := d.(type) {
		case *ast.FuncDecl:
			name = d.Name.Name
		case *ast.GenDecl:
			switch spec := d.Specs[0].(type) {
			case *ast.ValueSpec:
				name = spec.Names[0].Name
			case *ast.TypeSpec:
				name = spec.Name.Name
			default:
				continue
			}
		}
		var b strings.Builder
		if err := format.Node(&b, fset, d); err != nil {
			t.Fatal(err)
		}
		found[name] = b.String()
	}
	return found
}
