package site

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/briohq/brio"
)

// Traffic counts the events of each namespace, as the server's observer hears of
// them. It may be used concurrently.
type Traffic struct{ counts sync.Map } // of namespaces, *Count

// Count is what went through a namespace since the start.
type Count struct {
	In  atomic.Int64 // events from clients
	Out atomic.Int64 // events to clients, each receiver counted
}

// Of returns the counts of a namespace, which go on.
func (t *Traffic) Of(ns *brio.Namespace) *Count {
	c, ok := t.counts.Load(ns)
	if !ok {
		c, _ = t.counts.LoadOrStore(ns, &Count{})
	}

	return c.(*Count)
}

// observer returns what has the server tell of its events.
func (t *Traffic) observer() *brio.Observer {
	return &brio.Observer{
		Handle: func(_ context.Context, in brio.Incoming) (context.Context, func(error)) {
			if in.Event != "connect" && in.Event != "disconnect" {
				t.Of(in.Socket.Namespace()).In.Add(1)
			}

			return nil, nil
		},
		Emitted: func(out brio.Outgoing) { t.Of(out.Namespace).Out.Add(int64(out.Sockets)) },
	}
}
