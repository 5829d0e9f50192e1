package brio_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// This file holds the architecture: what it says of packages, files and goroutines
// is true of the tree, or the test fails with the reason.

const module = "github.com/briohq/brio"

// A stratum is one row of the import table. Beside the standard library, pkg may
// import the packages of this module in ours and the packages in theirs, and nothing
// else; its tests may import anything. A name ending in "/..." stands for the
// packages below it, "..." for all.
type stratum struct {
	pkg    string
	ours   []string
	theirs []string
	why    string // shown when the row is broken
}

// strata is the import table, lowest stratum first.
var strata = []stratum{
	{
		pkg:    "internal/contract",
		theirs: []string{"golang.org/x/tools/..."},
		why:    "the one place that reads Go source; it knows brio's names, and needs none of its packages",
	},
	{
		pkg:    "internal/...",
		ours:   []string{"internal/..."},
		theirs: []string{"golang.org/x/sys/..."},
		why:    "one small thing each: what every stratum may use must depend on none",
	},
	{
		pkg: "web",
		why: "the browser client is a file to serve: brio embeds it, so it is a leaf",
	},
	{
		pkg:    "transport",
		ours:   []string{"internal/..."},
		theirs: []string{"golang.org/x/sys/..."},
		why:    "packets and the pipe that carries them know neither HTTP sessions nor Socket.IO",
	},
	{
		pkg:  "protocol",
		ours: []string{"internal/..."},
		why:  "a codec turns bytes into packets: servers, clients and emitters share it, so it knows none of them",
	},
	{
		pkg:    "protocol/msgpack",
		ours:   []string{"protocol", "internal/..."},
		theirs: []string{"github.com/tinylib/msgp/msgp"},
		why:    "the one place that knows MessagePack: it makes the packets protocol makes, so nothing above knows what a client speaks",
	},
	{
		pkg:  "transport/polling",
		ours: []string{"transport", "internal/..."},
		why:  "one way to carry packets: sessions choose among transports, a transport knows no session",
	},
	{
		pkg:    "transport/websocket",
		ours:   []string{"transport", "internal/..."},
		theirs: []string{"github.com/gobwas/..."},
		why:    "the one place that knows which WebSocket library we use",
	},
	{
		pkg:    "transport/webtransport",
		ours:   []string{"transport", "internal/..."},
		theirs: []string{"github.com/quic-go/webtransport-go", "github.com/quic-go/quic-go/..."},
		why:    "the one place that knows QUIC, for who asks for it: no other stratum may need it to build",
	},
	{
		pkg:    "engine",
		ours:   []string{"transport", "transport/polling", "transport/websocket", "internal/..."},
		theirs: []string{"github.com/rs/cors"},
		why:    "an Engine.IO session carries messages: it knows nothing of namespaces, rooms or events",
	},
	{
		pkg:  "adapter",
		ours: []string{"protocol"},
		why:  "the contract between a namespace and its cluster: what implements it must not need the server",
	},
	{
		pkg:  "adapter/adaptertest",
		ours: []string{"adapter", "protocol", "internal/..."},
		why:  "what adapters are tested with knows the contract, not who keeps it or uses it",
	},
	{
		pkg:  "adapter/cluster",
		ours: []string{"adapter", "protocol/...", "internal/..."},
		why:  "what nodes say to each other is the same whatever brings it: a broker's client knows it, not the other way round",
	},
	{
		pkg:    "adapter/redis",
		ours:   []string{"adapter", "adapter/cluster", "protocol/...", "internal/..."},
		theirs: []string{"github.com/redis/rueidis"},
		why:    "Redis is for who asks for it: the cluster's logic does not know what brings its messages",
	},
	{
		pkg:    "adapter/postgres",
		ours:   []string{"adapter", "adapter/cluster", "internal/..."},
		theirs: []string{"github.com/jackc/pgx/v5", "github.com/jackc/pgx/v5/pgxpool"},
		why:    "PostgreSQL is for who asks for it: the cluster's logic does not know what brings its messages",
	},
	{
		pkg:    "adapter/nats",
		ours:   []string{"adapter", "adapter/cluster", "internal/..."},
		theirs: []string{"github.com/nats-io/nats.go"},
		why:    "the one place that knows the client of NATS, for who asks for it: to the cluster it is a bus",
	},
	{
		pkg:    "adapter/natsembed",
		ours:   []string{"adapter", "adapter/nats", "internal/..."},
		theirs: []string{"github.com/nats-io/nats-server/v2/server", "github.com/nats-io/nats.go"},
		why:    "the one place that knows the server of NATS: it is that and a connection to it, and all else is adapter/nats",
	},
	{
		pkg:  ".",
		ours: []string{"transport", "engine", "protocol", "adapter", "web", "internal/..."},
		why:  "who imports brio must compile and link no broker, database, QUIC or metrics library: opt-in is a value given to Config",
	},
	{
		pkg:    "client/engineio",
		ours:   []string{"transport", "internal/..."},
		theirs: []string{"github.com/gobwas/..."},
		why:    "the other end of a connection: like a session it carries messages, and knows nothing of namespaces or events",
	},
	{
		pkg:    "client/webtransport",
		ours:   []string{"client/engineio", "transport", "internal/..."},
		theirs: []string{"github.com/quic-go/webtransport-go", "github.com/quic-go/quic-go/..."},
		why:    "the client's one place that knows QUIC, for who asks for it: no other client may need it to build",
	},
	{
		pkg:  "client",
		ours: []string{".", "client/engineio", "protocol", "internal/..."},
		why:  "it shares events and errors with the server, and its codec; who imports brio must not link it, so nothing below may need it",
	},
	{
		pkg:    "auth",
		ours:   []string{".", "internal/..."},
		theirs: []string{"github.com/golang-jwt/jwt/v5", "github.com/MicahParks/keyfunc/v3", "golang.org/x/time/rate"},
		why:    "tokens are for who asks for them: a middleware like any other, which the core does not know",
	},
	{
		pkg:    "limit",
		ours:   []string{"."},
		theirs: []string{"golang.org/x/time/rate"},
		why:    "rates are for who asks for them: listeners like any others, which the core does not know",
	},
	{
		pkg:  "delivery",
		ours: []string{".", "protocol", "internal/..."},
		why:  "what is handled once, or sent again, is for who asks for it: the core carries each event once",
	},
	{
		pkg:    "metrics",
		ours:   []string{"."},
		theirs: []string{"github.com/prometheus/client_golang/..."},
		why:    "the one place that knows Prometheus: what it counts it is told by brio's Observer",
	},
	{
		pkg:    "metrics/otel",
		ours:   []string{"."},
		theirs: []string{"go.opentelemetry.io/otel/..."},
		why:    "the one place that knows OpenTelemetry: its spans are brio's Observer",
	},
	{
		pkg:  "schema",
		ours: []string{".", "protocol", "internal/..."},
		theirs: []string{
			"github.com/invopop/jsonschema",
			"github.com/santhosh-tekuri/jsonschema/v6", "github.com/santhosh-tekuri/jsonschema/v6/kind",
		},
		why: "JSON Schema is for who asks for it: what it enforces are listeners, which the core does not know",
	},
	{
		pkg:  "briotest",
		ours: []string{".", "client", "internal/..."},
		why:  "users test their handlers with a server and a client as they are: no testing library comes along",
	},
	{
		pkg:    "apps/site",
		ours:   []string{".", "limit", "apps/shell"},
		theirs: []string{"github.com/golang-jwt/jwt/v5", "modernc.org/sqlite"},
		why:    "what applications need of the world beside brio, a database and signed tokens, is here once",
	},
	{
		pkg:    "apps/sitetest",
		ours:   []string{"apps/site"},
		theirs: []string{"github.com/chromedp/..."},
		why:    "it is a browser and a cable for the tests of the applications, which are pages to it",
	},
	{
		pkg: "apps/doc/ot",
		why: "a text that many change at once knows neither sockets nor pages",
	},
	{
		pkg:  "apps/...",
		ours: []string{".", "web", "apps/..."},
		why:  "the showcase is written with what every user has: no internals, no other library",
	},
	{
		pkg:  "docs/...",
		ours: []string{"."},
		why:  "what a guide shows is what every user has",
	},
	{
		pkg:    "cmd/brio",
		ours:   []string{"..."},
		theirs: []string{"..."},
		why:    "the one binary puts everything together",
	},
	{
		pkg:    "bench/internal/tool",
		theirs: []string{"github.com/alecthomas/kong"},
		why:    "flags, interruption and a page of results are the same for each command that measures",
	},
	{
		pkg:    "bench/internal/...",
		theirs: []string{"golang.org/x/sys/..."},
		why:    "what load and floor share is the bare system call and the bare frame",
	},
	{
		pkg:    "bench/load",
		ours:   []string{"bench/internal/..."},
		theirs: []string{"github.com/HdrHistogram/hdrhistogram-go"},
		why:    "it speaks the protocols by hand, so that it measures brio from outside and costs less than brio",
	},
	{
		pkg:    "bench/...",
		ours:   []string{"..."},
		theirs: []string{"..."},
		why:    "it measures the whole; what it needs reaches nobody",
	},
	{
		pkg:    "conformance/...",
		ours:   []string{"..."},
		theirs: []string{"..."},
		why:    "it judges the whole from outside",
	},
}

