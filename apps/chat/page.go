package chat

import "github.com/briohq/brio/apps/shell"

// page is what surrounds the chat on its page and says how it works.
var page = shell.Content{
	About: shell.About{
		Name:     "chat",
		Sentence: "Rooms, presence, typing and private words. What you miss on a bad line is there when you are back.",
	},
	How: [3]string{
		"Each tab is a socket that has joined the room it shows and a room of its person, so a message to a room reaches everybody in it at once, and a private one every tab of two people.",
		"Messages of a room are numbered without a gap: after a break the page says which number it holds and gets what came since, once.",
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
	Limits: map[string]int{"room": MaxRoom, "text": MaxText},
}
