package limit

import (
	"container/list"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is how much may happen: so many a second on average, and so many at once. Its
// zero value is no limit.
type Rate struct {
	PerSecond float64
	// Burst is how many may come at once. Default: those of one second, at least one.
	Burst int
}

func (r Rate) none() bool { return r.PerSecond <= 0 }

func (r Rate) bucket() *rate.Limiter {
	burst := r.Burst
	if burst <= 0 {
		burst = max(1, int(r.PerSecond))
	}

	return rate.NewLimiter(rate.Limit(r.PerSecond), burst)
}

// buckets are token buckets by a key: an address, a user. The one that has not been
// used for the longest is forgotten when there are too many, so that strangers can't
// fill the memory; it would most likely be full.
type buckets[K comparable] struct {
	rate Rate
	most int

	mu     sync.Mutex // guards what follows
	all    map[K]*list.Element
	recent *list.List // of *entry[K], the one used last in front
}

type entry[K comparable] struct {
	key    K
	bucket *rate.Limiter
}

func newBuckets[K comparable](r Rate, most int) *buckets[K] {
	if r.none() {
		return nil
	}

	return &buckets[K]{rate: r, most: most, all: map[K]*list.Element{}, recent: list.New()}
}

// take reports whether there is a token, and if not how long it takes until there is.
func (b *buckets[K]) take(key K) (wait time.Duration, ok bool) {
	if b == nil {
		return 0, true
	}

	return take(b.of(key))
}

func (b *buckets[K]) of(key K) *rate.Limiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.all[key]; e != nil {
		b.recent.MoveToFront(e)
		return e.Value.(*entry[K]).bucket
	}
	if len(b.all) >= b.most {
		oldest := b.recent.Back()
		delete(b.all, b.recent.Remove(oldest).(*entry[K]).key)
	}
	e := &entry[K]{key, b.rate.bucket()}
	b.all[key] = b.recent.PushFront(e)

	return e.bucket
}

func take(bucket *rate.Limiter) (wait time.Duration, ok bool) {
	now := time.Now()
	if bucket.AllowN(now, 1) {
		return 0, true
	}
	missing := 1 - bucket.TokensAt(now)

	return time.Duration(missing / float64(bucket.Limit()) * float64(time.Second)), false
}