// mayStart lists the files that may contain a go statement beside internal/group,
// each with who waits for the goroutine.
var mayStart = map[string]string{}

// maySleep lists the non-test files that may call time.Sleep, each with the reason.
// Tests may sleep in a testing/synctest bubble, where sleeping costs no time.
var maySleep = map[string]string{}

const (
	maxFile   = 600 // lines of the longest non-test file: more is two nouns in one file
	maxMedian = 200 // lines of the median non-test file
)

func TestImportTable(t *testing.T) {
	used := map[string]bool{}
	for _, p := range modulePackages(t) {
		if len(p.sources) == 0 {
			continue
		}
		i := slices.IndexFunc(strata, func(row stratum) bool { return matches(row.pkg, p.name) })
		if i < 0 {
			t.Errorf("package %s has no row in strata: add a row, with its reason", p.name)
			continue
		}
		row := strata[i]
		used[row.pkg] = true
		for _, f := range p.sources {
			checkImports(t, row, f)
		}
	}
	for _, row := range strata {
		if !used[row.pkg] {
			t.Errorf("no package matches row %q of strata: remove the row", row.pkg)
		}
	}
}

func TestUsersOfBrioGetFewModules(t *testing.T) {
	out, err := goList("-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range strings.Fields(string(out)) {
		name, ours := inModule(path)
		if matches("client/...", name) {
			t.Errorf("%s depends on %s: every program that imports brio would have to link the client", module, path)
		}
		if ours || slices.ContainsFunc([]string{"github.com/gobwas/...", "github.com/rs/cors/...", "golang.org/x/..."}, func(a string) bool { return matches(a, path) }) {
			continue
		}
		t.Errorf("%s depends on %s: every program that imports brio would have to compile it; only the standard library, gobwas/ws, rs/cors and golang.org/x may be needed", module, path)
	}
}

