package game

import "github.com/briohq/brio/apps/shell"

var page = shell.Content{
	About: shell.About{Name: "game", Sentence: "Glide over a score and gather its notes. Your ship obeys at once, and the server has the last word."},
	How: [3]string{
		"The page sends what you wish, a byte for each thirtieth of a second. The server alone moves the ships, so nobody is faster than the rules.",
		"Your own ship is shown where it will be once the server has heard you, and each snapshot sets it right; the others are shown a moment late, between two snapshots, so that they glide.",
		"A snapshot is what differs from the newest one that your page has acknowledged. Any of them may be lost; a slow page skips some, and is never behind.",
	},
	Events: []shell.Event{
		{Name: "play", What: "ask for a ship"},
		{Name: "steer", What: "inputs and what was seen, binary, volatile"},
		{Name: "snapshot", What: "what differs, binary, the latest", In: true},
		{Name: "crew", What: "which people have a ship, the latest", In: true},
		{Name: "best", What: "who has had the most notes, the latest", In: true},
	},
	Files: []string{"events.go", "world.go", "game.go", "web/wire.js", "web/sight.js", "web/pilot.js"},
}
