package metrics

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/briohq/brio"
)

// other is the label of what has none of its own.
const other = "other"

// series finds the metrics of an event without making their labels each time, and
// bounds how many there are.
type series struct {
	metrics *Metrics
	most    int

	mu         sync.RWMutex // guards what follows
	pairs      map[pair]*one
	namespaces map[string]bool // that have labels
}

type pair struct{ namespace, event string }

// one has the metrics of one pair. What is first needed late is made then.
type one struct {
	metrics          *Metrics
	namespace, event string

	emitted, delivered func() prometheus.Counter
	answered           func() prometheus.Observer
	took, waited       func() prometheus.Observer
	running            func() prometheus.Gauge
}

func newSeries(m *Metrics, most int) *series {
	return &series{metrics: m, most: most, pairs: map[pair]*one{}, namespaces: map[string]bool{}}
}

// of returns the metrics of an event.
func (s *series) of(ns *brio.Namespace, event string) *one {
	p := pair{nameOf(ns), event}
	s.mu.RLock()
	found := s.pairs[p]
	s.mu.RUnlock()
	if found == nil {
		found = s.add(p)
	}

	return found
}

// add makes the metrics of a pair, or finds those of what it is counted as.
func (s *series) add(p pair) *one {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pairs) >= s.most && p.event != other {
		p.event = other
	}
	p.namespace = s.admit(p.namespace)
	if s.pairs[p] == nil {
		s.pairs[p] = s.metrics.one(p)
	}

	return s.pairs[p]
}

// admit returns the label of a namespace. It is called with mu held.
func (s *series) admit(name string) string {
	if !s.namespaces[name] {
		if len(s.namespaces) >= s.most {
			return other
		}
		s.namespaces[name] = true
	}

	return name
}

func (m *Metrics) one(p pair) *one {
	ns, event := label(p.namespace), label(p.event)

	return &one{
		metrics: m, namespace: ns, event: event,
		emitted:   sync.OnceValue(func() prometheus.Counter { return m.emitted.WithLabelValues(ns, event) }),
		delivered: sync.OnceValue(func() prometheus.Counter { return m.delivered.WithLabelValues(ns, event) }),
		answered:  sync.OnceValue(func() prometheus.Observer { return m.answered.WithLabelValues(ns, event) }),
		took:      sync.OnceValue(func() prometheus.Observer { return m.took.WithLabelValues(ns, event) }),
		waited:    sync.OnceValue(func() prometheus.Observer { return m.waited.WithLabelValues(ns) }),
		running:   sync.OnceValue(func() prometheus.Gauge { return m.running.WithLabelValues(ns) }),
	}
}

func (o *one) emit(sockets int) {
	o.emitted().Inc()
	o.delivered().Add(float64(sockets))
}

func (o *one) answer(took time.Duration, err error) {
	if err != nil {
		o.metrics.unanswered.WithLabelValues(o.namespace, o.event).Inc()
		return
	}
	o.answered().Observe(took.Seconds())
}

// handle is the observer's Handle.
func (m *Metrics) handle(_ context.Context, in brio.Incoming) (context.Context, func(error)) {
	event := in.Event
	if !in.Handled {
		event = other // it is the client's
	}
	o := m.series.of(in.Socket.Namespace(), event)
	if in.Event != "connect" && in.Event != "disconnect" {
		o.waited().Observe(in.Waited.Seconds())
	}
	o.running().Inc()
	began := time.Now()

	return nil, func(err error) {
		o.running().Dec()
		o.took().Observe(time.Since(began).Seconds())
		m.handled.WithLabelValues(o.namespace, o.event, result(err)).Inc()
	}
}

// result says what became of an event.
func result(err error) string {
	if err == nil {
		return "ok"
	}
	if errors.Is(err, brio.ErrIgnore) {
		return "ignored"
	}
	if _, told := errors.AsType[*brio.Error](err); told {
		return "refused"
	}

	return "error"
}

// name returns the label of a namespace.
func (m *Metrics) name(ns *brio.Namespace) string {
	name := nameOf(ns)
	m.series.mu.RLock()
	known := m.series.namespaces[name]
	m.series.mu.RUnlock()
	if !known {
		m.series.mu.Lock()
		defer m.series.mu.Unlock()
		name = m.series.admit(name)
	}

	return label(name)
}

// nameOf is the name of a namespace, or the pattern that it was made for.
func nameOf(ns *brio.Namespace) string {
	if ns == nil {
		return other // there is none of the name that the client asked for
	}
	if parent := ns.Parent(); parent != nil {
		ns = parent
	}

	return ns.Name()
}

// label is a name as Prometheus has it.
func label(name string) string { return strings.ToValidUTF8(name, "\ufffd") }
