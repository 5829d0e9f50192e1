package cluster

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// broker is a bus in memory that all nodes share. Each line has a goroutine which
// brings it what was sent, encoded and decoded.
type broker struct {
	mu    sync.Mutex // guards what follows
	lines []*wire
	dead  map[string]bool // that hear and say nothing
	count bool            // it tells how many nodes there are
	bare  bool            // messages are in brio's own form
	down  bool
	fault func(*Message) error
}

var errDown = errors.New("broker is down")

func (b *broker) Join(_ context.Context, namespace, node string, receive func(*Message)) (Line, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := &wire{broker: b, namespace: namespace, node: node, queue: make(chan []byte, 100_000), done: make(chan struct{})}
	b.lines = append(b.lines, w)
	go func() {
		defer close(w.done)
		for text := range w.queue {
			m, err := b.decode(text)
			if err != nil {
				panic(err)
			}
			receive(m)
		}
	}()
	return w, nil
}

func (b *broker) decode(text []byte) (*Message, error) {
	if b.bare {
		return DecodeBare(text)
	}
	return Decode(text)
}

type wire struct {
	broker          *broker
	namespace, node string
	queue           chan []byte
	done            chan struct{}
}

func (w *wire) Send(m *Message) error {
	b := w.broker
	text, err := m.Append(nil)
	if b.bare {
		text, err = m.AppendBare(nil)
	}
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fault != nil {
		if err := b.fault(m); err != nil {
			return err
		}
	}
	switch {
	case b.down:
		return errDown
	case b.dead[w.node]:
		return nil
	}
	for _, one := range b.lines {
		if one.namespace == w.namespace && (m.To == "" || m.To == one.node) && !b.dead[one.node] {
			one.queue <- text
		}
	}
	return nil
}

func (w *wire) Nodes(context.Context) (int, error) {
	b := w.broker
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.count {
		return 0, nil
	}
	n := 0
	for _, one := range b.lines {
		if one.namespace == w.namespace {
			n++
		}
	}
	return n, nil
}

func (w *wire) Close() error {
	b := w.broker
	b.mu.Lock()
	if i := slices.Index(b.lines, w); i >= 0 {
		b.lines = slices.Delete(b.lines, i, i+1)
		close(w.queue)
	}
	b.mu.Unlock()
	<-w.done
	return nil
}

// kill makes the node that has the i-th line silent.
func (b *broker) kill(i int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dead == nil {
		b.dead = map[string]bool{}
	}
	b.dead[b.lines[i].node] = true
}
