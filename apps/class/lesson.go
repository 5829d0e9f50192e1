package class

import (
	"slices"
	"strings"
	"time"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/site"
)

// Limits of a question, in characters and seconds, and of how many answer and are listed.
const (
	maxText, maxChoice, maxChoices = 160, 60, 6
	minSeconds, maxSeconds         = 5, 120
	maxAnswers, maxListed          = 2000, 40
)

// lesson is what goes on in the class, without sockets.
type lesson struct {
	question  Question          // the last one; before the first, one that has rung
	answers   map[string]Choice // to it, by person
	changed   bool              // it or they have, since the pages were told
	hands     []site.Person
	floor     *site.Person
	reactions map[string]string // by person, since the pages were told
}

// launch puts a question on the board.
func (l *lesson) launch(who site.Person, q Question) (int64, error) {
	n, now := len(q.Choices), time.Now().UnixMilli()
	bad := func(s string, most int) bool { return strings.TrimSpace(s) == "" || len([]rune(s)) > most }
	switch {
	case !l.question.Rung:
		return 0, brio.Errorf("A question is on the board. Wait for its bell.")
	case bad(q.Text, maxText) || n < 2 || n > maxChoices || slices.ContainsFunc(q.Choices, func(c string) bool { return bad(c, maxChoice) }):
		return 0, brio.Errorf("Write a question of up to %d characters, and 2 to %d choices of up to %d.", maxText, maxChoices, maxChoice)
	case q.Right < 0 || q.Right >= n || q.Seconds < minSeconds || q.Seconds > maxSeconds:
		return 0, brio.Errorf("Mark the choice that is right, and give %d to %d seconds.", minSeconds, maxSeconds)
	}
	l.question = Question{q.Text, q.Choices, q.Right, q.Seconds, now, who, now + int64(q.Seconds)*1000, false, 0, []string{}, make([]int, n)}
	l.answers, l.changed, l.floor = map[string]Choice{}, true, nil
	return now, nil
}

// answer takes somebody's first answer, before the bell. Sent again, it is still that one.
func (l *lesson) answer(who site.Person, c Choice) (Choice, error) {
	q, now := &l.question, time.Now().UnixMilli()
	first, again := l.answers[who.ID]
	switch late := now - q.Bell; {
	case q.ID != c.Question || c.Choice < 0 || c.Choice >= len(q.Choices):
		return c, brio.Errorf("This is no choice of the question on the board.")
	case again && first.Choice != c.Choice:
		return c, brio.Errorf("Your first answer counts: %s.", q.Choices[first.Choice])
	case again:
		return first, nil
	case q.Rung || late >= 0:
		return c, brio.Errorf("The bell rang %.1f s before your answer came. It doesn’t count.", float64(max(late, 0))/1000)
	case who.ID == q.By.ID:
		return c, brio.Errorf("You have asked this one. Answer somebody else’s.")
	case q.Answered >= maxAnswers:
		return c, brio.Errorf("%d have answered, more don’t fit. Be faster next time.", maxAnswers)
	}
	c.Person, c.Took = who, now-q.ID
	l.answers[who.ID], l.changed = c, true
	q.Counts[c.Choice]++
	q.Answered++
	q.Who = append(q.Who, who.ID)[:min(q.Answered, maxListed)]
	return c, nil
}

func (l *lesson) hand(who site.Person, up bool) (none brio.None, _ error) {
	l.hands = slices.DeleteFunc(l.hands, func(p site.Person) bool { return p.ID == who.ID && !up })
	if up && !slices.Contains(l.hands, who) {
		if len(l.hands) == maxListed {
			return none, brio.Errorf("%d hands are up. Wait until one is down.", maxListed)
		}
		l.hands = append(l.hands, who)
	}
	return none, nil
}

// call gives somebody whose hand is up the floor.
func (l *lesson) call(_ site.Person, id string) (who site.Person, _ error) {
	i := slices.IndexFunc(l.hands, func(p site.Person) bool { return p.ID == id })
	if i < 0 {
		return who, brio.Errorf("That hand is down again. Call on somebody else.")
	}
	who = l.hands[i]
	l.hands, l.floor = slices.Delete(l.hands, i, i+1), &who
	return who, nil
}

// react takes one reaction of each person until the pages are told.
func (l *lesson) react(who site.Person, kind string) (none brio.None, _ error) {
	if !slices.Contains(kinds, kind) || l.reactions[who.ID] != "" {
		return none, brio.Errorf("One reaction at a time, please.")
	}
	l.reactions[who.ID] = kind
	return none, nil
}
