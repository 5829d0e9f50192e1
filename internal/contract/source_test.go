package contract

import (
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// readSources returns what is read in programs of one file that is not on disk, by
// name. They are loaded together, which takes a fraction of the time.
func readSources(t *testing.T, texts map[string]string) map[string]func() (*Contract, error) {
	t.Helper()
	root, err := filepath.Abs("testdata/nowhere")
	if err != nil {
		t.Fatal(err)
	}
	overlay := map[string][]byte{}
	var patterns []string
	dirs := map[string]string{}
	for i, name := range slices.Sorted(maps.Keys(texts)) {
		dir := fmt.Sprint("a", i)
		dirs[dir] = name
		overlay[filepath.Join(root, dir, "a.go")] = []byte("package a\n" + texts[name])
		patterns = append(patterns, "./testdata/nowhere/"+dir)
	}
	p, err := load(t.Context(), "", overlay, patterns)
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]func() (*Contract, error){}
	for _, one := range p.packages {
		own := *p
		own.packages = []*packages.Package{one}
		own.base = filepath.Join(root, path.Base(one.PkgPath))
		read[dirs[path.Base(one.PkgPath)]] = own.contract
	}
	return read
}

const imports = `import ("context"; "github.com/briohq/brio"; "github.com/briohq/brio/client")
var ns *brio.Namespace; var s *brio.Socket; var server *brio.Server; var ctx context.Context; var conn *client.Socket
`

// What is said of a program, as a line of TypeScript in the right map.
func TestDirections(t *testing.T) {
	const down, up = "ServerToClientEvents", "ClientToServerEvents"
	tests := map[string]struct{ source, in, want string }{
		"a handler":              {`const E brio.Event[int] = "e"; func f() { E.Handle(ns, nil) }`, up, "e: (value: number, ack?: (failure?: Failure) => void) => void;"},
		"an emit":                {`const E brio.Event[int] = "e"; func f() { E.Emit(s, 1) }`, down, "e: (value: number) => void;"},
		"a client's emit":        {`const E brio.Event[int] = "e"; func f() { E.Emit(conn, 1) }`, up, "e: (value: number, ack?: (failure?: Failure) => void) => void;"},
		"a client's volatile":    {`const E brio.Event[int] = "e"; func f() { E.Emit(conn.Volatile(), 1) }`, up, "e: (value: number, ack?: (failure?: Failure) => void) => void;"},
		"a call":                 {`const E brio.Call[int, bool] = "e"; func f() { E.Handle(ns, nil) }`, up, "e: (value: number, ack: (answer: boolean | Failure) => void) => void;"},
		"a server's call":        {`const E brio.Call[int, bool] = "e"; func f() { E.Do(ctx, s, 1) }`, down, "e: (value: number, ack: (answer: boolean) => void) => void;"},
		"a call of many":         {`const E brio.Call[int, bool] = "e"; func f() { E.All(ctx, s.To("a"), 1) }`, down, "e: (value: number, ack: (answer: boolean) => void) => void;"},
		"a call for nothing":     {`const E brio.Call[brio.None, brio.None] = "e"; func f() { E.Do(ctx, s, brio.None{}) }`, down, "e: (ack: () => void) => void;"},
		"a method value":         {`const E brio.Event[int] = "e"; func f() { _ = E.Emit }`, down, "e: (value: number) => void;"},
		"no constant":            {`func f() { brio.Event[int]("e").Emit(s, 1) }`, down, "e: (value: number) => void;"},
		"a constant in a body":   {`func f() { const E brio.Event[int] = "e"; E.Emit(s, 1) }`, down, "e: (value: number) => void;"},
		"by its name":            {`const E brio.Event[int] = "e"; func f() { s.Emit("e", 1) }`, down, "e: (value: number) => void;"},
		"by its name, converted": {`const E brio.Event[int] = "e"; func f() { ns.On(string(E), nil) }`, up, "e: (value: number, ack?: (failure?: Failure) => void) => void;"},
		"without types":          {`func f() { s.Emit("e", 1) }`, down, "e: (...args: any[]) => void;"},
		"a client's listener":    {`func f() { conn.On("e", nil) }`, down, "e: (...args: any[]) => void;"},
		"another constant":       {`const E brio.Event[int] = "e"; const F = E; func f() { F.Emit(s, 1) }`, down, "e: (value: number) => void;"},
		"typed and not":          {`const E brio.Event[int] = "e"; func f() { s.Emit("e", 1); E.Emit(s, 1) }`, down, "e: (value: number) => void;"},
		"the handler's name":     {`const E brio.Event[int] = "e"; func f() { E.Emit(s, 1); E.Handle(ns, func(_ context.Context, _ *brio.Socket, count int) error { return nil }) }`, up, "e: (count: number, ack?: (failure?: Failure) => void) => void;"},
		"a keyword":              {`const E brio.Event[int] = "e"; func f() { E.Handle(ns, func(_ context.Context, _ *brio.Socket, new int) error { return nil }) }`, up, "e: (value: number, ack?: (failure?: Failure) => void) => void;"},
		"another envelope":       {`const E brio.Call[int, bool] = "e"; func f() { E.Handle(ns, nil); _ = brio.Config{AckError: nil} }`, up, "e: (value: number, ack: (answer: boolean) => void) => void;"},
		"another for events":     {`const E brio.Event[int] = "e"; func f() { E.Handle(ns, nil); _ = brio.Config{AckError: nil} }`, up, "e: (value: number, ack?: (failure?: unknown) => void) => void;"},
		"a constant's comment":   {"// E is it.\nconst E brio.Event[int] = \"e\"\nfunc f() { E.Emit(s, 1) }", down, "/** E is it. */"},
	}
	sources := map[string]string{}
	for name, test := range tests {
		sources[name] = imports + test.source
	}
	read := readSources(t, sources)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := read[name]()
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Notes) > 0 {
				t.Error("notes: ", c.Notes)
			}
			for _, of := range []string{down, up} {
				_, body, _ := strings.Cut(string(c.TypeScript()), "export interface "+of+" {")
				body, _, _ = strings.Cut(body, "}\n")
				if has := strings.Contains(body, test.want); has != (of == test.in) {
					t.Errorf("%s has\n%s\nwant %q in %s only", of, body, test.want, test.in)
				}
			}
		})
	}
}

