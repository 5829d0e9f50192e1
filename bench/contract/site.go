package contract

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/bench/internal/machine"
)

// State is what a server's process holds.
type State struct {
	Connections int `json:"connections"`
	Goroutines  int `json:"goroutines"`
	Heap        int `json:"heap"`    // bytes of objects, garbage included unless it was settled
	Stacks      int `json:"stacks"`  // bytes of goroutines' stacks
	Private     int `json:"private"` // bytes of memory that the process has for itself
}

// Site is the server, with two pages about its process:
//
//	GET /debug/state          its State; with ?settle=1 after collections, and
//	                          when memory that is free has been given back
//	GET /debug/heap           a heap profile, for go tool pprof
//
// It is for measuring: strangers must not reach it.
func Site(server *brio.Server) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/socket.io/", server)
	mux.HandleFunc("GET /debug/state", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("settle") {
			Settle()
		}
		state, err := read(server)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(state) // who went away is not told
	})
	mux.HandleFunc("GET /debug/heap", func(w http.ResponseWriter, _ *http.Request) {
		Settle()
		_ = pprof.Lookup("heap").WriteTo(w, 0) // the same
	})

	return mux
}

// Settle collects what is garbage, and gives free memory back. Pools are emptied
// by the second collection.
func Settle() {
	runtime.GC()
	debug.FreeOSMemory()
}

func read(server *brio.Server) (State, error) {
	private, err := machine.Private(os.Getpid())
	if err != nil {
		return State{}, err
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)

	return State{
		Connections: server.Stats().Connections,
		Goroutines:  runtime.NumGoroutine(),
		Heap:        int(m.HeapAlloc),
		Stacks:      int(m.StackInuse),
		Private:     private,
	}, nil
}

// patience is how long the site may take to answer.
const patience = 30 * time.Second

// Ask returns the state of the server at an address, settled or as it is.
func Ask(ctx context.Context, address string, settled bool) (state State, err error) {
	query := ""
	if settled {
		query = "?settle=1"
	}
	b, err := Get(ctx, address, "/debug/state"+query)
	if err != nil {
		return state, err
	}
	if err := json.Unmarshal(b, &state); err != nil {
		return state, fmt.Errorf("the server's state: %w", err)
	}

	return state, nil
}

// Get returns a page of the server at an address. The connection is closed
// afterwards, so that it is in no later State.
func Get(ctx context.Context, address, page string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+page, nil)
	if err != nil {
		return nil, err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }() // it was only read
	b, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", page, answer.Status, b)
	}

	return b, err
}
