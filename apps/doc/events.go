package doc

import (
	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/doc/ot"
	"github.com/briohq/brio/apps/site"
)

// The protocol, shared by the handlers, the simulated people and the tests.
const (
	Open      brio.Call[State, brio.None]  = "open" // answered after Opened
	Edit      brio.Call[Change, brio.None] = "edit" // answered after Edited; the same Seq again counts once
	Opened    brio.Event[State]            = "opened"
	Edited    brio.Event[Change]           = "edited" // to everybody, in the order of revisions
	Documents brio.Event[[]string]         = "documents"
)

// State is what a page holds of a document, and in return what leads it to the newest
// revision: the changes since or, if these are not all known any more, the whole text.
type State struct {
	Doc       string            `json:"doc"`
	Epoch     string            `json:"epoch"` // if it is another one, so is the text
	Revision  int               `json:"revision"`
	Client    string            `json:"client"` // made up by the page; in return, as others are told
	Seq       int               `json:"seq"`    // of this client's last change that counts
	Text      *string           `json:"text,omitempty"`
	Changes   []ot.Change       `json:"changes"`
	People    map[string]Change `json:"people"` // the last one of each client that is there
	Documents []string          `json:"documents"`
}

// Change is a change of a document, or where somebody is in it.
type Change struct {
	ot.Change
	Doc    string      `json:"doc"`
	Who    site.Person `json:"who"`
	Gone   bool        `json:"gone,omitempty"`
	socket string
}
