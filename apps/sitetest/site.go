// Package sitetest tests applications as people use them: it serves them as the demo
// does, and has windows of a Chromium and a cable that breaks.
package sitetest

import (
	"context"
	"net"
	"net/http"
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

	return StartHouse(t, config, apps).URL()
}

// House is an address at which one site may follow another.
type House struct {
	t       *testing.T
	config  site.Config
	apps    func(s *site.Site) []site.App
	address string
	end     func() // nil while nobody serves there
}

// StartHouse serves what apps makes on a site, until the test ends.
func StartHouse(t *testing.T, config site.Config, apps func(s *site.Site) []site.App) *House {
	t.Helper()
	h := &House{t: t, config: config, apps: apps, address: "127.0.0.1:0"}
	h.Open()
	t.Cleanup(h.Close)

	return h
}

// Address is where it is, as host and port.
func (h *House) Address() string { return h.address }

// URL is the same for a browser.
func (h *House) URL() string { return "http://" + h.address }

// Restart ends the site, and begins another one with the same data at its place.
func (h *House) Restart() {
	h.t.Helper()
	h.Close()
	h.Open()
}

// Close ends the site: nobody answers any more.
func (h *House) Close() {
	if h.end != nil {
		h.end()
	}
	h.end = nil
}

// Open begins another one.
func (h *House) Open() {
	h.t.Helper()
	s, err := site.Open(h.config)
	if err != nil {
		h.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", h.address)
	if err != nil {
		h.t.Fatal(err)
	}
	h.address = listener.Addr().String()
	running := h.apps(s)
	web := &httptest.Server{Listener: listener, Config: &http.Server{Handler: s.Handler("brio demo", running...), ReadHeaderTimeout: patience}}
	web.Start()
	h.end = func() {
		for _, a := range running {
			a.Close()
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			h.t.Errorf("shut down: %v", err)
		}
		web.Close()
	}
}
