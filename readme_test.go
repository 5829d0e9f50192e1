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

// The README's server is the one of the example, which is compiled and run: the
// same declarations, and the same lines in main.
func TestServerOfREADMEIsTheExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```go\n(.*?)```").FindSubmatch(readme)
	if block == nil {
		t.Fatal("README.md shows no Go program")
	}
	shown := declarations(t, string(block[1]))
	example, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	compiled := declarations(t, string(example))
	compared := 0
	for name, want := range shown {
		switch name {
		case "main":
			for line := range strings.Lines(want) {
				line = strings.TrimSpace(line)
				if strings.HasPrefix(line, "http.") || strings.HasPrefix(line, "log.") || strings.HasPrefix(line, "func ") {
					continue // how a program listens
				}
				if !strings.Contains(compiled["Example"], line) {
					t.Errorf("example_test.go: Example has no line %q, which README.md has", line)
				}
			}
		default:
			diff(t, name+" of README.md and of example_test.go", compiled[name], want)
		}
		compared++
	}
	if compared < 5 {
		t.Errorf("README.md declares only %d things", compared)
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
