package chat

import "github.com/briohq/brio"

// The protocol, shared by the handlers, the simulated people and the tests.
const (
	// From the page, each answered.
	Open     brio.Call[Opening, Page]  = "open"     // enter a room, or catch up with it
	Older    brio.Call[Earlier, Page]  = "older"    // the page before a message
	Say      brio.Call[Draft, Message] = "say"      // answered once it is in the history
	Rename   brio.Call[string, Person] = "rename"   // take or change a name
	Simulate brio.Call[bool, bool]     = "simulate" // let the simulated people talk, or not

	// To the page. Rooms and Present are states: only the newest counts.
	Welcome   brio.Event[Greeting]   = "welcome"
	Renamed   brio.Event[Person]     = "renamed" // to all tabs of one person
	Rooms     brio.Event[[]RoomInfo] = "rooms"
	Present   brio.Event[Presence]   = "present"
	Said      brio.Event[Message]    = "said"
	Simulated brio.Event[bool]       = "simulated"

	// Both ways, volatile: one that comes late is worth nothing.
	Typing brio.Event[Typist] = "typing"
)

// Auth is what a page presents on connecting. Key is a secret that the browser
// made and keeps; tabs with the same key are one person.
type Auth struct {
	Key  string `json:"key"`
	Name string `json:"name"`
}

// Person is somebody as others see them. Without a name they only read along.
type Person struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Simulated bool   `json:"simulated,omitempty"`
}

// Greeting tells a page who it is and what there is. Epoch changes when the
// server starts anew: message numbers of another epoch mean nothing.
type Greeting struct {
	You       Person        `json:"you"`
	Refused   string        `json:"refused,omitempty"` // why the name it asked for is not its name
	Epoch     string        `json:"epoch"`
	Rooms     []RoomInfo    `json:"rooms"`
	Private   []PrivateInfo `json:"private"`
	Simulated *bool         `json:"simulated,omitempty"` // missing: there are no simulated people
}

// RoomInfo is a line in the list of rooms. Last is the number of its newest message.
type RoomInfo struct {
	Name   string `json:"name"`
	People int    `json:"people"`
	Last   uint64 `json:"last"`
}

// PrivateInfo is a line in the list of private conversations.
type PrivateInfo struct {
	Room string `json:"room"`
	With Person `json:"with"`
	Last uint64 `json:"last"`
}

// Presence says who is in a room: people, not tabs. People is cut off at
// [MaxListed]; Count is not. A higher Version replaces a lower one.
type Presence struct {
	Room    string   `json:"room"`
	Version uint64   `json:"version"`
	Count   int      `json:"count"`
	People  []Person `json:"people"`
}

// Opening names a room: "foyer", or "@a+b" for the two people a < b. Since is
// the newest message the page holds without a gap, in the epoch it names.
type Opening struct {
	Room  string `json:"room"`
	Epoch string `json:"epoch"`
	Since uint64 `json:"since"`
}

// Earlier asks for the messages before one.
type Earlier struct {
	Room   string `json:"room"`
	Before uint64 `json:"before"`
}

// Page is a run of messages without a gap, oldest first.
type Page struct {
	Room     string    `json:"room"`
	Messages []Message `json:"messages"`
	Older    bool      `json:"older"` // there are more before
	Newer    bool      `json:"newer"` // there are more after: ask again
	Reset    bool      `json:"reset"` // replaces what the page holds, which does not join up
	Present  *Presence `json:"present,omitempty"`
	With     *Person   `json:"with,omitempty"` // of a private room
}

// Draft is a message on its way in. Key is the page's own name for it: sent
// again with the same key, it is the same message.
type Draft struct {
	Room string `json:"room"`
	Text string `json:"text"`
	Key  string `json:"key"`
}

// Message is one message of a room's history. IDs count from 1 without a gap.
type Message struct {
	Room string  `json:"room"`
	ID   uint64  `json:"id"`
	From Person  `json:"from"`
	To   *Person `json:"to,omitempty"` // of a private message
	Text string  `json:"text"`
	At   int64   `json:"at"` // Unix milliseconds
	Key  string  `json:"key"`
}

// Typist is somebody writing in a room. The page leaves From to the server.
type Typist struct {
	Room string `json:"room"`
	From Person `json:"from,omitzero"`
}
