package main

import (
	"context"
	"io"
	"net/http"
	"sync"

	"github.com/briohq/brio"
)

// reasons tells why sockets have disconnected: GET /reason?sid=… waits until that
// one has. It remembers them all, for a server of the suites does not live long.
type reasons struct {
	mu      sync.Mutex // guards what follows
	sockets map[string]*farewell
}

// farewell is the end of one socket, past or to come.
type farewell struct {
	said   chan struct{}
	reason brio.Reason // set when said is closed
}

func newReasons() *reasons { return &reasons{sockets: map[string]*farewell{}} }

func (r *reasons) of(id string) *farewell {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sockets[id] == nil {
		r.sockets[id] = &farewell{said: make(chan struct{})}
	}
	return r.sockets[id]
}

func (r *reasons) note(_ context.Context, s *brio.Socket, reason brio.Reason) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.sockets[s.ID()]
	if f == nil || f.reason != "" { // some ids come again
		f = &farewell{said: make(chan struct{})}
		r.sockets[s.ID()] = f
	}
	f.reason = reason
	close(f.said)
	return nil
}

func (r *reasons) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	f := r.of(req.URL.Query().Get("sid"))
	select {
	case <-f.said:
		_, _ = io.WriteString(w, string(f.reason))
	case <-req.Context().Done():
	}
}
