// Package metrics makes Prometheus metrics of what a server does.
//
//	m := metrics.New(metrics.Config{})
//	server := brio.NewServer(brio.Config{Observer: m.Observer()})
//	m.Watch(server)
//	http.Handle("/metrics", m.Handler())
//
// [Metrics] is a [prometheus.Collector], for those who have a registry. What each
// metric means is in docs/guide/metrics.md; grafana.json beside this file is a
// dashboard of them.
//
// Clients can't make labels: an event that has no handler is "other", and a
// namespace that was made for a client has the name of its pattern. What a program
// makes itself is bounded by Config.MaxSeries.
package metrics

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/briohq/brio"
)

// Config says how metrics are made. The zero value works.
type Config struct {
	// MaxSeries is how many pairs of a namespace and an event have labels of their
	// own. What comes later is counted as the event "other" of its namespace, or of
	// the namespace "other". Default 500. A pair that has everything is about 40 series.
	MaxSeries int
	// Buckets are the upper bounds of the histograms of handlers, of the time that
	// events wait for them, and of acknowledgements, in seconds. Default: 100 µs to
	// 10 s, in 11 steps.
	Buckets []float64
	// Limits are counted, each under its name: the [limit.EventLimits] and
	// [limit.HandshakeLimits] of a program. It must not be changed. Default: none.
	Limits map[string]Limit
}

// Limit is what counts how often it was exceeded, as package limit does.
type Limit interface{ Exceeded() int64 }

// Metrics are what a server does, in numbers. Its methods may be called
// concurrently.
type Metrics struct {
	config Config
	server atomic.Pointer[brio.Server]
	series *series
	all    []prometheus.Collector

	opened        *prometheus.CounterVec
	closed        *prometheus.CounterVec
	lasted        *prometheus.HistogramVec
	upgraded      *prometheus.CounterVec
	refused       *prometheus.CounterVec
	packetsIn     prometheus.Counter
	bytesIn       prometheus.Counter
	packetsOut    prometheus.Counter
	bytesOut      prometheus.Counter
	writes        prometheus.Counter
	connected     *prometheus.CounterVec
	connectErrors *prometheus.CounterVec
	disconnected  *prometheus.CounterVec
	recoveries    *prometheus.CounterVec
	running       *prometheus.GaugeVec
	waited        *prometheus.HistogramVec
	handled       *prometheus.CounterVec
	took          *prometheus.HistogramVec
	emitted       *prometheus.CounterVec
	delivered     *prometheus.CounterVec
	dropped       *prometheus.CounterVec
	answered      *prometheus.HistogramVec
	unanswered    *prometheus.CounterVec
	panics        *prometheus.CounterVec
	adapterErrors *prometheus.CounterVec
}

// New returns metrics of one server.
func New(config Config) *Metrics {
	if config.MaxSeries <= 0 {
		config.MaxSeries = 500
	}
	if config.Buckets == nil {
		config.Buckets = []float64{.0001, .0003, .001, .003, .01, .03, .1, .3, 1, 3, 10}
	}
	m := &Metrics{config: config}
	m.series = newSeries(m, config.MaxSeries)
	m.opened = m.counters("connections_opened_total", "Connections that have begun, by the transport that they began with.", "transport")
	m.closed = m.counters("connections_closed_total", "Connections that have ended, by the transport that they ended on, and why.", "transport", "reason")
	m.lasted = m.histograms("connection_duration_seconds", "How long connections lasted that have ended.",
		[]float64{1, 10, 60, 300, 900, 3600, 4 * 3600, 24 * 3600}, "transport")
	m.upgraded = m.counters("upgrades_total", "Connections that have changed to a better transport.", "from", "to")
	m.refused = m.counters("requests_refused_total", "Requests that were refused, by the error's code in the protocol.", "code")
	m.packetsIn = m.counter("received_packets_total", "Engine.IO packets that came, heartbeats included.")
	m.bytesIn = m.counter("received_bytes_total", "Bytes of the packets that came, not compressed and without what carries them.")
	m.packetsOut = m.counter("sent_packets_total", "Engine.IO packets that were sent, heartbeats included.")
	m.bytesOut = m.counter("sent_bytes_total", "Bytes of the packets that were sent, not compressed and without what carries them.")
	m.writes = m.counter("writes_total", "Writes in which packets were sent.")
	m.connected = m.counters("sockets_connected_total", "Sockets that were let into a namespace.", "namespace")
	m.connectErrors = m.counters("connect_errors_total", "Sockets that were not let into a namespace.", "namespace")
	m.disconnected = m.counters("sockets_disconnected_total", "Sockets that were let in and have disconnected, and why.", "namespace", "reason")
	m.recoveries = m.counters("recoveries_total", "Clients that asked for the socket that they had before: recovered, or lost.", "namespace", "result")
	m.running = m.gauges("handlers_running", "Handlers that are running.", "namespace")
	m.waited = m.histograms("event_wait_seconds", "How long events waited for the handlers of those before them.", config.Buckets, "namespace")
	m.handled = m.counters("events_handled_total", "Events that were handled: ok, refused, ignored, or error.", "namespace", "event", "result")
	m.took = m.histograms("handler_duration_seconds", "How long handlers took.", config.Buckets, "namespace", "event")
	m.emitted = m.counters("events_emitted_total", "Events that were emitted to sockets of this node; a broadcast is one.", "namespace", "event")
	m.delivered = m.counters("events_delivered_total", "Events that were queued for sockets of this node; a broadcast is one for each.", "namespace", "event")
	m.dropped = m.counters("events_dropped_total", "Events for which a client had no room.", "namespace")
	m.answered = m.histograms("ack_duration_seconds", "How long clients took to acknowledge events.", config.Buckets, "namespace", "event")
	m.unanswered = m.counters("acks_missing_total", "Acknowledgements that did not come, or not in time.", "namespace", "event")
	m.panics = m.counters("panics_total", "Panics, by the kind of handler.", "namespace", "handler")
	m.adapterErrors = m.counters("adapter_errors_total", "Errors of the cluster's adapter.", "namespace", "operation")

	return m
}

