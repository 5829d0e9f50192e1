package redis

import (
	"testing"
	"time"

	"github.com/briohq/brio/adapter"
	"github.com/briohq/brio/adapter/adaptertest"
	"github.com/briohq/brio/adapter/cluster"
)

var quick = cluster.Config{HeartbeatInterval: 200 * time.Millisecond, HeartbeatTimeout: time.Minute}

func TestClassic(t *testing.T) {
	s := startRedis(t)
	adaptertest.Run(t, 3, func(t *testing.T) adaptertest.Cluster {
		config := Config{Key: "test " + t.Name(), Cluster: quick}
		return adaptertest.Cluster{Nodes: []adapter.New{New(s.client(t), config), New(s.client(t), config), New(s.client(t), config)}}
	})
}
