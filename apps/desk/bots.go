package desk

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/briohq/brio/apps/site"
)

var agents = []site.Person{{ID: "sim-mira", Name: "Mira", Role: "simulated"}, {ID: "sim-teo", Name: "Teo", Role: "simulated"}}

// live lets simulated people do one thing, if one is due. They go by what the tickets say.
func (a *Desk) live(now time.Time, r *rand.Rand) (Ticket, error) {
	open, held, key := map[string]bool{}, map[string]int{}, "sim-"+strconv.FormatInt(now.UnixNano(), 36)
	for _, t := range slices.DeleteFunc(a.queue.list(agents[0]), func(t Ticket) bool { return t.Resolved }) {
		open[t.Subject] = true
		held[t.Agent.Role]++
		_, text, _ := strings.Cut(script, t.Subject+"\n")
		text, _, _ = strings.Cut(text, "\n\n")
		lines, n, speaker := strings.Split(strings.TrimSpace(text), "\n"), t.Last.N|1, t.Agent
		if t.Last.From.ID == t.Agent.ID {
			n, speaker = t.Last.N+t.Last.N%2, t.Customer // whose lines are the even ones
		}
		lines = append(lines, "I have noted that. In a second window you can be an agent who knows more.")
		quiet := now.Sub(time.UnixMilli(max(t.Last.At, t.Since)))
		switch simulated := speaker.Role == "simulated"; {
		case t.Agent.ID == "" && quiet > 25*time.Second && held["simulated"] < 4: // nobody took it
			return a.queue.act(Claim, agents[r.IntN(len(agents))], t.ID, now)
		case t.Agent.ID == "" || quiet < time.Duration(8+t.ID%5)*time.Second:
		case simulated && (n < len(lines)-1 || speaker.ID == t.Agent.ID):
			return a.queue.say(speaker, Message{Ticket: t.ID, Text: lines[min(n, len(lines)-1)], Key: key}, now)
		case simulated || t.Customer.Role == "simulated" && quiet > 5*time.Minute:
			return a.queue.act(Resolve, t.Customer, t.ID, now)
		}
	}
	scenes := strings.Split(script, "\n\n")
	lines := strings.Split(scenes[r.IntN(len(scenes))], "\n")
	if open[lines[0]] || len(open) >= 9 || r.IntN(4) > 0 {
		return Ticket{}, nil
	}
	return a.queue.open(site.Person{ID: key, Name: site.Name(key), Role: "simulated"}, Ticket{Subject: lines[0], Urgent: r.IntN(3) == 0, Last: Message{Text: lines[1], Key: key}}, now)
}
