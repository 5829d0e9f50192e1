package brio_test

import (
	"sync"
	"testing"

	"github.com/briohq/brio"
)

func TestKeysKeepTypedData(t *testing.T) {
	const (
		Count brio.Key[int]      = "count"
		Tags  brio.Key[[]string] = "tags"
		Wrong brio.Key[string]   = "count" // the name of another
	)
	w := newSite(t, brio.Config{})
	ns := w.Of("/")
	s, other := ns.Socket(w.connect("/", "").id), ns.Socket(w.connect("/", "").id)
	if v, ok := Count.Lookup(s); v != 0 || ok || Tags.Get(s) != nil {
		t.Error("a value that nobody has set")
	}
	Count.Set(s, 1)
	Count.Set(s, 2)
	Tags.Set(s, []string{"a"})
	if v, ok := Count.Lookup(s); v != 2 || !ok {
		t.Errorf("Lookup: %d, %v", v, ok)
	}
	diff(t, "tags", Tags.Get(s), []string{"a"})
	if v, ok := Wrong.Lookup(s); v != "" || ok {
		t.Error("a value of another type")
	}
	if _, ok := Count.Lookup(other); ok {
		t.Error("the value of another socket")
	}
	Count.Delete(s)
	Count.Delete(s)
	if _, ok := Count.Lookup(s); ok {
		t.Error("a value that has been deleted")
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			Count.Set(s, Count.Get(s)+1)
			Tags.Delete(s)
		})
	}
	group.Wait()
	if n := Count.Get(s); n < 1 || n > 8 {
		t.Errorf("count: %d", n)
	}
}
