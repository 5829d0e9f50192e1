// Package shell is what the showcase applications share: the look, the parts
// every page has, and the start page that shows them all.
//
// An application describes its page by a [Content] and a template named "main"
// in web/page.html; [Page] puts them together with the mark, the state of the
// connection, the score strip and the drawer. In the browser, /shell/page.js
// brings these parts to life for the application's socket.
//
// Pages load nothing from elsewhere and run no script or style that isn't a
// file of ours; a Content-Security-Policy says so to the browser.
package shell

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
)

//go:embed web
var web embed.FS

// About is an application as the start page shows it. Its page is at /Name/,
// its namespace is /Name, and /Name/card.js draws its card.
type About struct {
	Name     string
	Sentence string
}

// Content is what an application's page says of it.
type Content struct {
	About
	How    [3]string // how it works, in three sentences
	Events []Event
	Files  []string       // its source files, the ones to read first in front
	Limits map[string]int // for the template
}

// Event is an event of an application, for the drawer.
type Event struct {
	Name string
	What string
	In   bool // to the page
}

// Words reads what an application says of itself from its page.json. What goes
// wrong is a mistake in a file that is part of the program: it panics.
func Words(app embed.FS) (c Content) {
	text, err := app.ReadFile("page.json")
	if err := errors.Join(err, json.Unmarshal(text, &c)); err != nil {
		panic(err)
	}

	return c
}

// Page serves an application's page at "/" and the files of its web folder,
// below the path where it is mounted with [http.StripPrefix].
func Page(content Content, app embed.FS) http.Handler {
	files, err := fs.Sub(app, "web")
	if err != nil {
		panic(err) // the folder is embedded
	}
	body := render(files, "page.html", content)

	return secure(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			write(w, body)

			return
		}
		http.ServeFileFS(w, r, files, r.URL.Path)
	})
}

// Assets serves the shared files, below /shell/.
func Assets() http.Handler {
	files, err := fs.Sub(web, "web")
	if err != nil {
		panic(err) // the folder is embedded
	}

	return secure(func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, r.URL.Path) })
}

// Start serves the page that opens with the command that started it and shows
// a live card for each application.
func Start(command string, apps []About) http.Handler {
	files, err := fs.Sub(web, "web")
	if err != nil {
		panic(err) // the folder is embedded
	}
	body := render(files, "start.html", struct {
		Command string
		Apps    []About
	}{command, apps})

	return secure(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)

			return
		}
		write(w, body)
	})
}

// render makes a page of the shared layout and a file that fills it in. What
// goes wrong is a mistake in files that are part of the program.
func render(files fs.FS, name string, data any) []byte {
	layout := template.Must(template.ParseFS(web, "web/layout.html"))
	page := template.Must(layout.ParseFS(files, name))
	var body bytes.Buffer
	if err := page.ExecuteTemplate(&body, name, data); err != nil {
		panic(err)
	}

	return body.Bytes()
}

func write(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(body) // who has gone away needs no page
}

// secure keeps a page to what this server serves.
func secure(next http.HandlerFunc) http.Handler {
	const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		next(w, r)
	})
}
