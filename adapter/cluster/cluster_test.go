package cluster

import (
	"testing"
	"time"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/adapter/adaptertest"
)

var quick = Config{HeartbeatInterval: 200 * time.Millisecond, HeartbeatTimeout: time.Minute}

// Adapters do what they should, whether nodes are known by their heartbeats alone or
// counted by the broker.
func TestAdapter(t *testing.T) {
	for name, b := range map[string]*broker{"heartbeats": {}, "counted": {count: true}, "bare": {bare: true}} {
		t.Run(name, func(t *testing.T) {
			adaptertest.Run(t, 3, func(*testing.T) adaptertest.Cluster {
				b := &broker{count: b.count, bare: b.bare}
				return adaptertest.Cluster{
					Nodes: []adapter.New{New(b, quick), New(b, quick), New(b, quick)},
					Kill:  b.kill,
				}
			})
		})
	}
}