func TestNamespaces(t *testing.T) {
	const constants = `const A brio.Event[int] = "a"; const B brio.Event[int] = "b"
`
	tests := map[string]struct{ source, a, b string }{
		"one is for all":      {`func f() { A.Handle(server.Of("/x"), nil); B.Handle(ns, nil) }`, "/x", "/x"},
		"none is known":       {`func f(name string) { A.Handle(server.Of(name), nil); B.Handle(ns, nil) }`, "", ""},
		"two":                 {`func f() { A.Handle(server.Of("/x"), nil); B.Handle(server.Of("/y"), nil) }`, "/x", "/y"},
		"both":                {`func f() { A.Handle(server.Of("/x"), nil); A.Handle(server.Of("/y"), nil); B.Handle(server.Of("/y"), nil) }`, "/x /y", "/y"},
		"unknown is all":      {`func f() { A.Handle(server.Of("/x"), nil); A.Handle(server.Of("/y"), nil); B.Handle(ns, nil) }`, "/x /y", "/x /y"},
		"a constant's name":   {`const y = "/y"; func f() { A.Handle(server.Of("/x"), nil); B.Handle(server.Of(y), nil) }`, "/x", "/y"},
		"variables":           {`func f() { x := server.Of("/x"); var y = server.Of("/y"); A.Handle(x, nil); B.Emit(y, 1) }`, "/x", "/y"},
		"a parameter":         {`func f() { g(server.Of("/x")); B.Emit(server.Of("/y"), 1) }; func g(to brio.Emitter) { A.Emit(to, 1) }`, "/x", "/y"},
		"a parameter of two":  {`func f() { g(server.Of("/x")); g(server.Of("/y")); B.Emit(server.Of("/y"), 1) }; func g(to brio.Emitter) { A.Emit(to, 1) }`, "/x /y", "/y"},
		"nobody's parameter":  {`func f() { A.Emit(server.Of("/x"), 1); A.Emit(server.Of("/y"), 1) }; func G(to brio.Emitter) { B.Emit(to, 1) }`, "/x /y", "/x /y"},
		"a result":            {`func f() { A.Emit(x(), 1); B.Emit(server.Of("/y"), 1) }; func x() *brio.Namespace { return server.Of("/x") }`, "/x", "/y"},
		"one of two results":  {`func f() { to, _ := x(); A.Emit(to, 1); B.Emit(server.Of("/y"), 1) }; func x() (*brio.Namespace, error) { return server.Of("/x"), nil }`, "/x", "/y"},
		"a field":             {`type app struct { x, y brio.Target }; func f() { a := &app{server.Of("/x").Broadcast(), server.Of("/y").To("r")}; A.Emit(a.x, 1); B.Emit(a.y, 1) }`, "/x", "/y"},
		"a named field":       {`type app struct { x *brio.Namespace }; func f() { a := app{x: server.Of("/x")}; A.Emit(a.x, 1); B.Emit(server.Of("/y"), 1) }`, "/x", "/y"},
		"a handler's socket":  {`func f() { server.Of("/x").OnConnect(func(_ context.Context, s *brio.Socket) error { return A.Emit(s, 1) }); B.Handle(server.Of("/y"), nil) }`, "/x", "/y"},
		"an event's socket":   {`func f() { B.Handle(server.Of("/y"), g); A.Emit(server.Of("/x"), 1) }; func g(_ context.Context, s *brio.Socket, _ int) error { return B.Emit(s.To("r").Volatile(), 1) }`, "/x", "/y"},
		"sockets":             {`func f() { for s := range server.Of("/x").Sockets() { A.Emit(s, 1) }; B.Handle(server.Of("/y"), nil) }`, "/x", "/y"},
		"a child":             {`func f() { to, _ := server.Of("/x-{n}").Child("/x-1"); A.Emit(to, 1); B.Handle(server.Of("/y"), nil) }`, "/x-{n}", "/y"},
		"a client's":          {`func f() { A.Handle(server.Of("/x"), nil); A.Emit(conn, 1); B.Handle(server.Of("/y"), nil) }`, "/x", "/y"},
		"only a client's":     {`func f() { A.Emit(conn, 1); B.Handle(server.Of("/x"), nil); B.Handle(server.Of("/y"), nil) }`, "/x /y", "/x /y"},
		"round and round":     {`func f() { x := server.Of("/x"); y := x; x = y; A.Emit(y, 1); B.Handle(server.Of("/y"), nil) }`, "/x", "/y"},
		"by its name":         {`func f() { server.Of("/x").On("a", nil); server.Of("/y").Emit("b", 1) }`, "/x", "/y"},
		"a server's handlers": {`func f() { A.OnServer(server.Of("/z"), func(_ context.Context, ns *brio.Namespace, _ int) error { return A.Emit(ns, 1) }); B.Handle(server.Of("/y"), nil) }`, "/z", "/y"},
	}
	sources := map[string]string{}
	for name, test := range tests {
		sources[name] = imports + constants + test.source
	}
	read := readSources(t, sources)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := read[name]()
			if err != nil {
				t.Fatal(err)
			}
			in := map[string][]string{}
			for _, ns := range c.Namespaces {
				seen := map[string]bool{}
				for _, e := range append(ns.ToClient, ns.ToServer...) {
					if !seen[e.Name] {
						in[e.Name] = append(in[e.Name], ns.Name)
					}
					seen[e.Name] = true
				}
			}
			if a, b := strings.Join(in["a"], " "), strings.Join(in["b"], " "); a != test.a || b != test.b {
				t.Errorf("a is in %q, b is in %q, want %q and %q", a, b, test.a, test.b)
			}
		})
	}
}

