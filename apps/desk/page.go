package desk

import "github.com/briohq/brio/apps/shell"

var page = shell.Content{
	About: shell.About{
		Name:     "desk",
		Sentence: "Customers ask, agents answer. A ticket that many reach for at once goes to one of them.",
	},
	How: [3]string{
		"All agents see one queue. A claim is a call: under one lock the first who asks gets the ticket, and the acknowledgement of all others names who has it.",
		"A ticket that changes goes to the agents’ room and to its customer’s, whole and with a version, so that it does not matter which change comes first, or twice.",
		"Tickets and messages are stored in SQLite. The server decides when a ticket is due; the bars run by its clock.",
	},
	Events: []shell.Event{
		{Name: "enter", What: "your room and its tickets"}, {Name: "read", What: "one, with what was said"},
		{Name: "open", What: "a ticket, as a customer"}, {Name: "say", What: "a message in a ticket"},
		{Name: "claim", What: "granted to one, refused to others"}, {Name: "release", What: "back into the queue"},
		{Name: "resolve", What: "or reopen"}, {Name: "ticket", What: "one that has changed", In: true},
	},
	Files:  []string{"events.go", "queue.go", "desk.go", "store.go", "bots.go", "script.txt", "web/desk.js"},
	Limits: map[string]int{"subject": MaxSubject, "text": MaxText, "calm": int(calm.Seconds()), "hurry": int(hurry.Seconds())},
}
