package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/metrics"
)

// inside serves what is for the owner of a server alone: metrics and profiles.
type inside struct {
	metrics  *metrics.Metrics
	listener net.Listener
	web      http.Server
	running  sync.WaitGroup
}

// lookInside listens at an address, of this machine alone if it is a port only. Without
// an address it does nothing, and nor do the methods of what it returns.
func lookInside(address string) (*inside, error) {
	if address == "" {
		return nil, nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		port = address
	}
	if host == "" {
		host = "127.0.0.1"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("listen for --debug: %w", err)
	}

	return &inside{metrics: metrics.New(metrics.Config{}), listener: listener}, nil
}

// observer returns what is to be told by the server.
func (i *inside) observer() *brio.Observer {
	if i == nil {
		return nil
	}

	return i.metrics.Observer()
}

// serve serves until it is closed, and returns at once.
func (i *inside) serve(server *brio.Server) {
	if i == nil {
		return
	}
	i.metrics.Watch(server)
	mux := http.NewServeMux()
	mux.Handle("/metrics", i.metrics.Handler())
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	i.web.Handler, i.web.ReadHeaderTimeout = mux, 10*time.Second
	i.running.Go(func() { _ = i.web.Serve(i.listener) }) // until it is closed
}

// close returns when nothing is served any more.
func (i *inside) close() {
	if i == nil {
		return
	}
	_ = i.listener.Close() // if it has not been served
	_ = i.web.Close()
	i.running.Wait()
}
