package json

import (
	"bytes"
	v1 "encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

type loop struct {
	Next *loop
	Map  map[string]any
}

type liar string

func (l liar) MarshalJSON() ([]byte, error) { return []byte(l), nil }

type nobody struct{ n int }

func (n *nobody) MarshalJSON() ([]byte, error) { return fmt.Append(nil, n.n), nil }

// probes are what a library has to survive. Each returns what came of it.
var probes = map[string]func(library) string{
	"decode 10 M arrays into any":       decoding[any](strings.Repeat("[", 10_000_000)),
	"decode 10 M objects into any":      decoding[any](strings.Repeat(`{"a":`, 10_000_000)),
	"decode 10 M arrays into a struct":  decoding[record](`{"unknown":` + strings.Repeat("[", 10_000_000)),
	"decode 10 M arrays into raw":       decoding[v1.RawMessage](strings.Repeat("[", 10_000_000)),
	"decode 1 M records in each other":  decoding[record](strings.Repeat(`{"list":[`, 1_000_000)),
	"decode a number of 1 M digits":     decoding[float64]("1." + strings.Repeat("1", 1_000_000)),
	"decode an integer of 1 M digits":   decoding[int](strings.Repeat("1", 1_000_000)),
	"decode a string of 1 M escapes":    decoding[string](`"` + strings.Repeat(`\ud800`, 1_000_000) + `"`),
	"decode 1 M equal keys into any":    decoding[any](`{` + strings.Repeat(`"a":1,`, 1_000_000) + `"a":1}`),
	"decode half an escape in a key":    decoding[record](`{"\29\`),
	"decode a NUL in a key":             decoding[record]("{\"\x00d\\"),
	"encode a pointer to itself":        encoding(func() any { l := new(loop); l.Next = l; return l }),
	"encode a map in itself":            encoding(func() any { m := map[string]any{}; m["a"] = m; return m }),
	"encode a slice in itself":          encoding(func() any { s := []any{nil}; s[0] = s; return s }),
	"encode a map in a struct in it":    encoding(func() any { m := map[string]any{}; m["a"] = &loop{Map: m}; return m }),
	"encode a channel":                  encoding(func() any { return struct{ C chan int }{} }),
	"encode a function":                 encoding(func() any { return []any{func() {}} }),
	"encode NaN":                        encoding(func() any { return []float64{math.NaN()} }),
	"encode infinity":                   encoding(func() any { return map[string]any{"a": math.Inf(-1)} }),
	"encode a complex number":           encoding(func() any { return 1i }),
	"encode a method's invalid JSON":    encoding(func() any { return liar("{") }),
	"encode a method's invalid UTF-8":   encoding(func() any { return liar("\"\xff\"") }),
	"encode raw invalid JSON":           encoding(func() any { return struct{ R v1.RawMessage }{v1.RawMessage("{")} }),
	"encode a nil pointer with methods": encoding(func() any { return struct{ N *nobody }{} }),
	"encode a map of any keys":          encoding(func() any { return map[any]int{} }),
	"encode strings in pointers": encoding(func() any {
		type inner struct{ Foo, Bar *string }
		s := "hello"
		return struct{ B *inner }{&inner{&s, &s}}
	}),
	"encode omitted strings in pointers": encoding(func() any {
		type item struct {
			A string `json:"a"`
			B string `json:"b,omitempty"`
		}
		type detail struct {
			I item `json:"i"`
		}
		return struct {
			P *detail `json:"p,omitempty"`
		}{&detail{item{"a", "b"}}}
	}),
	"first use by many": func(l library) string {
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				var o order
				if err := l.unmarshal([]byte(order1K), &o); err != nil {
					panic(err)
				}
				if _, err := l.marshal(o); err != nil {
					panic(err)
				}
			})
		}
		wg.Wait()
		return "done"
	},
}

func decoding[T any](text string) func(library) string {
	return func(l library) string {
		var v T
		if err := l.unmarshal([]byte(text), &v); err != nil {
			return "refused"
		}
		return "decoded"
	}
}

func encoding(v func() any) func(library) string {
	return func(l library) string {
		b, err := l.marshal(v())
		if err != nil {
			return "refused"
		}
		return short(fmt.Sprintf("%q", b))
	}
}

// TestHostile tries the probes, each in a process of its own, since many a crash
// can't be recovered from. It lists what came of each and fails for none.
func TestHostile(t *testing.T) {
	if probe := os.Getenv("PROBE"); probe != "" {
		l := libraries[slices.IndexFunc(libraries, func(l library) bool { return l.name == *chosen })]
		began := time.Now()
		answer := probes[probe](l)
		fmt.Printf("%s (%v)\n", answer, time.Since(began).Round(time.Millisecond))
		os.Exit(0)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(probes)) {
		for _, l := range libraries {
			cmd := exec.Command(self, "-test.run=^TestHostile$", "-test.timeout=1m", "-library="+l.name)
			cmd.Env = append(os.Environ(), "PROBE="+name)
			out, err := cmd.CombinedOutput()
			if err != nil {
				out = append([]byte("CRASHES: "), out...)
			}
			line, _, _ := bytes.Cut(out, []byte("\n"))
			t.Logf("%s: %s: %s", name, l.name, line)
		}
	}
}
