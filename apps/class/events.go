package class

import (
	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/site"
)

// The protocol, shared by the handlers and the tests. Times are Unix milliseconds.
const (
	// From the page, each answered. The role in the pass decides who may.
	Clock  brio.Call[brio.None, int64]    = "clock"  // the server's time
	Answer brio.Call[Choice, Choice]      = "answer" // student: acknowledged once it counts
	Hand   brio.Call[bool, brio.None]     = "hand"   // student: put it up or down
	React  brio.Call[string, brio.None]   = "react"  // one of Kinds
	Launch brio.Call[Question, int64]     = "launch" // teacher: ask the class; answers the ID
	Floor  brio.Call[string, site.Person] = "floor"  // teacher: let somebody speak whose hand is up
	// To the page. Posed and InRoom are states: only the newest counts.
	Posed   brio.Event[Question] = "question"
	InRoom  brio.Event[Room]     = "room"
	Place   brio.Event[Standing] = "place"   // on connecting, and when the bell has rung
	Reacted brio.Event[[]string] = "reacted" // volatile
)

// Question is the one on the board. A teacher gives what comes before its ID, which is
// when it was asked. Until its bell has rung, only teachers see what is Right, and Counts.
type Question struct {
	Text     string      `json:"text"`
	Choices  []string    `json:"choices"`
	Right    int         `json:"right"` // index of a choice
	Seconds  int         `json:"seconds"`
	ID       int64       `json:"id"`
	By       site.Person `json:"by"`
	Bell     int64       `json:"bell"`
	Rung     bool        `json:"rung"`
	Answered int         `json:"answered"`
	Who      []string    `json:"who"`    // has answered, the first maxListed
	Counts   []int       `json:"counts"` // of each choice
}

// Choice is an answer, the index of a choice. Whose it is and what it Took says the server.
type Choice struct {
	site.Person
	Question int64 `json:"question"`
	Choice   int   `json:"choice"`
	Took     int64 `json:"took"`
}

// Room is who is there, the first maxListed, and whose hands are up, in turn.
type Room struct {
	People []site.Person `json:"people"`
	Hands  []site.Person `json:"hands"`
	Count  int           `json:"count"` // all who are there
	Floor  *site.Person  `json:"floor"` // who has it
}

// Rank is somebody's place. Gained is what the last question brought.
type Rank struct {
	site.Person
	Rank   int `json:"rank"`
	Points int `json:"points"`
	Gained int `json:"gained"`
}

// Standing is the best, one's own place and answer, and for teachers the questions in store.
type Standing struct {
	Top  []Rank     `json:"top"`
	You  Rank       `json:"you"`
	Mine Choice     `json:"mine"`
	Quiz []Question `json:"quiz"`
}
