package ops

import "github.com/briohq/brio/apps/shell"

// page is what surrounds the panel on its page and says how it works.
var page = shell.Content{
	About: shell.About{
		Name:     "ops",
		Sentence: "What this server does right now, application by application. Nothing is asked of them: it listens.",
	},
	How: [3]string{
		"The server tells its observer of each event that comes, and of each that goes with the number of its receivers. So an application is watched without knowing of it, and nothing is sent, copied or encoded for that.",
		"Each second one tick goes to all who look, sent as a latest value: a panel on a bad line skips seconds and is never behind. Who comes later gets the last minute first. With simulated people, the panel itself looks on everywhere, so that they have somebody to act for.",
		"Every two seconds up to twenty pages of each application are asked for an acknowledgement. The time it takes is the whole way: network, browser and back.",
	},
	Events: []shell.Event{
		{Name: "look", What: "into one application: rooms, and why sockets left"},
		{Name: "history", What: "the last minute", In: true},
		{Name: "tick", What: "one second, latest value only", In: true},
		{Name: "probe", What: "answered at once, by every page", In: true},
	},
	Files: []string{"events.go", "meter.go", "ops.go"},
}
