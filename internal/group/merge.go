package group

import (
	"context"
	"iter"
)

// Merge ranges over several sequences at once and yields what comes from any of
// them. Each is made with a context that ends with ctx, and also when the range
// over the whole is left, so that they end too: it is left once all have ended.
func Merge[V any](ctx context.Context, sequences ...func(context.Context) iter.Seq2[V, error]) iter.Seq2[V, error] {
	if len(sequences) == 1 {
		return sequences[0](ctx)
	}
	return func(yield func(V, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		m := merger[V]{found: make(chan found[V]), left: make(chan struct{})}
		var all Group
		defer all.Wait(context.Background()) //nolint:errcheck // the context does not end
		defer cancel()
		defer close(m.left)
		for _, sequence := range sequences {
			all.Go(func() { m.drain(sequence(ctx)) })
		}
		for running := len(sequences); running > 0; {
			one := <-m.found
			switch {
			case one.end:
				running--
			case !yield(one.value, one.err):
				return
			}
		}
	}
}

// merger is where the sequences of a Merge meet.
type merger[V any] struct {
	found chan found[V] // by the sequences
	left  chan struct{} // closed when nobody takes what is found any more
}

// found is what a sequence yields, or that it has ended.
type found[V any] struct {
	value V
	err   error
	end   bool
}

func (m *merger[V]) drain(sequence iter.Seq2[V, error]) {
	for v, err := range sequence {
		if !m.put(found[V]{value: v, err: err}) {
			return
		}
	}
	m.put(found[V]{end: true})
}

func (m *merger[V]) put(one found[V]) bool {
	select {
	case m.found <- one:
		return true
	case <-m.left:
		return false
	}
}
