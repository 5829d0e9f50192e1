package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/briohq/brio/bench/internal/machine"
)

type results struct {
	machine machine.Machine
	apps    []*app
	private []int    // bytes of the server, every ten seconds
	held    []memory // at the same time
	cores   float64  // of the server
	lasted  time.Duration
}

// markdown is the results as a page.
func (r *results) markdown(c *command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# The showcase, visited\n\nWritten by `go run ./bench/showcase --visitors %d --duration %s --out FILE`.\n\n", c.Visitors, c.Duration)
	b.WriteString(r.machine.Table([2]string{"server", fmt.Sprintf("%.2f cores; the visitors have the rest of the machine", r.cores)}))
	b.WriteString(`
Visitors are Go clients over WebSocket in one process beside the server, spread evenly over the applications, with a pass each. They hear everything that pages hear, and now and then do what people at these pages do, or ask for an answer as every page does to show the round trip. A round trip is from asking to the answer, with all that comes before it on that connection; refusals are answers too.

| application | visitors do | round trips | p50 ms | p99 ms | most ms | events heard a second | refused | failed |
|---|---|---:|---:|---:|---:|---:|---:|---:|
`)
	all := hdrhistogram.New(1, 60_000_000, 3)
	heard, refused, failed := int64(0), 0, 0
	for _, a := range r.apps {
		a.mu.Lock()
		row(&b, a.name, a.does, a.trips, float64(a.heard)/r.lasted.Seconds(), sum(a.refused), sum(a.failed))
		all.Merge(a.trips)
		heard, refused, failed = heard+a.heard, refused+sum(a.refused), failed+sum(a.failed)
		a.mu.Unlock()
	}
	row(&b, "all", "", all, float64(heard)/r.lasted.Seconds(), refused, failed)
	for _, a := range r.apps {
		a.mu.Lock()
		for _, text := range slices.Sorted(maps.Keys(a.refused)) {
			fmt.Fprintf(&b, "\n- %s refused %d: %s", a.name, a.refused[text], text)
		}
		for _, text := range slices.Sorted(maps.Keys(a.failed)) {
			fmt.Fprintf(&b, "\n- %s failed %d: %s", a.name, a.failed[text], text)
		}
		a.mu.Unlock()
	}
	b.WriteString("\n\n## Memory\n\nOf the server, the mean of each tenth of the time, in MB: what its process has for itself; of that, what the runtime of Go has of the system, and in it the objects that the last collection has left; and the pages of the database, which is in memory.\n\n| |")
	var mapped, live, stored []int
	for _, m := range r.held {
		mapped, live, stored = append(mapped, m.Go), append(live, m.Live), append(stored, m.Stored)
	}
	for i := range means(r.private, 10) {
		fmt.Fprintf(&b, " %d |", i+1)
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|", min(10, len(r.private))))
	for _, line := range []struct {
		name   string
		series []int
	}{{"private", r.private}, {"Go", mapped}, {"live objects", live}, {"database", stored}} {
		fmt.Fprintf(&b, "\n| %s |", line.name)
		for _, mean := range means(line.series, 10) {
			fmt.Fprintf(&b, " %.1f |", mean/1e6)
		}
	}
	b.WriteString("\n")

	return b.String()
}

func row(b *strings.Builder, name, does string, trips *hdrhistogram.Histogram, heard float64, refused, failed int) {
	ms := func(q float64) float64 { return float64(trips.ValueAtQuantile(q)) / 1e3 }
	fmt.Fprintf(b, "| %s | %s | %s | %.2f | %.2f | %.1f | %s | %d | %d |\n", name, does, machine.Count(float64(trips.TotalCount())), ms(50), ms(99), ms(100), machine.Count(heard), refused, failed)
}

func sum(counts map[string]int) (n int) {
	for _, count := range counts {
		n += count
	}

	return n
}

// means returns the mean of each of n parts of a series, or the series if it is short.
func means(series []int, n int) []float64 {
	n = min(n, len(series))
	all := make([]float64, n)
	for i := range n {
		part := series[i*len(series)/n : (i+1)*len(series)/n]
		for _, v := range part {
			all[i] += float64(v) / float64(len(part))
		}
	}

	return all
}
