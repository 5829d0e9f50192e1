// Package site is what the showcase applications share on the server: the brio
// server and the database they live on, the passes by which people sign in, and
// the crowd of simulated people that keeps a page alive for one visitor.
//
// An application is made by a function New(*site.Site), lives on the namespace of
// its name, and is an [App]: what it needs beside is its own.
package site

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/shell"
	"github.com/briohq/brio/limit"
)

// Config says how a site behaves. The zero value works.
type Config struct {
	// Data is the folder of the database. Default: none, all is kept in memory
	// and gone when the program ends.
	Data string

	// Quiet leaves the simulated people out.
	Quiet bool

	// Unlimited refuses nobody for how often they do something, see [Site.Admit]. It is
	// for tests that are in a hurry.
	Unlimited bool

	// Observer is told what the server does, beside what the site counts. Default:
	// nobody is.
	Observer *brio.Observer

	// Logger hears of what goes wrong. Default: silent.
	Logger *slog.Logger
}

// Site is what applications live on. Its fields do not change.
type Site struct {
	Server  *brio.Server
	Traffic *Traffic // of its events
	DB      *sql.DB  // SQLite; each application makes its own tables, named after it
	Passes  *Passes
	Quiet   bool // without simulated people
	Logger  *slog.Logger

	unlimited bool
}

// App is a showcase application, served below /Name/.
type App interface {
	http.Handler
	About() shell.About
	Close() // ends what it runs, and returns when that has ended
}

// Open opens the database and makes a server. Close it in the end.
func Open(config Config) (*Site, error) {
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	db, err := openDB(config.Data, config.Logger)
	if err != nil {
		return nil, err
	}
	passes, err := openPasses(db)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("keep the key of the passes: %w", err), db.Close())
	}

	traffic := &Traffic{}

	return &Site{
		Server: brio.NewServer(brio.Config{
			Logger:   config.Logger,
			Observer: brio.JoinObservers(traffic.observer(), config.Observer),
		}),
		Traffic: traffic,
		DB:      db,
		Passes:  passes,
		Quiet:   config.Quiet,
		Logger:  config.Logger,

		unlimited: config.Unlimited,
	}, nil
}

// Rates are how many events of a name a socket may send in a second, on average. Three
// times as many may come at once.
type Rates map[string]float64

// Admit lets people into the namespace of an application: with a pass as who they are,
// without one to look on. What one sends more often than rates allow, or more than 100
// events a second of any name, is refused in words. Call it before handling anything.
func (s *Site) Admit(ns *brio.Namespace, rates Rates) {
	config := limit.EventsConfig{Socket: limit.Rate{PerSecond: 100, Burst: 300}, Event: map[string]limit.Rate{}}
	for event, rate := range rates {
		config.Event[event] = limit.Rate{PerSecond: rate, Burst: int(max(3, 3*rate))}
	}
	ns.Use(s.Passes.Admit)
	if !s.unlimited {
		limit.Events(ns, config)
	}
}

// Handler joins the start page, which shows the command that made it, the
// applications and the server they live on.
func (s *Site) Handler(command string, apps ...App) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", s.Server)
	mux.Handle("/healthz", s.Server.Liveness())
	mux.Handle("/readyz", s.Server.Readiness())
	mux.Handle("/pass", s.Passes)
	mux.Handle("/shell/", http.StripPrefix("/shell/", shell.Assets()))
	abouts := make([]shell.About, len(apps))
	for i, a := range apps {
		abouts[i] = a.About()
		mux.Handle("/"+abouts[i].Name+"/", http.StripPrefix("/"+abouts[i].Name, a))
	}
	mux.Handle("/", shell.Start(command, abouts))

	return mux
}

// Warn logs an error that nobody is there to be told of.
func (s *Site) Warn(what string, err error) {
	if err != nil {
		s.Logger.Warn("application", "task", what, "err", err)
	}
}

// Close shuts the server down and closes the database. The applications have been
// closed before.
func (s *Site) Close(ctx context.Context) error {
	return errors.Join(s.Server.Shutdown(ctx), s.DB.Close())
}
