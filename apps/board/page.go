package board

import "github.com/briohq/brio/apps/shell"

// page is what surrounds the board and says how it works.
var page = shell.Content{
	About: shell.About{Name: "board", Sentence: "Draw together. What you draw on the train is there when the train leaves the tunnel, and undo is yours alone."},
	How: [3]string{
		"Who opens a board gets all of it with its version, and then every change with the next version, so nothing is missing and nothing is done twice.",
		"While you draw, your pen is sent along in small volatile pieces; the finished stroke follows as one acknowledged edit, which keeps its key when a broken line makes it go twice.",
		"The server remembers what each edit replaced. Undo puts that back, unless somebody else has changed it since.",
	},
	Events: []shell.Event{
		{Name: "open", What: "go to a board"}, {Name: "edit", What: "draw, move, erase, clear, undo, redo"}, {Name: "hint", What: "a cursor and what it draws, volatile"},
		{Name: "board", What: "all of the board", In: true}, {Name: "delta", What: "what an edit came to", In: true},
		{Name: "hint", What: "somebody’s cursor", In: true}, {Name: "gone", What: "who has left", In: true}, {Name: "simulated", What: "the switch was used", In: true},
	},
	Files:  []string{"events.go", "sheet.go", "board.go", "bots.go", "drawings.json"},
	Limits: map[string]int{"width": Width, "height": Height, "points": MaxPoints},
}
