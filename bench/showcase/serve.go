package main

import (
	"context"
	"database/sql"
	"encoding/json"
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
	s, err := site.Open(site.Config{Data: c.Data})
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
	mux.HandleFunc("GET /debug/memory", func(w http.ResponseWriter, r *http.Request) {
		body, err := json.Marshal(remember(r.Context(), s.DB))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(body) // who went away is not told
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

// memory is what a process holds, in bytes.
type memory struct {
	Go     int // what the runtime of Go has of the system
	Live   int // of that, objects that the last collection has left
	Stored int // pages of the database, in memory or on a disk
}

func remember(ctx context.Context, db *sql.DB) (m memory) {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	bytes := func(i int) int { return int(samples[i].Value.Uint64()) } //nolint:gosec // no machine has so many
	m.Live, m.Go = bytes(0), bytes(1)-bytes(2)
	_ = db.QueryRowContext(ctx, `SELECT page_count * page_size FROM pragma_page_count, pragma_page_size`).Scan(&m.Stored) // 0 if it is closed

	return m
}
