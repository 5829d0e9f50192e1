package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/metrics"
	"runtime/pprof"
	"time"

	"github.com/briohq/brio/apps"
	"github.com/briohq/brio/apps/site"
)

// patience is how long a shutdown may take.
const patience = 5 * time.Second

// serve is the demo until ctx is done.
func (c *command) serve(ctx context.Context, out io.Writer) error {
	s, err := site.Open(site.Config{})
	if err != nil {
		return err
	}
	all := apps.All(s)
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", s.Handler("bench/showcase", all...))
	mux.HandleFunc("GET /debug/live", func(w http.ResponseWriter, _ *http.Request) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		_, _ = fmt.Fprint(w, live[0].Value.Uint64()) // who went away is not told
	})
	mux.HandleFunc("GET /debug/heap", func(w http.ResponseWriter, _ *http.Request) {
		_ = pprof.Lookup("heap").WriteTo(w, 0) // the same
	})
	web := &http.Server{Handler: mux, ReadHeaderTimeout: patience}
	ended := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		for _, a := range all {
			a.Close()
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		ended <- errors.Join(s.Close(ctx), web.Shutdown(ctx))
	})
	if _, err := fmt.Fprintln(out, "listening on", listener.Addr()); err != nil {
		return err
	}
	if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}

	return <-ended
}
