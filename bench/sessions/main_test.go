package main

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/briohq/brio/bench/internal/machine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Every session is begun, is reached by every load, and leaves nothing behind.
func TestSessions(t *testing.T) {
	f, err := measure(t.Context(), 205, 10*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if f.Heap < 500 || f.Goroutines != 0 || len(f.Loads) != 4 {
		t.Errorf("%+v", f)
	}
	for _, l := range f.Loads {
		if l.PerSecond <= 0 || l.Each <= 0 || l.CPU <= 0 {
			t.Errorf("%+v", l)
		}
	}
	r := results{
		command: command{Sessions: []int{205}, Repeats: 1, Duration: time.Second}, machine: machine.This(),
		all: map[key][]figures{{205, 1}: {f}, {205, 2}: {f}},
	}
	text := r.markdown()
	for _, want := range []string{"\n| 205 | 2 | ", "### one broadcast at a time\n", "| 205 | measured | 1.00 | 1.00 | 1.00 | 1.00 |\n| | at most | 2.00 | 2.00 | 2.00 | 2.00 |\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestMedians(t *testing.T) {
	r := results{all: map[key][]figures{{1, 1}: {{Heap: 5}, {Heap: 1}, {Heap: 2}}, {1, 2}: {{Heap: 3}, {Heap: 4}}}}
	heap := func(f figures) float64 { return f.Heap }
	if a, b, c := r.median(key{1, 1}, heap), r.median(key{1, 2}, heap), r.median(key{2, 2}, heap); a != 2 || b != 3.5 || c != 0 {
		t.Errorf("medians %v, %v, %v", a, b, c)
	}
}