func TestPackagesAreDocumented(t *testing.T) {
	for _, p := range modulePackages(t) {
		var documented []string
		for _, f := range p.sources {
			if f.ast.Doc != nil {
				documented = append(documented, f.path)
			}
		}
		switch {
		case len(p.sources) == 0 || len(documented) == 1:
		case len(documented) == 0:
			t.Errorf("package %s has no doc comment: say what it is for, the model first, the caveats last", p.name)
		default:
			t.Errorf("package %s has a doc comment in each of %s: keep one", p.name, strings.Join(documented, ", "))
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	var lines []int
	for _, p := range modulePackages(t) {
		for _, f := range p.sources {
			lines = append(lines, f.lines)
			if f.lines > maxFile {
				t.Errorf("%s has %d lines, more than %d: it holds a second noun; give that a file of its own", f.path, f.lines, maxFile)
			}
		}
	}
	slices.Sort(lines)
	if median := lines[len(lines)/2]; median > maxMedian {
		t.Errorf("the median file has %d lines, more than %d: one noun per file", median, maxMedian)
	}
}

// maxApp is how many lines of Go an application of the showcase may have, tests left
// out: one reads it in an evening. What is a noun of its own, and knows no sockets, may
// be a package below it, which has a row in strata and as many lines at most.
const maxApp = 400

// Applications are examples: each is short enough to be read.
func TestApplicationsAreShort(t *testing.T) {
	lines := map[string]int{}
	for _, p := range modulePackages(t) {
		if !strings.HasPrefix(p.name, "apps/") || slices.Contains([]string{"apps/shell", "apps/site", "apps/sitetest"}, p.name) {
			continue
		}
		for _, f := range p.sources {
			lines[p.name] += f.lines
		}
	}
	applications := 0
	for dir, n := range lines {
		if strings.Count(dir, "/") == 1 {
			applications++
		}
		if n > maxApp {
			t.Errorf("%s has %d lines of Go, at most %d", dir, n, maxApp)
		}
	}
	if applications != 10 {
		t.Errorf("there are %d applications, want 10", applications)
	}
}

func TestGoroutinesHaveOwners(t *testing.T) {
	used := map[string]bool{}
	for _, p := range modulePackages(t) {
		if p.name == "internal/group" {
			continue
		}
		for _, f := range p.sources {
			checkLines(t, f, mayStart, used, f.goStatements(), "a go statement",
				"start it with internal/group, which joins it, or add the file to mayStart with who waits for it")
		}
	}
	checkUsed(t, "mayStart", mayStart, used)
}

func TestNobodySleeps(t *testing.T) {
	used := map[string]bool{}
	for _, p := range modulePackages(t) {
		for _, f := range p.sources {
			checkLines(t, f, maySleep, used, f.sleeps(), "time.Sleep",
				"wait for what you need, or use time.AfterFunc and stop it; else add the file to maySleep with the reason")
		}
		for _, f := range p.tests {
			if f.imports("testing/synctest") {
				continue
			}
			checkLines(t, f, nil, nil, f.sleeps(), "time.Sleep",
				"a sleep in a test is a race kept quiet: wait for the event, or run in a testing/synctest bubble")
		}
	}
	checkUsed(t, "maySleep", maySleep, used)
}

func checkImports(t *testing.T, row stratum, f *source) {
	t.Helper()
	for _, spec := range f.ast.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		name, ours := inModule(path)
		allowed := row.theirs
		if ours {
			allowed, path = row.ours, name
		}
		if !ours && isStandard(path) || slices.ContainsFunc(allowed, func(a string) bool { return matches(a, path) }) {
			continue
		}
		t.Errorf("%s imports %s\n\twhat %s may import beside std: of ours %v, from outside %v\n\twhy: %s",
			f.at(spec.Pos()), path, row.pkg, row.ours, row.theirs, row.why)
	}
}

// checkLines reports each place in f, unless the file is one of the allowed.
func checkLines(t *testing.T, f *source, allowed map[string]string, used map[string]bool, places []token.Pos, what, advice string) {
	t.Helper()
	if len(places) > 0 && allowed[f.path] != "" {
		used[f.path] = true
		return
	}
	for _, pos := range places {
		t.Errorf("%s: %s: %s", f.at(pos), what, advice)
	}
}

func checkUsed(t *testing.T, list string, allowed map[string]string, used map[string]bool) {
	t.Helper()
	for path := range allowed {
		if !used[path] {
			t.Errorf("%s names %s, which no longer needs it: remove the line", list, path)
		}
	}
}

// A goPackage is one package of this module, with the files of every operating system.
type goPackage struct {
	name    string // relative to the module; "." is its root
	sources []*source
	tests   []*source
}

// A source is one parsed Go file.
type source struct {
	path  string // relative to the module, with slashes
	fset  *token.FileSet
	ast   *ast.File
	lines int
}

func (f *source) at(pos token.Pos) string {
	return fmt.Sprintf("%s:%d", f.path, f.fset.Position(pos).Line)
}

func (f *source) imports(path string) bool {
	return slices.ContainsFunc(f.ast.Imports, func(s *ast.ImportSpec) bool {
		return s.Path.Value == strconv.Quote(path)
	})
}

func (f *source) goStatements() []token.Pos {
	return f.find(func(n ast.Node) bool {
		_, ok := n.(*ast.GoStmt)
		return ok
	})
}

func (f *source) sleeps() []token.Pos {
	return f.find(func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != "Sleep" {
			return false
		}
		x, ok := sel.X.(*ast.Ident)
		return ok && x.Name == "time"
	})
}

