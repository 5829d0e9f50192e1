package ops

import "github.com/briohq/brio"

// The protocol: a page is told what there is and the last minute of it, then a tick
// each second. A newer tick replaces an older one that still waits.
const (
	History brio.Event[[]Tick]        = "history" // on connecting, oldest first
	Second  brio.Event[Tick]          = "tick"
	Look    brio.Call[string, Inside] = "look" // into an application
)

// Tick is one second of the server.
type Tick struct {
	At          int64  `json:"at"` // Unix milliseconds
	Connections int    `json:"connections"`
	Sockets     int    `json:"sockets"`
	In          int64  `json:"in"`  // events from clients, in that second
	Out         int64  `json:"out"` // events to clients, each receiver counted
	Heap        uint64 `json:"heap"`
	Goroutines  int    `json:"goroutines"`
	Apps        []App  `json:"apps"`
}

// App is one application in that second.
type App struct {
	Name    string  `json:"name"`
	Sockets int     `json:"sockets"`
	Rooms   int     `json:"rooms"`
	In      int64   `json:"in"`
	Out     int64   `json:"out"`
	Median  float64 `json:"median"` // round trip to its pages in ms; 0 if none answered
	Slowest float64 `json:"slowest"`
	Late    int     `json:"late"` // of the pages that were asked, how many did not answer in time
	Slow    int64   `json:"slow"` // clients that were too slow and were disconnected, since the start
}

// Inside is what is in an application: its largest rooms, and why sockets left it.
type Inside struct {
	Rooms []Room   `json:"rooms"`
	Left  []Reason `json:"left"`
}

// Room is a room and how many sockets are in it.
type Room struct {
	Name    string `json:"name"`
	Sockets int    `json:"sockets"`
}

// Reason is why sockets left, and how many did, since the start.
type Reason struct {
	Reason  string `json:"reason"`
	Sockets int64  `json:"sockets"`
}
