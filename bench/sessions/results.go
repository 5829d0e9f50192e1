package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/briohq/brio/bench/internal/machine"
)

// Results are all that was measured.
type results struct {
	command command
	machine machine.Machine
	all     map[key][]figures
}

type key struct{ sessions, cores int }

// median is the median of what of gives, over the repeats.
func (r *results) median(k key, of func(figures) float64) float64 {
	var values []float64
	for _, f := range r.all[k] {
		values = append(values, of(f))
	}
	slices.Sort(values)
	n := len(values)
	if n == 0 {
		return 0
	}

	return (values[(n-1)/2] + values[n/2]) / 2
}

// markdown is the results as a page.
func (r *results) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Sessions without sockets\n\nWritten by `%s --out FILE`; docs/performance.md says what is measured and how. Medians of %d.\n\n", r.command.line(), r.command.Repeats)
	b.WriteString(r.machine.Table())
	r.writeMemory(&b)
	r.writeLoads(&b)
	r.writeCores(&b)

	return b.String()
}

func (r *results) writeMemory(b *strings.Builder) {
	b.WriteString("\n## A session\n\nBytes of each, after collections: an Engine.IO session, a socket in the main namespace and in one room of ten, and 24 B of the connection that leads nowhere. A real one adds its own. *Left* is the heap, divided by their number, that is still in use when all have gone: tables that don't shrink. A full collection is one with all sessions that nobody waits for; a pause is the longest for a collection while they begin.\n\n")
	b.WriteString("| sessions | cores | heap B | private B | stacks B | goroutines of all | left B | µs of CPU to begin | GC's share of that | longest pause ms | full GC ms | its CPU ms |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	r.each(func(k key) {
		of := func(f func(figures) float64) float64 { return r.median(k, f) }
		fmt.Fprintf(b, "| %s | %d | %.0f | %.0f | %.0f | %.0f | %.1f | %.1f | %.0f %% | %.2f | %.1f | %.1f |\n", machine.Count(k.sessions), k.cores,
			of(func(f figures) float64 { return f.Heap }), of(func(f figures) float64 { return f.Private }), of(func(f figures) float64 { return f.Stacks }),
			of(func(f figures) float64 { return float64(f.Goroutines) }), of(func(f figures) float64 { return f.Left }),
			of(func(f figures) float64 { return f.Connecting.CPU }), 100*of(func(f figures) float64 { return f.Connecting.GC }), of(func(f figures) float64 { return f.Connecting.Pause }),
			of(func(f figures) float64 { return f.FullGC }), of(func(f figures) float64 { return f.FullGCCPU }))
	})
}

func (r *results) writeLoads(b *strings.Builder) {
	fmt.Fprintf(b, "\n## Reaching all\n\nAn event of 64 B to every session, for %v. The writing itself costs nothing here, while over TCP it is most of it; where *writes work*, each hashes 1 KiB, which takes about as long as a system call. *Growth* is the CPU of a delivery beside that of the fewest sessions. A pause is the longest for a collection.\n", r.command.Duration)
	for i, name := range r.names() {
		fmt.Fprintf(b, "\n### %s\n\n| sessions | cores | ms to reach all | million/s | µs of CPU each | growth | collections | GC's share | longest pause ms |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n", name)
		r.each(func(k key) {
			of := func(f func(usage) float64) float64 {
				return r.median(k, func(all figures) float64 { return f(all.Loads[i]) })
			}
			cpu := func(u usage) float64 { return u.CPU }
			least := key{slices.Min(r.command.Sessions), k.cores}
			growth := of(cpu) / r.median(least, func(all figures) float64 { return cpu(all.Loads[i]) })
			fmt.Fprintf(b, "| %s | %d | %.2f | %.2f | %.3f | %.2f | %.0f | %.0f %% | %.2f |\n", machine.Count(k.sessions), k.cores,
				of(func(u usage) float64 { return u.Each }), of(func(u usage) float64 { return u.PerSecond })/1e6, of(cpu), growth,
				of(func(u usage) float64 { return u.Cycles }), 100*of(func(u usage) float64 { return u.GC }), of(func(u usage) float64 { return u.Pause }))
		})
	}
}

// writeCores writes what a second core adds.
func (r *results) writeCores(b *strings.Builder) {
	b.WriteString("\n## Two cores instead of one\n\nSessions reached in a second with two cores, divided by those with one. It takes a machine that does nothing else. *At most* is by CPU, for one that does: twice that of a delivery with one core, divided by that with two, as if both cores were always busy.\n\n| sessions | |")
	names := r.names()
	for _, name := range names {
		fmt.Fprintf(b, " %s |", name)
	}
	b.WriteString("\n|---:|---|" + strings.Repeat("---:|", len(names)) + "\n")
	for _, n := range r.command.Sessions {
		ratio := func(i, above int, of func(usage) float64) float64 {
			figure := func(f figures) float64 { return of(f.Loads[i]) }
			return r.median(key{n, above}, figure) / r.median(key{n, 3 - above}, figure)
		}
		fmt.Fprintf(b, "| %s | measured |", machine.Count(n))
		for i := range names {
			fmt.Fprintf(b, " %.2f |", ratio(i, 2, func(u usage) float64 { return u.PerSecond }))
		}
		b.WriteString("\n| | at most |")
		for i := range names {
			fmt.Fprintf(b, " %.2f |", 2*ratio(i, 1, func(u usage) float64 { return u.CPU }))
		}
		b.WriteString("\n")
	}
}

func (r *results) names() []string {
	var list []string
	for _, u := range r.all[key{r.command.Sessions[0], 1}][0].Loads {
		list = append(list, u.Name)
	}

	return list
}

func (r *results) each(f func(key)) {
	for _, n := range r.command.Sessions {
		f(key{n, 1})
		f(key{n, 2})
	}
}
