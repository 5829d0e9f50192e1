package main

import (
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/briohq/brio/bench/contract"
	"github.com/briohq/brio/bench/internal/machine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const top = `File: server
Type: inuse_space
Showing nodes accounting for 20MB, 100% of 20MB total
      flat  flat%   sum%        cum   cum%
  1100000B 55.00% 55.00%   1700000B 85.00%  example.com/m.(*T[go.shape.int]).f
   900000B 45.00%   100%    900000B 45.00%  net/textproto.readMIMEHeader (inline)
         0     0%   100%    900000B 45.00%  net/http.(*conn).serve
    -5000B  0.25%   100%     -5000B  0.25%  runtime.malg
`

func TestTopIsParsed(t *testing.T) {
	want := []function{{"example.com/m.(*T[go.shape.int]).f", 1_100_000}, {"net/textproto.readMIMEHeader", 900_000}}
	if got := parse(top); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestResults(t *testing.T) {
	r := results{connections: 1000, machine: machine.This(), functions: parse(top), states: [2]contract.State{
		{Heap: 1_000_000, Private: 5_000_000, Goroutines: 5},
		{Heap: 3_000_000, Stacks: 100_000, Private: 8_000_000, Goroutines: 7},
	}}
	text := r.markdown()
	for _, want := range []string{"| 2000 | 100 | 900 | 3000 |\n", "| `net/textproto.readMIMEHeader` | 900 |\n| all | 2000 |\n", "5 goroutines before the first connection and 7 with all"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}
