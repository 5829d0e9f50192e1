package group_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"

	"github.com/briohq/brio/internal/group"
)

var errTest = errors.New("test")

// count yields the numbers up to n, and an error.
func count(n int) func(context.Context) iter.Seq2[int, error] {
	return func(context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := range n {
				if !yield(i, nil) {
					return
				}
			}
			yield(0, errTest)
		}
	}
}

// wait yields the cause of its context when that ends.
func wait(ctx context.Context) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		<-ctx.Done()
		yield(0, context.Cause(ctx))
	}
}

func TestMergeYieldsEverything(t *testing.T) {
	for _, sequences := range [][]func(context.Context) iter.Seq2[int, error]{
		{}, {count(3)}, {count(3), count(5)}, {count(100), count(100), count(0)},
	} {
		var got, want []int
		failed := 0
		for _, s := range sequences {
			for v, err := range s(t.Context()) {
				if err == nil {
					want = append(want, v)
				}
			}
		}
		for v, err := range group.Merge(t.Context(), sequences...) {
			if err != nil {
				failed++
				continue
			}
			got = append(got, v)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || failed != len(sequences) {
			t.Errorf("of %d sequences came %v and %d errors", len(sequences), got, failed)
		}
	}
}

func TestMergeEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errTest)
	n := 0
	for _, err := range group.Merge(ctx, wait, wait, count(0)) {
		if !errors.Is(err, errTest) {
			t.Error(err)
		}
		n++
	}
	if n != 3 {
		t.Errorf("%d of 3 sequences have said why they end", n)
	}
}

// Sequences that wait end with the range, even one that has just found
// something.
func TestMergeIsLeftEarly(t *testing.T) {
	for range 100 {
		ended := 0
		noting := func(ctx context.Context) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				wait(ctx)(yield)
				ended++
			}
		}
		for v := range group.Merge(t.Context(), noting, count(1000), count(1000)) {
			if v == 1 {
				break
			}
		}
		if ended != 1 {
			t.Fatal("a sequence has not ended with the range")
		}
	}
}
