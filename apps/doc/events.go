package doc

import (
	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/site"
)

// The protocol, shared by the handlers, the simulated people and the tests.
const (
	Open   brio.Call[Opening, brio.None] = "open" // answered after Opened
	Edit   brio.Call[Change, brio.None]  = "edit" // answered after Edited; the same Seq again counts once
	Opened brio.Event[Snapshot]          = "opened"
	Edited brio.Event[Change]            = "edited" // to everybody, in the order of revisions
	People brio.Event[Presence]          = "people" // a state: only the newest counts
)

// Opening says which document a page wants, and what it holds of it. Client is a name
// that the page has made up; it edits under this name until all has arrived.
type Opening struct {
	Doc, Epoch, Client string
	Revision           int
}

// Snapshot leads a page to the newest revision: by the changes since the one it holds
// or, if these are not all known any more, by the whole text.
type Snapshot struct {
	Doc      string   `json:"doc"`
	Epoch    string   `json:"epoch"` // if it is another one, so is the text
	Revision int      `json:"revision"`
	Client   string   `json:"client"` // as others are told
	Seq      int      `json:"seq"`    // of this client's last change that counts
	Text     *string  `json:"text,omitempty"`
	Changes  []Change `json:"changes"`
}

// Change is an operation on a document or, without one, a selection alone. On its way
// in, Revision is the one that it was made on; on its way out, the one it has made.
type Change struct {
	Doc       string    `json:"doc"`
	Client    string    `json:"client"`
	Seq       int       `json:"seq"` // counts the changes of a client
	Revision  int       `json:"revision"`
	Operation Operation `json:"operation"`
	Selection [2]int    `json:"selection"` // its author's, afterwards: where it began, the caret
}

// Presence is who has a document open, and which others there are.
type Presence struct {
	Doc       string   `json:"doc"`
	People    []Person `json:"people"`
	Documents []string `json:"documents"`
}

// Person is somebody at a page.
type Person struct {
	site.Person
	Client    string `json:"client"`
	Selection [2]int `json:"selection"`
	Simulated bool   `json:"simulated,omitempty"`
}