// Watch has the counts of the server collected too: those of [brio.Stats]. Until
// then there are none.
func (m *Metrics) Watch(server *brio.Server) { m.server.Store(server) }

// Handler serves these metrics, and those of the Go runtime and of the process. It is
// for who may see them: they tell what a program is made of.
func (m *Metrics) Handler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(m, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// Observer returns what is to be the server's, or joined with others.
func (m *Metrics) Observer() *brio.Observer {
	return &brio.Observer{
		Opened:   func(_ *http.Request, transport string) { m.opened.WithLabelValues(transport).Inc() },
		Upgraded: func(from, to string) { m.upgraded.WithLabelValues(from, to).Inc() },
		Closed: func(transport string, reason brio.Reason, lasted time.Duration) {
			m.closed.WithLabelValues(transport, string(reason)).Inc()
			m.lasted.WithLabelValues(transport).Observe(lasted.Seconds())
		},
		Refused: func(_ *http.Request, code int, _ string) { m.refused.WithLabelValues(strconv.Itoa(code)).Inc() },
		Received: func(bytes int) {
			m.packetsIn.Inc()
			m.bytesIn.Add(float64(bytes))
		},
		Sent: func(packets, bytes int) {
			m.writes.Inc()
			m.packetsOut.Add(float64(packets))
			m.bytesOut.Add(float64(bytes))
		},
		Connected:    func(s *brio.Socket) { m.connected.WithLabelValues(m.name(s.Namespace())).Inc() },
		ConnectError: func(ns *brio.Namespace, _ error) { m.connectErrors.WithLabelValues(m.name(ns)).Inc() },
		Disconnected: func(s *brio.Socket, reason brio.Reason) {
			m.disconnected.WithLabelValues(m.name(s.Namespace()), string(reason)).Inc()
		},
		Recovery: func(s *brio.Socket, found bool) {
			result := "lost"
			if found {
				result = "recovered"
			}
			m.recoveries.WithLabelValues(m.name(s.Namespace()), result).Inc()
		},
		Handle:  m.handle,
		Emitted: func(out brio.Outgoing) { m.series.of(out.Namespace, out.Event).emit(out.Sockets) },
		Acknowledged: func(s *brio.Socket, event string, took time.Duration, err error) {
			m.series.of(s.Namespace(), event).answer(took, err)
		},
		Dropped: func(s *brio.Socket) { m.dropped.WithLabelValues(m.name(s.Namespace())).Inc() },
		Panicked: func(ns *brio.Namespace, handler string, _ any) {
			m.panics.WithLabelValues(m.name(ns), handler).Inc()
		},
		AdapterFailed: func(ns *brio.Namespace, operation string, _ error) {
			m.adapterErrors.WithLabelValues(m.name(ns), operation).Inc()
		},
	}
}
