package guide_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// packages are those that the guide may name, as it names them.
var packages = map[string]string{
	"adapter":      "github.com/briohq/brio/adapter",
	"adaptertest":  "github.com/briohq/brio/adapter/adaptertest",
	"auth":         "github.com/briohq/brio/auth",
	"brio":         "github.com/briohq/brio",
	"briotest":     "github.com/briohq/brio/briotest",
	"client":       "github.com/briohq/brio/client",
	"context":      "context",
	"delivery":     "github.com/briohq/brio/delivery",
	"engine":       "github.com/briohq/brio/engine",
	"errors":       "errors",
	"flag":         "flag",
	"http":         "net/http",
	"limit":        "github.com/briohq/brio/limit",
	"log":          "log",
	"metrics":      "github.com/briohq/brio/metrics",
	"msgpack":      "github.com/briohq/brio/protocol/msgpack",
	"nats":         "github.com/briohq/brio/adapter/nats",
	"natsembed":    "github.com/briohq/brio/adapter/natsembed",
	"net":          "net",
	"netip":        "net/netip",
	"os":           "os",
	"otel":         "github.com/briohq/brio/metrics/otel",
	"postgres":     "github.com/briohq/brio/adapter/postgres",
	"protocol":     "github.com/briohq/brio/protocol",
	"proxyproto":   "github.com/pires/go-proxyproto",
	"rand":         "crypto/rand",
	"redis":        "github.com/briohq/brio/adapter/redis",
	"regexp":       "regexp",
	"signal":       "os/signal",
	"slices":       "slices",
	"schema":       "github.com/briohq/brio/schema",
	"slog":         "log/slog",
	"strings":      "strings",
	"sync":         "sync",
	"synctest":     "testing/synctest",
	"testing":      "testing",
	"time":         "time",
	"webtransport": "github.com/briohq/brio/transport/webtransport",
}

// preamble is what the guide says of the names in its code: each fragment stands
// in the body of a function with these parameters.
const preamble = `
const (
	Say   brio.Event[string]     = "say"
	Count brio.Call[string, int] = "count"
	name  brio.Key[string]       = "name"
)

var (
	server *brio.Server
	ns     *brio.Namespace
	s      *brio.Socket
	c      *client.Socket
	target brio.Target
	peer   brio.Peer
	args   brio.Args
	config brio.Config
	ctx    context.Context
	find   func(context.Context, string) (string, error)
	w      http.ResponseWriter
	r      *http.Request
)
`

// A block of Go is a file, or the body of a function.
func TestExamplesCompile(t *testing.T) {
	c := newCompiler(t)
	for _, name := range guides {
		for _, b := range readDocument(t, name).blocks {
			if b.language != "go" {
				continue
			}
			if formatted, err := format.Source([]byte(b.text)); err != nil || string(formatted) != b.text {
				t.Errorf("%s, line %d: not as gofmt has it: %v", name, b.line, err)
			}
			if file.MatchString(b.text) {
				c.check(b.text, b.line, false)
			} else {
				c.fragment(b.text, b.line)
			}
		}
	}
}

// What rows say to write is a name or an expression.
func TestFormsOfRowsExist(t *testing.T) {
	c := newCompiler(t)
	for _, row := range readGuide(t).rows {
		for _, form := range row.forms {
			switch expr, err := parser.ParseExpr(form); {
			case qualified.MatchString(form) || exported.MatchString(form):
				c.name(form, row.line)
			case err != nil:
				t.Errorf("line %d: %s: %v", row.line, form, err)
			case isCall(expr):
				c.fragment(form+"\n", row.line)
			default:
				c.fragment("_ = "+form+"\n", row.line)
			}
		}
	}
}

// So does what is named elsewhere, in passing.
func TestNamesInProseExist(t *testing.T) {
	c := newCompiler(t)
	for _, name := range guides {
		if name == typesGuide {
			continue // its X is any event
		}
		for _, text := range readDocument(t, name).prose {
			for _, span := range spans(text.text) {
				span = strings.TrimPrefix(strings.TrimPrefix(span, "*"), "&")
				if qualified.MatchString(span) {
					c.name(span, text.line)
				}
			}
		}
	}
}

var (
	// file is a block that is one.
	file = regexp.MustCompile(`(?m)^package `)
	// qualified is a member of a type of brio, or of a package.
	qualified = regexp.MustCompile(`^([A-Z]\w*|` + strings.Join(slices.Sorted(maps.Keys(packages)), "|") + `)(\.[A-Z]\w*)+$`)
	exported  = regexp.MustCompile(`^[A-Z]\w*$`)
)

func isCall(expr ast.Expr) bool {
	_, ok := expr.(*ast.CallExpr)
	return ok
}

// compiler checks Go against what the packages export.
type compiler struct {
	t        *testing.T
	importer types.Importer
	exports  map[string]string // files of export data, by path
}

func newCompiler(t *testing.T) *compiler {
	t.Helper()
	c := &compiler{t: t, exports: map[string]string{}}
	list := []string{"list", "-e", "-export", "-deps", "-f", "{{if .Export}}{{.ImportPath}} {{.Export}}{{end}}"}
	out, err := exec.Command("go", append(list, slices.Sorted(maps.Values(packages))...)...).Output()
	if err != nil {
		t.Fatal("go list: ", err)
	}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		c.exports[path] = file
	}
	for _, path := range packages {
		if c.exports[path] == "" {
			t.Fatal("package ", path, " can't be imported")
		}
	}
	c.importer = importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(c.exports[path])
	})
	return c
}

// fragment checks statements.
func (c *compiler) fragment(text string, line int) {
	c.t.Helper()
	var b strings.Builder
	b.WriteString("package guide\n")
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		if path := packages[name]; c.exports[path] != "" {
			fmt.Fprintf(&b, "import %s %q\n", name, path)
		}
	}
	fmt.Fprintf(&b, "%s\nfunc _() error {\n//line :%d\n%s\nreturn nil\n}\n", preamble, line, text)
	c.check(b.String(), line, true)
}

// check reports the errors in a file. A fragment need not use all that it is given
// or makes.
func (c *compiler) check(text string, line int, fragment bool) {
	c.t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", text, parser.SkipObjectResolution)
	if err != nil {
		c.t.Errorf("code at line %d: %v", line, err)
		return
	}
	config := types.Config{Importer: c.importer, Error: func(err error) {
		if e, ok := errors.AsType[types.Error](err); ok && e.Soft && fragment {
			return
		}
		c.t.Errorf("code at line %d: %v", line, err)
	}}
	_, _ = config.Check("guide", fset, []*ast.File{file}, nil) // Error has heard of all
}

// name reports a name that doesn't exist: of a type of package brio, and of what it
// has, or of another package.
func (c *compiler) name(text string, line int) {
	c.t.Helper()
	parts := strings.Split(text, ".")
	path := packages["brio"]
	if other, ok := packages[parts[0]]; ok {
		path, parts = other, parts[1:]
	}
	pkg, err := c.importer.Import(path)
	if err != nil {
		c.t.Fatal(err)
	}
	object := pkg.Scope().Lookup(parts[0])
	for _, part := range parts[1:] {
		if object == nil {
			break
		}
		object, _, _ = types.LookupFieldOrMethod(object.Type(), true, pkg, part)
	}
	if object == nil {
		c.t.Errorf("line %d: there is no %s", line, text)
	}
}