// Each problem is named with its place, and with what to do about it.
func TestProblems(t *testing.T) {
	line := func(n string) string { return "a.go:" + n + ": " }
	tests := map[string]struct{ source, err, note string }{
		"a channel":       {source: "type T struct {\nC chan int }\nconst E brio.Event[T] = \"e\"; func f() { E.Emit(s, T{}) }", err: line("5") + "field C is a chan int, which encoding/json can't write: leave it out with `json:\"-\"`, or give it a type with a MarshalJSON"},
		"an argument":     {source: "const E brio.Event[func()] = \"e\"\nfunc f() { E.Emit(s, nil) }", err: line("5") + "the argument is a func(), which encoding/json can't write: leave it out"},
		"a complex type":  {source: "type T complex128\nconst E brio.Event[T] = \"e\"; func f() { E.Emit(s, 1) }", err: line("4") + "T is a complex128, which encoding/json can't write"},
		"a map's keys":    {source: "type T struct {\nM map[bool]int }\nconst E brio.Event[T] = \"e\"; func f() { E.Emit(s, T{}) }", err: line("5") + "field M is a map with keys of type bool, which encoding/json can't write: use strings or integers"},
		"two types":       {source: "const E brio.Event[int] = \"e\"\nconst F brio.Call[int, bool] = \"e\"\nfunc f() { E.Handle(ns, nil)\nF.Handle(ns, nil) }", err: line("7") + `event "e" is a brio.Call[int, bool] here, and a brio.Event[int] at a.go:6: one of them needs another name`},
		"no event":        {source: "var a int", err: "no events in github.com/briohq/brio/internal/contract/testdata/nowhere/a"},
		"a variable":      {source: "const E brio.Event[int] = \"e\"; func f(e brio.Event[int]) { E.Emit(s, 1)\n e.Emit(s, 1) }", note: line("5") + "the event of this Emit is not a constant and is left out: declare it with const, and use it here"},
		"a variable name": {source: "const E brio.Event[int] = \"e\"; func f(e string) { E.Emit(s, 1)\n s.Emit(e, 1) }", note: line("5") + "the name of the event of this Emit is not a constant: it is left out"},
		"a type parameter": {source: "const E brio.Event[int] = \"e\"; func f[T any](v T) { E.Emit(s, 1)\n brio.Event[T](\"f\").Emit(s, v) }",
			note: line("5") + "the type of this event is a type parameter, so the event is left out: declare it as a constant of its own"},
		"an unused one": {source: "const E brio.Event[int] = \"e\"", note: line("4") + "E is not used here, and taken to go both ways: name the package that uses it too, or delete it"},
	}
	sources := map[string]string{}
	for name, test := range tests {
		sources[name] = imports + test.source
	}
	read := readSources(t, sources)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := read[name]()
			switch {
			case test.err == "" && err != nil:
				t.Fatal(err)
			case test.err != "" && (err == nil || !strings.HasPrefix(err.Error(), test.err)):
				t.Errorf("error %v\nwant %s", err, test.err)
			case test.note != "" && strings.Join(c.Notes, "\n") != test.note:
				t.Errorf("notes %q\nwant %s", c.Notes, test.note)
			}
		})
	}
}

func TestNothingToRead(t *testing.T) {
	root, err := filepath.Abs("testdata/nowhere")
	if err != nil {
		t.Fatal(err)
	}
	overlay := map[string][]byte{filepath.Join(root, "a.go"): []byte("package a\nvar a int = true")}
	for pattern, want := range map[string]string{
		"./testdata/nowhere": "testdata/nowhere/a.go:2: cannot use true (untyped bool constant) as int value in variable declaration",
		"./testdata/missing": "directory not found",
		"./testdata/...":     "no package is ./testdata/...: name a directory for which this works:\n\tgo list -export ./testdata/...",
	} {
		if _, err := load(t.Context(), "", overlay, []string{pattern}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", pattern, err, want)
		}
	}
}
