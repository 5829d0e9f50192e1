package main

import (
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/briohq/brio/bench/load"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// measured returns results of two modes, three servers, and no measurement.
func measured() *results {
	pick := func(names ...string) []server {
		list, _ := chosen(servers(), names, func(s server) string { return s.name })
		return list
	}
	both, _ := chosen(modes(false), []string{"idle", "echo-w1"}, func(m mode) string { return m.name })
	cost := func(us float64) sample {
		return sample{Report: load.Report{Seconds: 1, Messages: 100, Server: &load.Server{User: us / 4, System: us * 3 / 4, Cores: 1}}}
	}
	memory := func(bytes int) sample {
		return sample{Report: load.Report{Seconds: 1, Connections: 10, Memory: bytes, Server: &load.Server{}}}
	}
	wrong := cost(30)
	wrong.failure = "1 lost"

	return &results{
		began: time.Now(), command: command{Repeats: 3, Warmup: time.Second, Duration: time.Second},
		servers: pick("floor", "floor-coalesce", "brio"), modes: both,
		missing: map[string]string{"socketio-eiows": "npm ci: no\ncompiler"},
		samples: map[cell][]sample{
			{"floor", "echo-w1"}:          {cost(10), cost(8), cost(12)},
			{"floor-coalesce", "echo-w1"}: {cost(20), cost(20), cost(20)},
			{"brio", "echo-w1"}:           {wrong, cost(15), cost(12)},
			{"floor", "idle"}:             {memory(10_000)},
			{"brio", "idle"}:              {memory(25_000), {failure: "did not start"}},
		},
	}
}

func TestResultsDivideByTheCheaperFloor(t *testing.T) {
	text := measured().markdown()
	for _, want := range []string{
		"| server | idle | echo-w1 |\n|---|---:|---:|\n| floor | 1.00 | 1.00 |\n| floor-coalesce | – | 2.00 |\n| brio | 2.50 | 1.50 |\n",
		"| brio | **15.00** (12.00–30.00) | 3.75 | 11.25 |",
		"| 1.50 | 1 lost |\n",
		"| floor-coalesce | – | – | – | – | – | – | not measured |\n",
		"| 2.50 | did not start |\n",
		"- **socketio-eiows**: not measured: npm ci: no compiler\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestResultsCompareLatencyAndCores(t *testing.T) {
	r := measured()
	r.modes, _ = chosen(modes(false), []string{"bcast64-w2", "bcast64-rate", "bcast64-w2-2core"}, func(m mode) string { return m.name })
	r.servers, _ = chosen(servers(), []string{"floor", "brio", "brio-gogc50", "centrifuge", "socketio-ws"}, func(s server) string { return s.name })
	took := func(p99 float64, messages int) []sample {
		return []sample{{Report: load.Report{Seconds: 1, Messages: messages, Latency: load.Latency{P99: p99}, Server: &load.Server{User: 1}}}}
	}
	r.samples = map[cell][]sample{
		{"floor", "bcast64-rate"}:       took(4, 20),
		{"brio", "bcast64-rate"}:        took(6, 20),
		{"brio-gogc50", "bcast64-rate"}: took(5, 20),
		{"centrifuge", "bcast64-rate"}:  took(12, 20),
		{"socketio-ws", "bcast64-rate"}: took(8, 20),
		{"brio", "bcast64-w2"}:          took(1, 100),
		{"brio", "bcast64-w2-2core"}:    took(1, 170),
		{"floor", "bcast64-w2"}:         took(1, 100),
	}
	text := r.markdown()
	for _, want := range []string{
		"## Latency of bcast64-rate\n",
		"brio's p99 is 0.75 times that of socketio-ws, the best of its peers (6.00 ms and 8.00 ms).",
		"| floor | 4.00 (4.00–4.00) | 1.00 |\n| brio | 6.00 (6.00–6.00) | 1.50 |\n",
		"| server | bcast64-w2 |\n|---|---:|\n| floor | – |\n| brio | 1.70 |\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestCommandLines(t *testing.T) {
	c := command{Server: []string{"brio", "floor"}, Mode: []string{"idle"}, Repeats: 5, Duration: time.Second}
	if got, want := c.line(), "go run ./bench/compare --server brio --server floor --mode idle --repeats 5 --duration 1s"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := usual(); slices.Contains(got, "brio-gogc50") || !slices.Contains(got, "brio") {
		t.Errorf("%v", got)
	}
}

func TestResultsFailForWhatWentWrong(t *testing.T) {
	r := measured()
	err := r.failures()
	if err == nil || err.Error() != "brio, idle: did not start\nbrio, echo-w1: 1 lost" {
		t.Errorf("error %v", err)
	}
	r.samples = nil
	if err := r.failures(); err != nil {
		t.Errorf("error %v", err)
	}
}

func TestMedians(t *testing.T) {
	of := func(s sample) float64 { return s.Seconds }
	var list []sample
	for i, want := range []float64{9, 5, 5, 4} {
		list = append(list, sample{Report: load.Report{Seconds: []float64{9, 1, 5, 3}[i]}})
		if got := median(list, of); got != want {
			t.Errorf("the median of %d is %v, want %v", i+1, got, want)
		}
	}
}

func TestWhatIsNotMeasuredIsNoFigure(t *testing.T) {
	for _, m := range modes(true) {
		if v := m.value(sample{}); m.figure == perMessage && !math.IsNaN(v) {
			t.Errorf("%s of a server that is not known costs %v", m.name, v)
		}
		if s := (sample{failure: "no"}).short(m); s != "FAILED: no" {
			t.Errorf("%q", s)
		}
	}
}

func TestChoosing(t *testing.T) {
	if err := (&command{Server: []string{"nginx"}}).run(t.Context(), io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "no nginx") {
		t.Errorf("error %v", err)
	}
	var out strings.Builder
	if err := (&command{List: true}).run(t.Context(), &out, io.Discard); err != nil {
		t.Error(err)
	}
	for _, s := range servers() {
		if !strings.Contains(out.String(), s.name) {
			t.Errorf("%s is not listed", s.name)
		}
	}
	for _, m := range modes(false) {
		if !strings.Contains(out.String(), m.name) {
			t.Errorf("%s is not listed", m.name)
		}
	}
}

func TestReasonsOfNPM(t *testing.T) {
	for out, want := range map[string]string{
		"npm error code 1\nnpm error Error: node 20 is too old\nnpm error     at x": "Error: node 20 is too old",
		"npm error code 2\nnpm error fatal: unable to access":                       "fatal: unable to access",
		"npm error code E404\nnpm error 404":                                        "code E404",
		"":                                                                          "exit status 1",
	} {
		if got := reason(out, errors.New("exit status 1")); got != want {
			t.Errorf("%q: %q, want %q", out, got, want)
		}
	}
}
