package chat

import (
	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/shell"
	"github.com/briohq/brio/apps/site"
)

// The protocol, shared by the handlers, the simulated people and the tests.
const (
	// From the page. What is said is answered once it is stored.
	Open  brio.Call[Opening, Page]  = "open"  // enter a room, or catch up with it
	Older brio.Call[Opening, Page]  = "older" // likewise, for the page before a message
	Say   brio.Call[Draft, Message] = "say"

	// Both ways. Typing is volatile: one that comes late is worth nothing.
	Read   brio.Event[Sign] = "read"
	Typing brio.Event[Sign] = "typing"

	// To the page. Rooms and Present are states: only the newest counts.
	Welcome brio.Event[[]Room]   = "welcome" // with one's own conversations
	Rooms   brio.Event[[]Room]   = "rooms"
	Present brio.Event[Presence] = "present"
	Said    brio.Event[Message]  = "said"
)

// Room is a line in the list. The private one of two people a < b is called "@a+b".
type Room struct {
	Name   string       `json:"name"`
	Epoch  string       `json:"epoch"` // numbers of messages mean nothing in another one
	Last   int64        `json:"last"`  // the number of its newest message
	People int          `json:"people,omitempty"`
	Read   *int64       `json:"read,omitempty"` // how far one has read, if ever
	With   *site.Person `json:"with,omitempty"` // of a private one: the other
	Seen   int64        `json:"seen,omitempty"` // and how far they have read
}

// Presence says who is in a room, the first [MaxListed] by name, or who the two are.
type Presence struct {
	Room   string        `json:"room"`
	People []site.Person `json:"people"`
}

// Opening names a room and what a page holds there: the last number or, for older ones, the first.
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

// Draft is a message on its way in: with the same key it is the same message.
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

// Sign says that somebody is writing, or how far they have read. The server adds From.
type Sign struct {
	Room string      `json:"room"`
	From site.Person `json:"from,omitzero"`
	Upto int64       `json:"upto,omitempty"`
}

var page = shell.Content{
	About: shell.About{Name: "chat", Sentence: "Rooms, presence, typing and private words. What you miss on a bad line is there when you are back."},
	How: [3]string{
		"Each tab is a socket that has joined the room it shows and a room of its person, so a message to a room reaches everybody in it at once, and a private one every tab of two people.",
		"Messages of a room are numbered without a gap: after a break the page says which number it holds and gets what came since, once; a number is also how far you have read.",
		"What you write carries a key until the server has acknowledged it; sent again after a break, it is still one message.",
	},
	Events: []shell.Event{
		{Name: "open", What: "enter a room, get what is new in it"},
		{Name: "older", What: "the page of messages before"},
		{Name: "say", What: "a message, acknowledged with its number"},
		{Name: "read", What: "how far you have read; theirs comes back"},
		{Name: "typing", What: "volatile, both ways"},
		{Name: "welcome", What: "the rooms and your conversations", In: true},
		{Name: "said", What: "somebody’s message", In: true},
		{Name: "present", What: "who is in the room", In: true},
		{Name: "rooms", What: "the rooms, how many are there", In: true},
	},
	Files:  []string{"events.go", "chat.go", "archive.go", "sql/schema.sql", "bots.go"},
	Limits: map[string]int{"room": 16, "text": MaxText},
}
