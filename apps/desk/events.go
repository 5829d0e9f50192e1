package desk

import (
	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/site"
)

// The protocol. What changes a ticket answers with it, and tells all who see it.
const (
	Enter   brio.Call[brio.None, []Ticket] = "enter"   // joins the room of one's role, then lists what one sees
	Read    brio.Call[int64, Ticket]       = "read"    // one with its messages
	Open    brio.Call[Ticket, Ticket]      = "open"    // as a customer, with Subject, Urgent and Last
	Say     brio.Call[Message, Ticket]     = "say"     // as its customer or agent, with Ticket, Text and Key
	Claim   brio.Call[int64, Ticket]       = "claim"   // one agent gets it, all others hear who
	Release brio.Call[int64, Ticket]       = "release" // back into the queue
	Resolve brio.Call[int64, Ticket]       = "resolve"
	Reopen  brio.Call[int64, Ticket]       = "reopen"
	Changed brio.Event[Ticket]             = "ticket"
)

// Ticket is one as all see it: a higher Version replaces a lower one, in whatever
// order they come. Times are in milliseconds since 1970; Due is when it should be
// resolved. Simulated people have the role "simulated".
type Ticket struct {
	ID       int64       `json:"id"`
	Version  int         `json:"version"`
	Subject  string      `json:"subject"`
	Urgent   bool        `json:"urgent"`
	Due      int64       `json:"due"`
	Now      int64       `json:"now"`   // in the list
	Since    int64       `json:"since"` // when it got to its agent, or back
	Customer site.Person `json:"customer"`
	Agent    site.Person `json:"agent"` // who has it or resolved it: none, and it waits
	Resolved bool        `json:"resolved"`
	Last     Message     `json:"last"`
	Messages []Message   `json:"messages,omitempty"` // of who reads it; grows only, so that copies may share it
	seen     int64       // when its agent was last here
}

// Message is the Nth of its ticket. The page gives each a key: sent again, it is one.
type Message struct {
	Ticket int64       `json:"ticket"`
	N      int         `json:"n"`
	From   site.Person `json:"from"`
	Text   string      `json:"text"`
	At     int64       `json:"at"`
	Key    string      `json:"key"`
}
