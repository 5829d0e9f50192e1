// Package repeats keeps a log from being flooded: of equal records only the first
// ones of each second pass.
//
// Records are equal that have the same level and message, whatever their
// attributes: what a hostile client can repeat differs in these. When the second is
// over, one record says how many were held back.
package repeats

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/briohq/brio/internal/group"
	"github.com/briohq/brio/internal/wheel"
)

// span is how long equal records are counted together.
const span = time.Second

// Handler is a [slog.Handler] that passes on what is not repeated too often. Its
// methods may be called concurrently.
type Handler struct {
	next slog.Handler
	*counts
}

// counts are shared by a handler and those that its methods make of it.
type counts struct {
	next  slog.Handler // of the first one
	most  int
	wheel *wheel.Wheel
	group *group.Group
	sweep wheel.Entry

	mu      sync.Mutex // guards what follows
	of      map[kind]int
	stopped bool
}

type kind struct {
	level   slog.Level
	message string
}

// New returns a handler that passes on the first most records of a kind in a
// second. What was held back is told when the wheel says that the second is over, by
// a goroutine of the group. It must be stopped.
func New(next slog.Handler, most int, w *wheel.Wheel, g *group.Group) *Handler {
	c := &counts{next: next, most: most, wheel: w, group: g, of: map[kind]int{}}
	c.sweep.Owner = wheel.Func(func() { c.group.Go(c.tell) })
	return &Handler{next, c}
}

// Enabled reports what the next handler does.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle passes the record on, or counts it.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	if !h.count(kind{r.Level, r.Message}) {
		return nil
	}
	return h.next.Handle(ctx, r)
}

// count reports whether the record is to be passed on.
func (c *counts) count(k kind) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return true
	}
	if len(c.of) == 0 {
		c.wheel.Schedule(&c.sweep, span)
	}
	c.of[k]++
	return c.of[k] <= c.most
}

// WithAttrs returns a handler that counts with this one.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &Handler{h.next.WithAttrs(attrs), h.counts}
}

// WithGroup returns a handler that counts with this one.
func (h *Handler) WithGroup(name string) slog.Handler {
	return &Handler{h.next.WithGroup(name), h.counts}
}

// Stop tells at once what was held back, and holds back no more. It is called when
// the wheel has been stopped.
func (h *Handler) Stop() {
	h.mu.Lock()
	h.stopped = true
	h.mu.Unlock()
	h.tell()
}

// tell ends the second.
func (c *counts) tell() {
	c.mu.Lock()
	of := c.of
	c.of = map[kind]int{}
	c.mu.Unlock()
	ctx := context.Background()
	for k, n := range of {
		if n <= c.most || !c.next.Enabled(ctx, k.level) {
			continue
		}
		r := slog.NewRecord(time.Now(), k.level, "repeated too often: some were held back", 0)
		r.AddAttrs(slog.String("message", k.message), slog.Int("held_back", n-c.most))
		_ = c.next.Handle(ctx, r) // a log that fails has nobody to be told
	}
}
