package doc

import "github.com/briohq/brio/apps/shell"

// page is what surrounds the document on its page and says how it works.
var page = shell.Content{
	About: shell.About{Name: "doc", Sentence: "Several people write one text at once. What you write offline is merged when you are back."},
	How: [3]string{
		"Each page has one change under way and gathers the next one meanwhile; the server puts all changes in one order and transforms each over those that its author did not know of yet.",
		"Every page does the same with what it hears, so that all end with the same text, each with its own cursor where it was among the words.",
		"A change carries its author’s number until it has come back: sent again after a break, it counts once. What waits offline is kept in the browser, and outlives a reload.",
	},
	Events: []shell.Event{
		{Name: "open", What: "a document, and the revision held of it"},
		{Name: "edit", What: "a change of the text, or a selection alone"},
		{Name: "simulate", What: "let the simulated people write"},
		{Name: "opened", What: "the changes since, or the text", In: true},
		{Name: "edited", What: "a change, yours too; who is where", In: true},
		{Name: "documents", What: "which there are", In: true},
		{Name: "simulated", What: "the switch was used", In: true},
	},
	Files: []string{"events.go", "ot/ot.go", "ot/text.go", "doc.go", "bots.go", "web/copy.js", "web/ot.js"},
}