func (f *source) find(is func(ast.Node) bool) []token.Pos {
	var places []token.Pos
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if n != nil && is(n) {
			places = append(places, n.Pos())
		}
		return true
	})
	return places
}

// modulePackages lists and parses the module, once for all tests.
func modulePackages(t *testing.T) []goPackage {
	t.Helper()
	packages, err := parseModule()
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

var parseModule = sync.OnceValues(func() ([]goPackage, error) {
	out, err := goList("-e", "-json=Dir,ImportPath,GoFiles,CgoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles", "./...")
	if err != nil {
		return nil, err
	}
	var packages []goPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var listed struct {
			Dir, ImportPath                                              string
			GoFiles, CgoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
		}
		if err := dec.Decode(&listed); err == io.EOF {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("decode go list ./...: %w", err)
		}
		name, _ := inModule(listed.ImportPath)
		p := goPackage{name: name}
		for _, file := range slices.Concat(listed.GoFiles, listed.CgoFiles, listed.IgnoredGoFiles, listed.TestGoFiles, listed.XTestGoFiles) {
			f, err := parseSource(listed.Dir, name, file)
			if err != nil {
				return nil, err
			}
			if strings.HasSuffix(file, "_test.go") {
				p.tests = append(p.tests, f)
			} else {
				p.sources = append(p.sources, f)
			}
		}
		packages = append(packages, p)
	}
})

func parseSource(dir, pkg, file string) (*source, error) {
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, filepath.Join(dir, file), nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	lines := fset.File(parsed.FileStart).LineCount() - 1
	return &source{path: filepath.ToSlash(filepath.Join(pkg, file)), fset: fset, ast: parsed, lines: lines}, nil
}

func goList(args ...string) ([]byte, error) {
	out, err := exec.Command("go", append([]string{"list"}, args...)...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w\n%s", err, exit.Stderr)
	}
	if err != nil {
		return nil, fmt.Errorf("go list %s: %w", strings.Join(args, " "), err)
	}
	return out, nil
}

// inModule returns a package's path relative to this module, "." for its root.
func inModule(path string) (name string, ok bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}

// isStandard reports whether path is of the standard library: its first element is
// no host name.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func matches(pattern, path string) bool {
	below, ok := strings.CutSuffix(pattern, "...")
	if !ok {
		return pattern == path
	}
	return strings.HasPrefix(path+"/", below)
}
