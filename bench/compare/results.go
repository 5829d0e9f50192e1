package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/briohq/brio/bench/internal/machine"
	"github.com/briohq/brio/bench/load"
)

// Results are all that was measured.
type results struct {
	began    time.Time
	command  command
	line     string // what was typed
	machine  machine.Machine
	software []string // versions of what is measured
	servers  []server
	modes    []mode
	missing  map[string]string // by server, why
	samples  map[cell][]sample
}

type cell struct{ server, mode string }

func (r *results) server(name string) server {
	return r.servers[slices.IndexFunc(r.servers, func(s server) bool { return s.name == name })]
}

func (r *results) mode(name string) mode {
	return r.modes[slices.IndexFunc(r.modes, func(m mode) bool { return m.name == name })]
}

// value is the figure that the mode is about.
func (m mode) value(s sample) float64 {
	switch {
	case m.figure == memory:
		return s.MemoryPerConnection()
	case m.figure == perConnect:
		return s.Connecting.CPU
	case s.Server == nil:
		return math.NaN()
	default:
		return s.Server.CPU()
	}
}

func (m mode) format(v float64) string {
	switch m.figure {
	case memory:
		return fmt.Sprintf("%.0f", v)
	case perConnect:
		return fmt.Sprintf("%.3f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

func (m mode) unit() string {
	return [...]string{perMessage: "µs/message", perConnect: "ms/connection", memory: "B/connection"}[m.figure]
}

// good returns the measurements of a cell that went well enough to have figures.
func (r *results) good(c cell) []sample {
	var list []sample
	for _, s := range r.samples[c] {
		if s.Seconds > 0 {
			list = append(list, s)
		}
	}

	return list
}

// spread is the median, the least and the most of what of gives.
func spread(list []sample, of func(sample) float64) (median, least, most float64) {
	values := make([]float64, len(list))
	for i, s := range list {
		values[i] = of(s)
	}
	slices.Sort(values)
	n := len(values)

	return (values[(n-1)/2] + values[n/2]) / 2, values[0], values[n-1]
}

func median(list []sample, of func(sample) float64) float64 {
	m, _, _ := spread(list, of)
	return m
}

// floor is the figure of the cheaper floor, 0 if none was measured.
func (r *results) floor(m mode) float64 {
	least := 0.0
	for _, s := range r.servers {
		list := r.good(cell{s.name, m.name})
		if !s.floor || len(list) == 0 {
			continue
		}
		if v := median(list, m.value); least == 0 || v < least {
			least = v
		}
	}

	return least
}

// ratio is the figure divided by the floor's.
func (r *results) ratio(c cell) string {
	m := r.mode(c.mode)
	list, floor := r.good(c), r.floor(m)
	if len(list) == 0 || floor <= 0 {
		return "–"
	}

	return fmt.Sprintf("%.2f", median(list, m.value)/floor)
}

// markdown is the results as a page.
func (r *results) markdown() string {
	var b strings.Builder
	r.writeHead(&b)
	if slices.ContainsFunc(r.servers, func(s server) bool { return s.floor }) {
		r.writeRatios(&b)
	} else {
		b.WriteString("\n")
	}
	r.writeTails(&b)
	r.writeSecondCore(&b)
	b.WriteString("## Figures\n\nMedians, with the least and the most in brackets. `faults` are those of all repeats together.\n")
	for _, m := range r.modes {
		r.writeMode(&b, m)
	}

	return b.String()
}

func (r *results) writeHead(b *strings.Builder) {
	fmt.Fprintf(b, "# Measured beside others\n\nWritten by `%s`; docs/performance.md says what is measured and how.\n\n", r.line)
	b.WriteString(r.machine.Table(
		[2]string{"software", strings.Join(r.software, ", ")},
		[2]string{"each", fmt.Sprintf("%d repeats of %v, after %v under load", r.command.Repeats, r.command.Duration, r.command.Warmup)},
	))
	b.WriteString("\n")
	for _, s := range r.servers {
		fmt.Fprintf(b, "- **%s**: %s\n", s.name, s.about)
	}
	for _, s := range servers() {
		if why := r.missing[s.name]; why != "" {
			fmt.Fprintf(b, "- **%s**: not measured: %s\n", s.name, strings.ReplaceAll(why, "\n", " "))
		}
	}
}

func (r *results) writeRatios(b *strings.Builder) {
	b.WriteString("\n## Ratios to the floor\n\nThe server's CPU for a message divided by that of the cheaper floor; of `idle` its private memory for a connection, of `connect` its CPU for a connection. Less is better, 1 is the kernel's cost.\n\n| server |")
	for _, m := range r.modes {
		fmt.Fprintf(b, " %s |", m.name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|", len(r.modes)) + "\n")
	for _, s := range r.servers {
		fmt.Fprintf(b, "| %s |", s.name)
		for _, m := range r.modes {
			fmt.Fprintf(b, " %s |", r.ratio(cell{s.name, m.name}))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

// writeTails writes how late the slowest hundredth of messages was, where the
// load is the same for all: at a rate.
func (r *results) writeTails(b *strings.Builder) {
	p99 := func(s sample) float64 { return s.Latency.P99 }
	for _, m := range r.modes {
		if !m.paced {
			continue
		}
		floor, best := 0.0, ""
		for _, s := range r.servers {
			list := r.good(cell{s.name, m.name})
			if len(list) == 0 {
				continue
			}
			v := median(list, p99)
			if s.floor && (floor == 0 || v < floor) {
				floor = v
			}
			if !s.floor && !strings.HasPrefix(s.name, "brio") && (best == "" || v < median(r.good(cell{best, m.name}), p99)) {
				best = s.name
			}
		}
		fmt.Fprintf(b, "## Latency of %s\n\nThe load is the same for all, so that latency can be compared: %s.", m.name, m.about)
		if own := r.good(cell{"brio", m.name}); len(own) > 0 && best != "" {
			v, least := median(own, p99), median(r.good(cell{best, m.name}), p99)
			fmt.Fprintf(b, " brio's p99 is %.2f times that of %s, the best of its peers (%.2f ms and %.2f ms).", v/least, best, v, least)
		}
		b.WriteString("\n\n| server | p99 ms | × floor |\n|---|---:|---:|\n")
		for _, s := range r.servers {
			list := r.good(cell{s.name, m.name})
			if len(list) == 0 {
				fmt.Fprintf(b, "| %s | – | – |\n", s.name)
				continue
			}
			mid, least, most := spread(list, p99)
			ratio := "–"
			if floor > 0 {
				ratio = fmt.Sprintf("%.2f", mid/floor)
			}
			fmt.Fprintf(b, "| %s | %.2f (%.2f–%.2f) | %s |\n", s.name, mid, least, most, ratio)
		}
		b.WriteString("\n")
	}
}

// writeSecondCore writes how much more is delivered when server and load share
// two cores instead of having one each.
func (r *results) writeSecondCore(b *strings.Builder) {
	perSecond := func(s sample) float64 { return s.PerSecond() }
	var pairs [][2]string
	for _, m := range r.modes {
		one, ok := strings.CutSuffix(m.name, "-2core")
		if ok && slices.ContainsFunc(r.modes, func(m mode) bool { return m.name == one }) {
			pairs = append(pairs, [2]string{one, m.name})
		}
	}
	if pairs == nil {
		return
	}
	b.WriteString("## Two cores instead of one\n\nMessages a second in the modes that end in `2core`, divided by those with one core for the server and one for the load. The load needs its part of the two cores, so that this is no more than a lower bound; bench/sessions.md has the figure without a load.\n\n| server |")
	for _, p := range pairs {
		fmt.Fprintf(b, " %s |", p[0])
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|", len(pairs)) + "\n")
	for _, s := range r.servers {
		fmt.Fprintf(b, "| %s |", s.name)
		for _, p := range pairs {
			one, two := r.good(cell{s.name, p[0]}), r.good(cell{s.name, p[1]})
			if len(one) == 0 || len(two) == 0 {
				b.WriteString(" – |")
				continue
			}
			fmt.Fprintf(b, " %.2f |", median(two, perSecond)/median(one, perSecond))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

// A column is what a table of one mode shows of a server.
type column struct {
	name string
	of   func(list []sample) string
}

func (m mode) columns() []column {
	text := func(name, format string, of func(sample) float64) column {
		return column{name, func(list []sample) string { return fmt.Sprintf(format, median(list, of)) }}
	}
	columns := []column{{m.unit(), func(list []sample) string {
		mid, least, most := spread(list, m.value)
		return fmt.Sprintf("**%s** (%s–%s)", m.format(mid), m.format(least), m.format(most))
	}}}
	switch m.figure {
	case memory:
		columns = append(columns,
			text("connects/s", "%.0f", func(s sample) float64 { return s.Connecting.PerSecond }),
			text("CPU ms/connect", "%.3f", func(s sample) float64 { return s.Connecting.CPU }))
	case perConnect:
		columns = append(columns, text("connects/s", "%.0f", func(s sample) float64 { return s.Connecting.PerSecond }))
	default:
		columns = append(columns,
			text("user", "%.2f", func(s sample) float64 { return s.server().User }),
			text("kernel", "%.2f", func(s sample) float64 { return s.server().System }),
			text("messages/s", "%.0f", func(s sample) float64 { return s.PerSecond() }))
	}
	if m.figure != memory {
		columns = append(columns,
			text("p50 ms", "%.2f", func(s sample) float64 { return s.Latency.P50 }),
			text("p99 ms", "%.2f", func(s sample) float64 { return s.Latency.P99 }),
			text("p99.9 ms", "%.2f", func(s sample) float64 { return s.Latency.P999 }))
	}

	return append(columns,
		text("server cores", "%.2f", func(s sample) float64 { return s.server().Cores }),
		text("load cores", "%.2f", func(s sample) float64 { return s.ClientCores }))
}

func (s sample) server() load.Server {
	if s.Server == nil {
		return load.Server{}
	}
	return *s.Server
}

func (r *results) writeMode(b *strings.Builder, m mode) {
	fmt.Fprintf(b, "\n### %s\n\n%s: `brio bench URL %s`\n\n| server |", m.name, m.about, strings.Join(m.args, " "))
	columns := m.columns()
	for _, c := range columns {
		fmt.Fprintf(b, " %s |", c.name)
	}
	b.WriteString(" × floor | faults |\n|---|" + strings.Repeat("---:|", len(columns)+1) + "---|\n")
	for _, s := range r.servers {
		c := cell{s.name, m.name}
		list := r.good(c)
		fmt.Fprintf(b, "| %s |", s.name)
		for _, column := range columns {
			if len(list) == 0 {
				b.WriteString(" – |")
				continue
			}
			fmt.Fprintf(b, " %s |", column.of(list))
		}
		fmt.Fprintf(b, " %s | %s |\n", r.ratio(c), r.faults(c))
	}
}

func (r *results) faults(c cell) string {
	if !r.server(c.server).measures(r.mode(c.mode)) {
		return "not measured: it has no long-polling"
	}
	if len(r.samples[c]) == 0 {
		return "not measured"
	}
	var list []string
	for _, s := range r.samples[c] {
		if s.failure != "" {
			list = append(list, s.failure)
		}
	}
	if list == nil {
		return "none"
	}

	return strings.Join(list, "; ")
}
