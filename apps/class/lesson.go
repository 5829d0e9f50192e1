package class

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/briohq/brio"
	"github.com/briohq/brio/apps/site"
)

// Limits of a question, in characters and seconds, and of how many answer and are listed.
const (
	MaxText, MaxChoice, MaxChoices = 160, 60, 6
	MinSeconds, MaxSeconds         = 5, 120
	MaxAnswers, MaxListed          = 2000, 40
)

// Kinds are the reactions there are.
var Kinds = []string{"bravo", "heart", "idea", "puzzled"}

// lesson is what goes on in the class, without sockets.
type lesson struct {
	question  *question // the last one; before the first, one that has rung
	hands     []site.Person
	floor     *site.Person
	reactions map[string]string // by person, since the pages were told
	changed   bool              // the question has, since then
}

// question is one that was asked.
type question struct {
	Question
	answers map[string]sheet // by person
}

// sheet is an answer as it is stored.
type sheet struct {
	site.Person
	Choice
	Points int64 `json:"points"`
}

// launch puts a question on the board, and answers its ID.
func (l *lesson) launch(who site.Person, d Question) (int64, error) {
	n, now := len(d.Choices), time.Now().UnixMilli()
	bad := func(s string, most int) bool { return strings.TrimSpace(s) == "" || utf8.RuneCountInString(s) > most }
	switch {
	case !l.question.Rung:
		return 0, brio.Errorf("A question is on the board. Wait for its bell, or ring it.")
	case bad(d.Text, MaxText) || n < 2 || n > MaxChoices || slices.ContainsFunc(d.Choices, func(c string) bool { return bad(c, MaxChoice) }):
		return 0, brio.Errorf("Write a question of up to %d characters, and 2 to %d choices of up to %d.", MaxText, MaxChoices, MaxChoice)
	case d.Right < 0 || d.Right >= n || d.Seconds < MinSeconds || d.Seconds > MaxSeconds:
		return 0, brio.Errorf("Mark the choice that is right, and give %d to %d seconds.", MinSeconds, MaxSeconds)
	}
	d.ID, d.By, d.Bell, d.Rung = now, who, now+int64(d.Seconds)*1000, false
	d.Answered, d.Who, d.Counts = 0, []string{}, make([]int, n)
	l.question, l.floor, l.changed = &question{d, map[string]sheet{}}, nil, true
	return d.ID, nil
}

// answer takes somebody's answer: their first, before the bell. Sent again because its
// acknowledgement was lost, it is still that one.
func (l *lesson) answer(who site.Person, c Choice) (Choice, error) {
	q, now := l.question, time.Now().UnixMilli()
	if q.ID != c.Question || c.Choice < 0 || c.Choice >= len(q.Choices) {
		return c, brio.Errorf("This is no choice of the question on the board.")
	}
	a, again := q.answers[who.ID]
	took, late := now-q.ID, now-q.Bell
	switch {
	case again && a.Choice.Choice != c.Choice:
		return c, brio.Errorf("Your first answer counts: %s.", q.Choices[a.Choice.Choice])
	case again:
		return a.Choice, nil
	case q.Rung || late >= 0:
		return c, brio.Errorf("The bell rang %.1f s before your answer came. It doesn’t count.", float64(late)/1000)
	case who.ID == q.By.ID:
		return c, brio.Errorf("You have asked this one. Answer somebody else’s.")
	case q.Answered >= MaxAnswers:
		return c, brio.Errorf("%d have answered, more don’t fit. Be faster next time.", MaxAnswers)
	}
	a = sheet{who, Choice{q.ID, c.Choice, took}, 0}
	if c.Choice == q.Right {
		a.Points = 1000 - took/int64(2*q.Seconds)
	}
	q.answers[who.ID], l.changed = a, true
	q.Answered++
	q.Counts[c.Choice]++
	q.Who = append(q.Who, who.ID)
	return a.Choice, nil
}

// ring lets the bell ring now.
func (l *lesson) ring(_ site.Person, id int64) (_ brio.None, _ error) {
	if q := l.question; q.ID == id && !q.Rung {
		q.Bell, l.changed = time.Now().UnixMilli(), true
	}
	return
}

// view is the question as it is shown to those who may know all of it, or not.
func (q *question) view(knows bool) Question {
	v := q.Question
	v.Who = v.Who[:min(len(v.Who), MaxListed)]
	if !knows && !q.Rung {
		v.Right, v.Counts = -1, nil
	}
	return v
}

func (l *lesson) hand(who site.Person, up bool) (none brio.None, err error) {
	l.hands = slices.DeleteFunc(l.hands, func(p site.Person) bool { return p.ID == who.ID && !up })
	if up && !slices.Contains(l.hands, who) {
		l.hands = append(l.hands, who)
	}
	return none, nil
}

// call gives somebody whose hand is up the floor.
func (l *lesson) call(_ site.Person, id string) (who site.Person, err error) {
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
	if !slices.Contains(Kinds, kind) || l.reactions[who.ID] != "" {
		return none, brio.Errorf("One reaction at a time, please.")
	}
	l.reactions[who.ID] = kind
	return none, nil
}
