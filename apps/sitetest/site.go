// Package sitetest tests applications as people use them: it serves them as the demo
// does, and has windows of a Chromium and a cable that breaks.
package sitetest

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/briohq/brio/apps/site"
)

// patience is how long the end of a site may take.
const patience = 10 * time.Second

// Start serves what apps makes on a site, until the test ends, and returns its URL.
func Start(t *testing.T, config site.Config, apps func(s *site.Site) []site.App) (url string) {
	t.Helper()
	server, closeSite := Open(t, config, apps)
	t.Cleanup(closeSite)

	return server.URL
}

// Open is Start for a test that ends the site itself, to see what outlives it.
func Open(t *testing.T, config site.Config, apps func(s *site.Site) []site.App) (server *httptest.Server, closeSite func()) {
	t.Helper()
	s, err := site.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	running := apps(s)
	server = httptest.NewServer(s.Handler("brio demo", running...))

	return server, func() {
		for _, a := range running {
			a.Close()
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Errorf("shut down: %v", err)
		}
		server.Close()
	}
}
