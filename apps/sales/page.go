package sales

import "github.com/briohq/brio/apps/shell"

var page = shell.Content{
	About: shell.About{
		Name:     "sales",
		Sentence: "Orders come in, figures and charts follow. Who joins late sees what everybody sees.",
	},
	How: [3]string{
		"A region is a room: the page joins it first and gets a snapshot as the answer, so that nothing falls between the two.",
		"Then come deltas, four a second at most. Both carry versions: what the snapshot holds already is left out, and a page that misses something notices and takes a snapshot again.",
		"Orders are stored in SQLite before they are confirmed. Figures are kept in memory, counted anew from the orders when the server starts.",
	},
	Events: []shell.Event{
		{Name: "watch", What: "enter a region, get its snapshot"},
		{Name: "order", What: "confirmed once it is stored"},
		{Name: "simulate", What: "let the simulated people order"},
		{Name: "delta", What: "the orders since a version", In: true},
		{Name: "simulated", What: "the switch was used", In: true},
	},
	Files:  []string{"events.go", "view.go", "book.go", "sales.go", "store.go", "page.go", "web/view.js", "web/sales.js"},
	Limits: map[string]int{"quantity": MaxQuantity},
}
