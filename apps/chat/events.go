package chat

import (
	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/site"
)

// The protocol, shared by the handlers, the simulated people and the tests.
const (
	// From the page, each answered: a room to enter or catch up with, the page before a
	// message, a message to store.
	Open  brio.Call[Opening, Page]  = "open"
	Older brio.Call[Opening, Page]  = "older"
	Say   brio.Call[Draft, Message] = "say"

	// Both ways.
	Read   brio.Event[Sign] = "read"
	Typing brio.Event[Sign] = "typing" // volatile: one that comes late is worth nothing

	// To the page. Rooms and Present are states: only the newest counts.
	Welcome brio.Event[[]Room]   = "welcome" // the rooms, and one's own conversations
	Rooms   brio.Event[[]Room]   = "rooms"
	Present brio.Event[Presence] = "present"
	Said    brio.Event[Message]  = "said"
)

// Room is a line in the list of rooms. The private one of two people a < b is called
// "@a+b". Numbers of messages mean nothing in another epoch.
type Room struct {
	Name   string       `json:"name"`
	Epoch  string       `json:"epoch"`
	Last   int64        `json:"last"`             // the number of its newest message
	People int          `json:"people,omitempty"` // how many are there, if that is told
	Read   *int64       `json:"read,omitempty"`   // how far one has read, if ever
	With   *site.Person `json:"with,omitempty"`   // of a private one: the other
	Seen   int64        `json:"seen,omitempty"`   // and how far they have read
}

// Presence says who is in a room, the first [MaxListed] by name, or who the two are.
type Presence struct {
	Room   string        `json:"room"`
	People []site.Person `json:"people"`
}

// Opening names a room and what a page holds of it: all from somewhere up to Since, in
// that epoch. Who asks for older messages names the first one it holds.
type Opening struct {
	Room   string `json:"room"`
	Epoch  string `json:"epoch,omitempty"`
	Since  int64  `json:"since,omitempty"`
	Before int64  `json:"before,omitempty"`
}

// Page is a run of messages without a gap, oldest first, and who is there.
type Page struct {
	Presence
	Epoch    string    `json:"epoch"`
	Messages []Message `json:"messages"`
	Older    bool      `json:"older"` // there are more before
	Newer    bool      `json:"newer"` // there are more after: ask again
	Reset    bool      `json:"reset"` // replaces what the page holds, which does not join up
}

// Draft is a message on its way in. Key is the page's own name for it: sent again with
// the same key, it is the same message.
type Draft struct {
	Room string `json:"room"`
	Text string `json:"text"`
	Key  string `json:"key"`
}

// Message is one message of a room. Numbers count from 1 without a gap.
type Message struct {
	Draft
	ID   int64       `json:"id"`
	From site.Person `json:"from"`
	At   int64       `json:"at"` // Unix milliseconds
}

// Sign says that somebody is writing in a room, or how far they have read there. The
// page leaves From to the server.
type Sign struct {
	Room string      `json:"room"`
	From site.Person `json:"from,omitzero"`
	Upto int64       `json:"upto,omitempty"`
}
