package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
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
	web := &http.Server{Handler: s.Handler("bench/showcase", all...), ReadHeaderTimeout: patience}
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
