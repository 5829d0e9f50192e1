package metrics

import (
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/briohq/brio"
)

// prefix begins the name of each metric.
const prefix = "brio_"

// counts are those that a server keeps itself.
var counts = []struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(brio.Stats) int64
}{
	{kept("connections", "Connections, of any transport."), prometheus.GaugeValue, func(s brio.Stats) int64 { return int64(s.Connections) }},
	{kept("sockets", "Sockets, of all namespaces."), prometheus.GaugeValue, func(s brio.Stats) int64 { return int64(s.Sockets) }},
	{kept("namespaces", "Namespaces, with those made for clients."), prometheus.GaugeValue, func(s brio.Stats) int64 { return int64(s.Namespaces) }},
	{kept("recovery_bytes", "Bytes that are kept for clients that may come back."), prometheus.GaugeValue, func(s brio.Stats) int64 { return s.Kept }},
	{kept("backlog_bytes", "Bytes that wait for clients which can't take them now."), prometheus.GaugeValue, func(s brio.Stats) int64 { return s.Backlog }},
	{kept("inbox_bytes", "Bytes that wait for handlers, of each socket so many times 64 KiB."), prometheus.GaugeValue, func(s brio.Stats) int64 { return s.Inboxes }},
	{kept("shed_total", "Clients that were disconnected because too much waited for all of them."), prometheus.CounterValue, func(s brio.Stats) int64 { return s.Shed }},
	{kept("intake_exceeded_total", "Times that a client sent faster than it may."), prometheus.CounterValue, func(s brio.Stats) int64 { return s.Excess }},
	{kept("rooms_exceeded_total", "Times that a socket would have been in too many rooms."), prometheus.CounterValue, func(s brio.Stats) int64 { return s.Crowded }},
}

func kept(name, help string) *prometheus.Desc { return prometheus.NewDesc(prefix+name, help, nil, nil) }

var exceeded = prometheus.NewDesc(prefix+"limit_exceeded_total", "What was too much for a limit of the program.", []string{"limit"}, nil)

// Describe describes the metrics to a registry.
func (m *Metrics) Describe(to chan<- *prometheus.Desc) {
	for _, c := range m.all {
		c.Describe(to)
	}
	for _, c := range counts {
		to <- c.desc
	}
	to <- exceeded
}

// Collect collects the metrics for a registry.
func (m *Metrics) Collect(to chan<- prometheus.Metric) {
	for _, c := range m.all {
		c.Collect(to)
	}
	if server := m.server.Load(); server != nil {
		stats := server.Stats()
		for _, c := range counts {
			to <- prometheus.MustNewConstMetric(c.desc, c.kind, float64(c.of(stats)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.config.Limits)) {
		to <- prometheus.MustNewConstMetric(exceeded, prometheus.CounterValue, float64(m.config.Limits[name].Exceeded()), label(name))
	}
}

// keep has a collector collected.
func keep[C prometheus.Collector](m *Metrics, c C) C {
	m.all = append(m.all, c)

	return c
}

func (m *Metrics) counter(name, help string) prometheus.Counter {
	return keep(m, prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + name, Help: help}))
}

func (m *Metrics) counters(name, help string, labels ...string) *prometheus.CounterVec {
	return keep(m, prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels))
}

func (m *Metrics) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return keep(m, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + name, Help: help}, labels))
}

func (m *Metrics) histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return keep(m, prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: prefix + name, Help: help, Buckets: buckets}, labels))
}
