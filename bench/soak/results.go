package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/briohq/brio/bench/internal/machine"
	"github.com/briohq/brio/bench/load"
)

// limit is by how much memory may have grown: from the first quarter of the time
// to the last one, and from before to after.
const limit = 1.10

// failures is an error for each thing that did not go well.
func (s *soak) failures() error {
	var list []error
	for _, p := range s.parts {
		if p.report.Faults.Any() {
			list = append(list, fmt.Errorf("%s: %s: %s", p.name, p.report.Faults, p.report.Drop))
		}
	}
	if s.together < s.duration {
		list = append(list, fmt.Errorf("all were connected for %v only, not for %v", s.together.Round(time.Second), s.duration))
	}
	for _, one := range s.growths() {
		if one.to > one.from*limit {
			list = append(list, fmt.Errorf("%s: from %s to %s B", one.what, machine.Count(one.from), machine.Count(one.to)))
		}
	}
	if s.after.Goroutines > s.before.Goroutines {
		list = append(list, fmt.Errorf("%d goroutines before, %d after", s.before.Goroutines, s.after.Goroutines))
	}

	return errors.Join(list...)
}

type growth struct {
	what     string
	from, to float64
}

func (s *soak) growths() []growth {
	list := []growth{
		{"private memory, before and after", float64(s.before.Private), float64(s.after.Private)},
		{"heap, before and after", float64(s.before.Heap), float64(s.after.Heap)},
	}
	from, to := s.quarter(0), s.quarter(3)
	if from > 0 {
		list = append(list, growth{"private memory, first and last quarter of the time", from, to})
	}

	return list
}

// quarter is the mean private memory in a quarter of the time in which all were
// there, 0 if that was too short to tell.
func (s *soak) quarter(i int) float64 {
	var there []sample
	for _, one := range s.samples {
		if one.at > settling && one.at < settling+s.duration && one.Connections > s.connections*9/10 {
			there = append(there, one)
		}
	}
	if len(there) < 8 {
		return 0
	}
	sum, n := 0, len(there)/4
	for _, one := range there[i*len(there)/4:][:n] {
		sum += one.Private
	}

	return float64(sum) / float64(n)
}

// markdown is the results as a page.
func (s *soak) markdown(where machine.Machine, line string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s connections for %v\n\nWritten by `%s --out FILE`; docs/performance.md says what is measured and how.\n\n", machine.Count(s.connections), s.duration, line)
	b.WriteString(where.Table())
	verdict := "All stayed, nothing was lost, doubled or out of order, and memory came back."
	if err := s.failures(); err != nil {
		verdict = "It failed:\n\n- " + strings.ReplaceAll(err.Error(), "\n", "\n- ") + "\n\n"
	}
	fmt.Fprintf(&b, "\n%s All were connected at the same time for %v.\n", verdict, s.together.Round(time.Second))
	s.writeParts(&b)
	s.writeMemory(&b)
	s.writeSamples(&b)

	return b.String()
}

func (s *soak) writeParts(b *strings.Builder) {
	b.WriteString("\n## Load\n\n| part | connections | what | messages/s | messages | p50 ms | p99 ms | p99.9 ms | max ms | faults |\n|---|---:|---|---:|---:|---:|---:|---:|---:|---|\n")
	cores, own := 0.0, 0.0
	for _, p := range s.parts {
		r := p.report
		what := map[load.Mode]string{
			load.Rooms:     fmt.Sprintf("rooms of %d, %.0f publications/s", members, p.config.Rate),
			load.Broadcast: fmt.Sprintf("one room, %.2g publications/s", p.config.Rate),
			load.Echo:      "each to itself",
			load.Connect:   fmt.Sprintf("%g/s leave and are replaced, in the room of broadcast", p.config.Rate),
			load.Idle:      "heartbeats only",
		}[p.config.Mode]
		fmt.Fprintf(b, "| %s | %s | %s | %.0f | %s | %.2f | %.2f | %.2f | %.1f | %s |\n", p.name, machine.Count(r.Connections), what,
			r.PerSecond(), machine.Count(r.Messages), r.Latency.P50, r.Latency.P99, r.Latency.P999, r.Latency.Max, r.Faults)
		if r.Server != nil {
			cores = r.Server.Cores
		}
		own = max(own, r.ClientCores)
	}
	fmt.Fprintf(b, "\nFor `churn`, messages are new connections and latency is how long one took to be made. All have the heartbeats of the protocol, every 25 s. The server was busy for %.2f of its core, the load for %.2f.\n", cores, own)
}

func (s *soak) writeMemory(b *strings.Builder) {
	fmt.Fprintf(b, "\n## Memory when nobody is connected\n\nAfter collections, with free memory given back. The warm-up is %v of the same load with as many connections, so that *before* has what a server that was once full keeps for the next time; *fresh* is the process that nobody has connected to. It fails if *after* is more than %.0f %% above *before*.\n\n", s.warmup, (limit-1)*100)
	b.WriteString("| | fresh | before | after | after ÷ before |\n|---|---:|---:|---:|---:|\n")
	row := func(name string, fresh, before, after int) {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %.3f |\n", name, machine.Count(fresh), machine.Count(before), machine.Count(after), float64(after)/float64(before))
	}
	row("private memory, B", s.fresh.Private, s.before.Private, s.after.Private)
	row("heap, B", s.fresh.Heap, s.before.Heap, s.after.Heap)
	row("stacks, B", s.fresh.Stacks, s.before.Stacks, s.after.Stacks)
	row("goroutines", s.fresh.Goroutines, s.before.Goroutines, s.after.Goroutines)
}

func (s *soak) writeSamples(b *strings.Builder) {
	b.WriteString("\n## Memory under load\n\nAs it is, no collection forced.")
	if from, to := s.quarter(0), s.quarter(3); from > 0 {
		fmt.Fprintf(b, " Mean private memory of the last quarter of the time divided by that of the first: %.3f.", to/from)
	}
	b.WriteString("\n\n| s | connections | private MiB | heap MiB | stacks MiB | goroutines |\n|---:|---:|---:|---:|---:|---:|\n")
	for _, one := range s.samples {
		fmt.Fprintf(b, "| %.0f | %s | %.1f | %.1f | %.1f | %d |\n", one.at.Seconds(), machine.Count(one.Connections),
			mib(one.Private), mib(one.Heap), mib(one.Stacks), one.Goroutines)
	}
}

func mib(n int) float64 { return float64(n) / (1 << 20) }
