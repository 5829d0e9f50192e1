package brio

import (
	"context"
	"sync"
	"time"
)

// lifetime is a socket as the context of its handlers. It ends with a
// [*Disconnect], which is its error. One of package context would do the same
// with a hundred bytes more, which most sockets never need.
type lifetime Socket

var _ context.Context = (*lifetime)(nil)

// watch is who waits for the end of a lifetime.
type watch struct {
	done chan struct{}

	mu    sync.Mutex // guards what follows
	over  bool
	next  int
	funcs map[int]func()
}

// Deadline says that there is none.
func (l *lifetime) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }

// Value has none.
func (l *lifetime) Value(any) any { return nil }

// Err returns nil as long as the socket lives.
func (l *lifetime) Err() error {
	if d := l.cause.Load(); d != nil {
		return d
	}
	return nil
}

// Done returns a channel that is closed when the socket has ended.
func (l *lifetime) Done() <-chan struct{} { return l.watch().done }

// watch returns the socket's watch, which is made when it is first asked for.
func (l *lifetime) watch() *watch {
	w := l.watched.Load()
	if w == nil {
		l.watched.CompareAndSwap(nil, &watch{done: make(chan struct{})})
		w = l.watched.Load()
	}
	if l.cause.Load() != nil { // perhaps before there was a watch to be told
		w.end()
	}
	return w
}

// AfterFunc calls f once the socket has ended, unless stop is called before.
// Package context looks for it, and so needs no goroutine to wait for Done.
func (l *lifetime) AfterFunc(f func()) (stop func() bool) {
	w := l.watch()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		l.namespace.server.group.Go(f) // who asks may hold what f needs
		return func() bool { return false }
	}
	if w.funcs == nil {
		w.funcs = map[int]func(){}
	}
	n := w.next
	w.next++
	w.funcs[n] = f
	return func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		_, waits := w.funcs[n]
		delete(w.funcs, n)
		return waits
	}
}

// end tells those who wait.
func (w *watch) end() {
	w.mu.Lock()
	if w.over {
		w.mu.Unlock()
		return
	}
	w.over = true
	funcs := w.funcs
	w.funcs = nil
	close(w.done)
	w.mu.Unlock()
	for _, f := range funcs {
		f()
	}
}

// finish ends the lifetime, once. It is called with the socket's mu held, and
// followed by told without it.
func (l *lifetime) finish(cause *Disconnect) { l.cause.CompareAndSwap(nil, cause) }

// told tells those who wait that the lifetime has ended.
func (l *lifetime) told() {
	if w := l.watched.Load(); w != nil {
		w.end()
	}
}
