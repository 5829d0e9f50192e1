package main

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/briohq/brio/apps"
	"github.com/briohq/brio/apps/site"
	"github.com/briohq/brio/apps/sitetest"
)

var (
	shots = flag.String("shots", "", "`folder` to write a screenshot of each page to, in both widths and themes")
	only  = flag.String("only", "", "`name` of the one application to look at")
)

// views are the parts of pages that show more than their beginning.
var views = map[string]string{"desk": "#agent"}

// Every page is alive for one visitor who does nothing, complains of nothing on the
// console and fits a phone: events come in, which the score shows.
//
//	go test ./cmd/brio -run Pages -args -shots ../../docs/screens
func TestPagesAreAlive(t *testing.T) {
	var names []string
	url := sitetest.Start(t, site.Config{}, func(s *site.Site) []site.App {
		all := apps.All(s)
		for _, a := range all {
			names = append(names, a.About().Name)
		}
		return all
	})
	if *shots != "" {
		if err := os.MkdirAll(*shots, 0o750); err != nil {
			t.Fatal(err)
		}
	}
	b := sitetest.StartBrowser(t)
	for _, name := range append([]string{""}, names...) {
		if *only != "" && name != *only {
			continue
		}
		t.Run("page "+name, func(t *testing.T) {
			w := b.For(t).Window("visitor")
			path, file := "/", "start"
			if name != "" {
				path, file = "/"+name+"/"+views[name], name
			}
			w.Opens(url + path)
			w.Sees(`$("[data-state]").dataset.state === "live"`)
			w.Sees(`document.querySelectorAll(".strip .note.is-received").length > 0`)
			t.Log("loaded and alive, in ms:", w.Run(`const [load] = performance.getEntriesByType("navigation");
				return Math.round(load.loadEventEnd) + ", " + Math.round(performance.now())`))
			w.Sees(`document.querySelectorAll(".strip .note.is-received").length > 2`)
			shot(t, w, file+"-desktop")
			w.Fits()
			shot(t, w, file+"-phone")
		})
	}
}

// shot writes screenshots after a while in which the page has filled.
func shot(t *testing.T, w *sitetest.Window, name string) {
	if *shots == "" {
		return
	}
	full := time.NewTimer(10 * time.Second)
	defer full.Stop()
	<-full.C
	for _, theme := range []string{"light", "dark"} {
		w.Shot(filepath.Join(*shots, name+"-"+theme+".png"), theme)
	}
	if t.Failed() {
		t.FailNow()
	}
}
